"""The stamp and the prepared file: words, letters, place, and equal bytes for equal arguments."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from fontTools.ttLib import TTFont

from app.signing.appearance import (
    MAX_LINES,
    WIDTH_PT,
    Stamp,
    conversion_mark,
    font_path,
    organ_stamp,
    vietnamese_letters,
    width_pt,
)
from app.signing.errors import SigningError
from app.signing.placement import Box, place
from app.signing.prepare import HOLE_HEX, PreparedSignature, prepare
from tests.signing.signing_papers import paper, plain, prepared, signed
from tests.signing.signing_pki import NOW, pki

CLERK = "Lò Thị Mỹ Phượng"
MARK = conversion_mark(CLERK, NOW)


def render(pdf: bytes, scale: float = 2) -> np.ndarray:
    document = pypdfium2.PdfDocument(pdf)
    try:
        document.init_forms()
        page = document[0]
        pixels = page.render(scale=scale, may_draw_forms=True).to_numpy()[:, :, :3].copy()
        page.close()
        return pixels
    finally:
        document.close()


def pixels_of(box: Box, height_pt: float, scale: float = 2) -> tuple[slice, slice]:
    x0, y0, x1, y1 = box
    rows = slice(int((height_pt - y1) * scale), int((height_pt - y0) * scale))
    return rows, slice(int(x0 * scale), int(x1 * scale))


def test_the_marks_say_what_the_decrees_ask_for():
    assert MARK.lines == (
        "Bản điện tử chuyển đổi từ văn bản giấy",
        "Người chuyển đổi: Lò Thị Mỹ Phượng",
        "Thời gian chuyển đổi: 2026-11-24T09:14:05+07:00",
    )
    stamp = organ_stamp("Sao y", "Ủy ban nhân dân xã Suối Vặc", NOW)
    assert (stamp.kind, stamp.lines) == (
        "organ_copy",
        ("Sao y", "Ủy ban nhân dân xã Suối Vặc", "Thời gian ký: 2026-11-24T09:14:05+07:00"),
    )
    assert (MARK.kind, MARK.height_pt) == ("conversion", 40)


def test_the_time_is_vietnams_whatever_zone_it_comes_in():
    for moment in (NOW.astimezone(UTC), NOW.replace(microsecond=999_999)):
        assert conversion_mark(CLERK, moment) == MARK
    with pytest.raises(ValueError, match="zone"):
        conversion_mark(CLERK, NOW.replace(tzinfo=None))


def test_decomposed_names_are_composed_and_line_breaks_are_none():
    decomposed = "Lo\u0300 Thi\u0323\nMy\u0303\tPhươ\u0323ng"
    assert conversion_mark(decomposed, NOW) == MARK


def test_a_long_organ_name_is_wrapped_between_words_and_a_giant_word_inside():
    name = "Ủy ban nhân dân phường Hòa Khánh Bắc, quận Liên Chiểu, thành phố Đà Nẵng"
    stamp = organ_stamp("Trích sao", name, NOW)
    assert " ".join(stamp.lines[1:-1]) == name
    assert len(stamp.lines) == 4
    giant = organ_stamp("Sao y", "M" * 60, NOW)
    assert "".join(giant.lines[1:-1]) == "M" * 60
    for line in (*stamp.lines, *giant.lines):
        assert width_pt(line) <= WIDTH_PT


def test_what_cannot_be_shown_is_refused_with_its_reason():
    for name, slug in (
        ("", "sign.name_missing"),
        (" \n ", "sign.name_missing"),
        ("Nguyễn 王", "sign.glyph_missing"),
        ("Nguyễn \U0001f58b", "sign.glyph_missing"),
        ("Nguyễn \x07", "sign.glyph_missing"),
        ("rất dài " * 60, "sign.stamp_too_long"),
    ):
        with pytest.raises(SigningError) as trouble:
            conversion_mark(name, NOW)
        assert trouble.value.slug == slug
    assert MAX_LINES == 5


def test_all_134_vietnamese_letters_are_in_the_font_and_get_embedded(tmp_path: Path):
    letters = vietnamese_letters()
    assert len(letters) == 134
    text = "".join(sorted(letters))
    lines = tuple(text[start : start + 27] for start in range(0, len(text), 27))
    pdf = prepared(paper(()), stamp=Stamp("conversion", lines)).pdf
    with pikepdf.open(BytesIO(pdf)) as opened:
        form = opened.pages[0].Annots[0].AP.N
        (font,) = form.Resources.Font.values()
        assert "Tinos" in str(font.BaseFont)
        descriptor = font.DescendantFonts[0].FontDescriptor
        program = bytes(descriptor.FontFile2.read_bytes())
    subset = TTFont(BytesIO(program))
    glyphs = subset["glyf"]
    drawn = [name for name in subset.getGlyphOrder() if glyphs[name].numberOfContours != 0]
    assert len(drawn) >= 134
    if shutil.which("pdftotext"):
        file = tmp_path / "letters.pdf"
        file.write_bytes(pdf)
        told = subprocess.run(
            ["pdftotext", file, "-"], capture_output=True, check=True, timeout=30, text=True
        ).stdout
        assert letters <= set(told)
    # Every letter really leaves ink of its own: no .notdef boxes that all look alike.
    with TTFont(font_path()) as whole:
        names = {whole.getBestCmap()[ord(letter)] for letter in letters}
        assert len(names) == 134
        assert ".notdef" not in names
        # The subset is dated like its font: no clock has touched it.
        assert subset["head"].modified == whole["head"].modified


def test_on_bare_paper_the_stamp_stands_top_right():
    box = place(paper(()), MARK)
    assert (box[2], box[3]) == (595 - 8, 841 - 8)
    assert (box[2] - box[0], box[3] - box[1]) == (MARK.width_pt, MARK.height_pt)


def test_ink_top_right_makes_it_slide_left_along_the_top():
    box = place(paper(((500, 790, 590, 835),)), MARK)
    assert box[3] == 833
    assert box[2] <= 498


def test_a_full_top_makes_it_go_down_the_right_edge():
    box = place(paper(((10, 700, 590, 835),)), MARK)
    assert box[2] == 587
    assert 690 <= box[3] <= 698


def test_a_full_edge_means_no_room_unless_a_human_agreed_to_the_inside():
    frame = ((10, 795, 585, 800), (560, 10, 565, 800), (10, 10, 14, 835))
    with pytest.raises(SigningError, match=r"sign\.no_room"):
        place(paper(frame), MARK)
    box = place(paper(frame), MARK, anywhere=True)
    assert box[2] <= 560 - 2
    ready = prepare(
        paper(frame), cert=pki().clerk.der, chain=pki().chain, stamp=MARK, now=NOW, box=box
    )
    assert ready.hole[1] - ready.hole[0] == HOLE_HEX + 2
    over_ink = (box[0] + 20, box[1], box[2] + 20, box[3])
    too_small = (box[0], box[1], box[2] - 10, box[3])
    outside = (700, 100, 1000, 200)
    for bad in (over_ink, too_small, outside):
        with pytest.raises(SigningError, match=r"sign\.no_room"):
            prepare(paper(frame), cert=pki().clerk.der, chain=(), stamp=MARK, now=NOW, box=bad)


def test_red_blue_and_faint_ink_count_and_dark_paper_is_no_paper():
    from PIL import Image, ImageDraw

    from app.packaging.compose import compose
    from app.packaging.model import IDENTITY, Metadata, PageInput

    for colour, moves in (((220, 40, 40), True), ((60, 60, 220), True), ((238, 238, 238), False)):
        picture = Image.new("RGB", (827, 1169), (246, 244, 240))
        ImageDraw.Draw(picture).ellipse((700, 20, 780, 60), outline=colour, width=3)
        out = BytesIO()
        picture.save(out, "JPEG", quality=90)
        page = PageInput(out.getvalue(), 100, 100, IDENTITY, 827, 1169)
        box = place(compose([page], Metadata(title="t")), MARK)
        assert (box[2] != 587) is moves
    with pytest.raises(SigningError, match=r"sign\.no_room"):
        place(paper((), tint=60), MARK, anywhere=True)


SEED = 20_261_124


def test_a_stamp_never_stands_over_ink_on_forty_random_pages():
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    placed = 0
    for _ in range(40):
        ink = [
            (x, y, x + rng.uniform(2, 200), y + rng.uniform(2, 30))
            for x, y in zip(rng.uniform(0, 560, 14), rng.uniform(0, 830, 14), strict=True)
        ]
        pdf = paper(ink)
        try:
            box = place(pdf, MARK, anywhere=True)
        except SigningError:
            continue
        placed += 1
        rows, columns = pixels_of(box, 841.68)
        assert render(pdf)[rows, columns].min() > 190
    assert placed > 30


def test_the_second_stamp_keeps_off_the_first():
    one = signed(paper(), stamp=MARK)
    first = place(paper(), MARK)
    second = place(one, organ_stamp("Sao y", "Ủy ban nhân dân xã Suối Vặc", NOW))
    apart = second[2] <= first[0] or second[3] <= first[1]
    assert apart


@pytest.mark.parametrize("size_px", [(1654, 1169), (583, 827), (400, 300)])
def test_other_paper_sizes_get_their_stamp_inside_the_page(size_px: tuple[int, int]):
    box = place(paper((), size_px=size_px), MARK)
    width, height = (side * 72 / 100 for side in size_px)
    assert 0 < box[0] < box[2] <= width - 8
    assert 0 < box[1] < box[3] <= height - 8


def test_a_cropped_page_gets_its_stamp_where_a_reader_sees_it():
    with pikepdf.open(BytesIO(plain())) as pdf:
        pdf.pages[0].CropBox = pikepdf.Array([50, 60, 500, 700])
        out = BytesIO()
        pdf.save(out)
    box = place(out.getvalue(), MARK)
    assert (box[2], box[3]) == (500 - 8, 700 - 8)


def test_turned_tiny_and_giant_pages_are_refused_by_name():
    for change, slug in (
        ({"Rotate": 90}, "sign.page_rotated"),
        ({"MediaBox": pikepdf.Array([0, 0, 90, 90])}, "sign.no_room"),
        ({"MediaBox": pikepdf.Array([0, 0, 14400, 14400])}, "sign.unreadable_pdf"),
    ):
        with pikepdf.open(BytesIO(plain())) as pdf:
            for key, value in change.items():
                pdf.pages[0][pikepdf.Name("/" + key)] = value
            out = BytesIO()
            pdf.save(out)
        with pytest.raises(SigningError) as trouble:
            place(out.getvalue(), MARK)
        assert trouble.value.slug == slug


def test_the_stamp_is_drawn_inside_its_box_and_nowhere_else():
    pdf = paper()
    box = place(pdf, MARK)
    before, after = render(pdf).astype(int), render(signed(pdf, stamp=MARK)).astype(int)
    changed = np.argwhere(np.abs(before - after).max(axis=2) > 8)
    rows, columns = pixels_of(box, 841.68)
    assert len(changed) > 1000
    assert changed[:, 0].min() >= rows.start
    assert changed[:, 0].max() < rows.stop
    assert changed[:, 1].min() >= columns.start - 1  # a letter's soft edge
    assert changed[:, 1].max() < columns.stop
    lowest = changed[:, 0].max()
    assert lowest < rows.stop - 1, "the tail of the last line must not be cut at the box"


def test_percent_signs_and_brackets_in_a_name_are_just_letters():
    stamp = organ_stamp("Sao y", "Công ty 100% %(ts)s (Đà Nẵng) \\ <x>", NOW)
    assert signed(paper(), stamp=stamp)


def test_equal_arguments_give_equal_bytes_and_other_ones_other_bytes():
    pdf = paper()
    one = prepared(pdf, stamp=MARK)
    assert prepared(pdf, stamp=MARK) == one
    assert prepared(pdf, stamp=MARK, now=NOW.astimezone(UTC)) == one
    others = (
        prepared(pdf, stamp=MARK, now=NOW + timedelta(seconds=1)),
        prepared(pdf, stamp=MARK, field="Clerk-2"),
        prepared(paper(pages=2), stamp=MARK),
        prepared(pdf),
    )
    assert len({one.pdf, *(other.pdf for other in others)}) == 5
    assert len({one.digest, *(other.digest for other in others)}) == 5


def test_the_unsigned_paper_stays_the_beginning_of_the_signed_one():
    pdf = paper()
    one = prepared(pdf, stamp=MARK)
    assert one.pdf.startswith(pdf)
    start, end = one.hole
    assert one.pdf[start:end] == b"<" + b"0" * HOLE_HEX + b">"
    assert b"(D\\07220261124091405\\05307\\04700\\047)" in one.pdf[len(pdf) :]
    with pikepdf.open(BytesIO(pdf)) as before, pikepdf.open(BytesIO(one.pdf)) as after:
        assert before.Root.Metadata.read_bytes() == after.Root.Metadata.read_bytes()
        assert before.trailer.ID[0] == after.trailer.ID[0]
        assert before.trailer.ID[1] != after.trailer.ID[1]


def test_a_record_brings_everything_back_and_notices_another_pdf():
    one = prepared(paper(), stamp=MARK)
    assert PreparedSignature.load(one.record(), one.pdf) == one
    assert one.record() == prepared(paper(), stamp=MARK).record()
    assert b"%PDF" not in one.record()
    other = prepared(paper(pages=2), stamp=MARK)
    told = json.loads(one.record())
    bad = [b"", b"{}", b"[]", b"null", json.dumps({**told, "hole": [5, 9]}).encode()]
    for record, pdf in [(one.record(), other.pdf), *((each, one.pdf) for each in bad)]:
        with pytest.raises(SigningError, match=r"sign\.record_damaged"):
            PreparedSignature.load(record, pdf)
    changed = one.pdf[:100] + b"X" + one.pdf[101:]
    with pytest.raises(SigningError, match=r"sign\.record_damaged"):
        replace(one, pdf=changed).check()


def test_a_taken_field_and_broken_inputs_are_troubles_not_crashes():
    with pytest.raises(SigningError):
        prepared(signed(paper()))
    for pdf in (b"", b"%PDF-1.7", paper()[:5000]):
        for stamp in (None, MARK):
            with pytest.raises(SigningError, match=r"sign\.unreadable_pdf"):
                prepared(pdf, stamp=stamp)
    with pytest.raises(SigningError, match=r"sign\.cert_unreadable"):
        prepare(paper(), cert=b"x", chain=(), stamp=None, now=NOW)
    with pytest.raises(ValueError, match="zone"):
        prepare(paper(), cert=pki().clerk.der, chain=(), stamp=None, now=datetime(2026, 1, 1))  # noqa: DTZ001 - the point
