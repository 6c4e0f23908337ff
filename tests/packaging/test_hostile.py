"""Whatever stands in metadata, words and geometry: a file that passes its gate, or a named refusal."""

from __future__ import annotations

import io
from datetime import datetime, timedelta, timezone

import pikepdf
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.packaging.compose import compose
from app.packaging.errors import PackagingError
from app.packaging.metadata import info_entries
from app.packaging.model import Attachment, Bookmark, Metadata, PageInput, WordBox
from app.packaging.prove import expected, prove
from app.packaging.validate import gate
from tests.packaging.drawn import jpeg

SMALL = jpeg(Image.new("L", (90, 120), 200))
SQUARE = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
# Every code point, lone surrogates too; and those that break formats more often than chance has it.
LETTERS = st.characters(categories=None) | st.sampled_from(
    "\0\x1b\ufeff\ufffe\ud800<>&]\u202e\n(\\"
)
TEXTS = st.text(LETTERS, max_size=40)
ODD = st.sampled_from([0.0, -0.0, 1e-12, -1e9, 1e300, float("inf"), float("nan")])
NUMBERS = st.floats(-5000, 5000) | ODD
ZONES = st.integers(-86_399, 86_399).map(lambda s: timezone(timedelta(seconds=s)))
FIRST, LAST = datetime.fromisoformat("1583-01-01"), datetime.fromisoformat("9998-12-31")
MOMENTS = st.none() | st.datetimes(FIRST, LAST, timezones=ZONES)
QUIET = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _page(words: tuple[WordBox, ...] = (), **changes: object) -> PageInput:
    fields = {"matrix": SQUARE, "width_px": 90, "height_px": 120, "dpi_x": 72.0, "dpi_y": 72.0}
    return PageInput(image=SMALL, words=words, **(fields | changes))


def _made_or_refused(page: PageInput, slug: str, *args: Metadata, **extras: object) -> bytes | None:
    """The file; None when it was refused for the reason that is allowed."""
    try:
        return compose([page], *args, **extras)
    except PackagingError as error:
        if error.slug != slug or error.params.get("page", 1) != 1:
            raise
        return None


@QUIET
@given(
    st.builds(
        Metadata,
        title=TEXTS,
        language=st.just("vi-VN"),
        author=st.none() | TEXTS,
        organ=st.none() | TEXTS,
        doc_code=st.none() | TEXTS,
        subject=st.none() | TEXTS,
        created=MOMENTS,
    ),
    TEXTS,
    TEXTS,
)
@example(Metadata("ậ" * 10_000, organ="𡨸" * 20_000, subject="e\u0301" * 40_000), "ữ" * 20_000, "")
@example(Metadata("]]>", organ="]]>&lt;", doc_code="</station:DocCode>"), "\ud800", "\0")
def test_hostile_metadata_ends_in_a_file_that_passes_or_a_named_refusal(meta, title, name):
    attached = Attachment(name, b"x", "text/plain", description=title, modified=meta.created)
    extras = {"flavour": "3b", "bookmarks": [Bookmark(title, 1)], "attachments": [attached]}
    pdf = _made_or_refused(_page(), "pack.bad_attachment", meta, **extras)
    if pdf is None:
        return
    gate(pdf, "3b")
    with pikepdf.open(io.BytesIO(pdf)) as document:
        found = {key: str(value) for key, value in document.docinfo.items()}
        assert found == info_entries(meta)
        with document.open_metadata() as xmp:
            assert xmp.get("dc:title", "") == found.get("/Title", "")


@QUIET
@given(st.lists(st.tuples(TEXTS, *[NUMBERS] * 5, st.integers(0, 3)), max_size=8))
def test_hostile_words_end_in_a_proved_page_or_a_named_refusal(rows):
    words = tuple(WordBox(text, *numbers, line) for text, *numbers, line in rows)
    page = _page(words)
    pdf = _made_or_refused(page, "pack.bad_geometry", Metadata("x"))
    if pdf is None:
        return
    gate(pdf)


@QUIET
@given(
    st.tuples(*[NUMBERS] * 6),
    st.tuples(*[st.floats(-10, 12_000) | ODD] * 2),
    st.tuples(*[st.integers(-5, 100_000)] * 2),
)
def test_hostile_geometry_ends_in_a_page_of_lawful_size_or_a_named_refusal(numbers, dpi, size):
    page = _page(
        matrix=(*numbers, 0.0, 0.0, 1.0),
        dpi_x=dpi[0],
        dpi_y=dpi[1],
        width_px=size[0],
        height_px=size[1],
    )
    pdf = _made_or_refused(page, "pack.bad_geometry", Metadata("x"))
    if pdf is None:
        return
    gate(pdf)
    assert prove(pdf, [expected(page, None)]) == (None,)


@pytest.mark.parametrize("year", [1, 999, 1582, 9999])
def test_a_year_that_readers_count_differently_is_refused(year):
    moment = datetime(year, 6, 1, tzinfo=timezone(timedelta(hours=7)))
    with pytest.raises(ValueError, match="year"):
        Metadata("x", created=moment)
    with pytest.raises(ValueError, match="year"):
        Attachment("a", b"", "text/plain", modified=moment)


def test_the_most_hostile_metadata_passes_verapdf_too(verapdf):
    every = "".join(map(chr, (*range(0x250), *range(0x2000, 0x2070), *range(0xFFF0, 0x10010))))
    long = "ậ\U00028a0a" * 20_000
    metas = {
        "every letter": Metadata(every, author=every, organ=every, doc_code=every, subject=every),
        "long": Metadata(long, author=long, organ=long, doc_code=long, subject=long),
        "mark-up": Metadata("]]>", organ="<?xpacket end='w'?>", doc_code="</rdf:RDF>&#0;"),
        "odd zone": Metadata("x", created=datetime(1583, 1, 2, tzinfo=timezone(timedelta(0, 7)))),
    }
    pdfs = {name: compose([_page()], meta) for name, meta in metas.items()}
    pdfs |= {
        f"{name} 3b": compose(
            [_page()],
            meta,
            flavour="3b",
            bookmarks=[Bookmark(meta.title, 1)],
            attachments=[Attachment("a" + meta.title[:60], b"", "a/b", description=meta.title)],
        )
        for name, meta in metas.items()
    }
    for name, pdf in pdfs.items():
        gate(pdf, "3b" if name.endswith("3b") else "2u")
    assert verapdf(pdfs) == dict.fromkeys(pdfs, ())
