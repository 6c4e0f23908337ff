"""Each flavour is what it claims, and what lies beside the pages is where readers look for it."""

from __future__ import annotations

import hashlib
import io
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pikepdf
import pypdfium2
import pytest
from pikepdf import Name

from app.packaging.compose import compose
from app.packaging.errors import PackagingError
from app.packaging.metadata import SCHEMA_URI, pdf_date
from app.packaging.model import Attachment, Bookmark, Metadata
from app.packaging.validate import gate, validate
from tests.packaging.drawn import crooked, straight
from tests.packaging.test_compose import FULL, HANOI
from tests.referees import judge

if TYPE_CHECKING:
    from collections.abc import Callable

MOMENT = datetime(2026, 11, 22, 9, 14, 5, tzinfo=HANOI)
FILES = (
    Attachment("manifest.json", b'{"papers": 1}', "application/json", "Data", "Kê khai", MOMENT),
    Attachment("a.xml", b"<a/>", "text/xml", "Source"),
)
PAPERS = (Bookmark("Đơn đề nghị", 1), Bookmark("Giấy khai sinh (bản sao)", 2))


@pytest.fixture(scope="module")
def files(drawn) -> dict[str, bytes]:
    pages = [straight(drawn), crooked(drawn, 2.1, 90)]
    code_only = replace(FULL, organ=None)
    return {
        "all 2u": compose(pages, FULL, bookmarks=PAPERS),
        "code 2u": compose(pages, code_only),
        "all 2b": compose(pages, FULL, flavour="2b", bookmarks=PAPERS),
        "all 3b": compose(pages, FULL, flavour="3b", bookmarks=PAPERS, attachments=FILES),
        "bare 3b": compose(pages[:1], Metadata("x"), flavour="3b", attachments=FILES[1:]),
    }


def test_every_flavour_passes_its_gate_and_verapdf(files, verapdf):
    for name, pdf in files.items():
        gate(pdf, name[-2:])
    assert verapdf(files) == dict.fromkeys(files, ())


def test_a_file_passes_no_gate_but_its_own(files):
    for name, pdf in files.items():
        own = name[-2:]
        assert [f for f in ("2u", "2b", "3b") if validate(pdf, f).passed] == [own]


def test_code_and_organ_stand_in_the_packet_and_in_the_dictionary_alike(files):
    with pikepdf.open(io.BytesIO(files["all 2u"])) as document:
        info = {name: str(document.docinfo[f"/{name}"]) for name in ("DocCode", "OrganName")}
        dates = {str(document.docinfo[key]) for key in ("/CreationDate", "/ModDate")}
        with document.open_metadata() as xmp:  # which writes dates of its own when it ends
            own = {name: xmp[f"{{{SCHEMA_URI}}}{name}"] for name in info}
            created = (xmp["xmp:CreateDate"], xmp["xmp:ModifyDate"])
    assert own == info == {"DocCode": FULL.doc_code, "OrganName": FULL.organ}
    assert created == ("2026-11-22T09:14:05+07:00",) * 2
    assert dates == {"D:20261122091405+07'00'"}


@pytest.mark.parametrize(
    ("zone", "xmp", "info"),
    [
        (UTC, "2026-01-02T03:04:05+00:00", "D:20260102030405+00'00'"),
        (timezone(-timedelta(hours=9, minutes=30)), "…-09:30", "D:20260102030405-09'30'"),
        (
            timezone(timedelta(hours=7, minutes=6, seconds=30)),
            "2026-01-01T19:57:35+00:00",
            "D:20260101195735+00'00'",
        ),
    ],
)
def test_dates_agree_to_the_second_and_zone(drawn, zone, xmp, info):
    moment = datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=zone)
    assert pdf_date(moment) == info
    pdf = compose([straight(drawn)], Metadata("x", created=moment))
    with pikepdf.open(io.BytesIO(pdf)) as document, document.open_metadata() as packet:
        assert packet["xmp:CreateDate"] == xmp.replace("…", "2026-01-02T03:04:05")
        assert str(document.docinfo.CreationDate) == info


def test_bookmarks_lead_to_their_papers_and_open_with_the_file(files):
    document = pypdfium2.PdfDocument(files["all 2u"])
    try:
        found = [(item.get_title(), item.get_dest().get_index() + 1) for item in document.get_toc()]
    finally:
        document.close()
    assert found == [(each.title, each.page) for each in PAPERS]
    with pikepdf.open(io.BytesIO(files["all 2u"])) as opened:
        assert opened.Root.PageMode == Name.UseOutlines
    with pikepdf.open(io.BytesIO(files["code 2u"])) as opened:
        assert "/PageMode" not in opened.Root
        assert "/Outlines" not in opened.Root


def test_a_bookmark_to_no_page_is_refused_and_one_without_title_gets_its_number(drawn):
    page = straight(drawn)
    for bad in (0, 2, -1):
        with pytest.raises(PackagingError) as caught:
            compose([page], FULL, bookmarks=[Bookmark("x", bad)])
        assert (caught.value.slug, caught.value.params) == ("pack.no_such_page", {"page": bad})
    pdf = compose([page], FULL, bookmarks=[Bookmark("\0 ", 1)])
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert str(document.Root.Outlines.First.Title) == "1"


def test_attachments_come_out_again_byte_for_byte_with_their_checksum(files, tmp_path):
    (tmp_path / "in.pdf").write_bytes(files["all 3b"])
    subprocess.run(
        ["pdfdetach", "-saveall", "-o", tmp_path, tmp_path / "in.pdf"], check=True, timeout=60
    )
    for each in FILES:
        assert (tmp_path / each.name).read_bytes() == each.data
    with pikepdf.open(io.BytesIO(files["all 3b"])) as document:
        listed = {str(spec.UF): spec for spec in document.Root.AF}
        named = document.Root.Names.EmbeddedFiles.Names
        assert [str(named[i]) for i in range(0, len(named), 2)] == ["a.xml", "manifest.json"]
        for each in FILES:
            spec = listed[each.name]
            assert str(spec.AFRelationship) == f"/{each.relationship}"
            stream = spec.EF.F
            assert str(stream.Subtype) == f"/{each.mime}"
            digest = hashlib.md5(each.data, usedforsecurity=False).digest()
            assert bytes(stream.Params.CheckSum) == digest
        assert str(listed["manifest.json"].EF.F.Params.ModDate) == pdf_date(MOMENT)


def test_attachments_and_3b_go_together_only(drawn):
    page = [straight(drawn)]
    for given in ({"attachments": FILES}, {"flavour": "2b", "attachments": FILES}):
        with pytest.raises(ValueError, match="attachments"):
            compose(page, FULL, **given)
    with pytest.raises(ValueError, match="attachments"):
        compose(page, FULL, flavour="3b")


@pytest.mark.parametrize(
    "bad",
    [
        {"name": ""},
        {"name": " ..\0"},
        {"name": "a.xml"},
        {"name": "ậ" * 100},
        {"mime": "json"},
        {"mime": "text/xml; charset=utf-8"},
        {"mime": ""},
    ],
)
def test_an_attachment_that_nobody_could_open_is_refused(drawn, bad):
    files = (FILES[1], replace(FILES[0], **bad))
    with pytest.raises(PackagingError) as caught:
        compose([straight(drawn)], FULL, flavour="3b", attachments=files)
    assert caught.value.slug == "pack.bad_attachment"


def test_an_attachment_cannot_name_a_folder(drawn):
    climbing = Attachment("../../etc/passwd", b"x", "text/plain")
    pdf = compose([straight(drawn)], FULL, flavour="3b", attachments=[climbing])
    gate(pdf, "3b")
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert str(document.Root.AF[0].UF) == "_.._etc_passwd"


def _packet(before: bytes, after: bytes) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        packet = document.Root.Metadata.read_bytes()
        assert before in packet
        document.Root.Metadata.write(packet.replace(before, after))

    return change


def _not_associated(document: pikepdf.Pdf) -> None:
    del document.Root.AF


def _no_relationship(document: pikepdf.Pdf) -> None:
    for spec in document.Root.AF:
        del spec.AFRelationship


def _no_media_type(document: pikepdf.Pdf) -> None:
    del document.Root.AF[0].EF.F.Subtype


MUTANTS = {
    "not associated": ("all 3b", _not_associated, "6.8-4"),
    "no relationship": ("all 3b", _no_relationship, "6.8-3"),
    "no media type": ("all 3b", _no_media_type, "6.8-1"),
    "attached to 2u": ("all 3b", _packet(b"part>3<", b"part>2<"), "6.8"),
    "undeclared schema": ("all 2u", _packet(b"<pdfaSchema:prefix>", b"<pdfaSchema:pre>"), "6.6.2"),
    "undeclared property": ("all 2u", _packet(b"name>DocCode<", b"name>DocKode<"), "6.6.2.3"),
    "structured code": (
        "all 2u",
        _packet(b"<station:DocCode>", b'<station:DocCode rdf:parseType="Resource"><rdf:b/>'),
        "6.6.2",
    ),
    "foreign property": (
        "all 2u",
        _packet(b"<station:DocCode>", b"<station:Other>x</station:Other><station:DocCode>"),
        "6.6.2.3",
    ),
}


def test_what_is_wrong_beside_the_pages_is_named_by_gate_and_verapdf(files, tmp_path):
    paths = []
    for i, (name, (source, change, rule)) in enumerate(MUTANTS.items()):
        with pikepdf.open(io.BytesIO(files[source])) as document:
            change(document)
            paths.append(tmp_path / f"{i}.pdf")
            document.save(paths[-1], fix_metadata_version=False)
        flavour = "2u" if name == "attached to 2u" else source[-2:]
        findings = validate(paths[-1], flavour).findings
        print(name, findings[:2])
        named = ("6.8", "schema-") if rule == "6.8" else (rule,)
        assert any(part in finding for finding in findings for part in named), (name, findings)
    for name, verdict in zip(MUTANTS, judge(paths, ask=["verapdf"]), strict=True):
        said = verdict.verapdf
        print(name, said)
        assert getattr(said, "compliant", False) is False, name
