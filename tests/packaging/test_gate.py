"""What is not PDF/A-2u is named by the gate, and by veraPDF too."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from app.packaging.compose import compose
from app.packaging.errors import PackagingError
from app.packaging.model import Metadata
from app.packaging.validate import gate, validate
from tests.packaging.drawn import draw, jpeg, stored, straight
from tests.referees import Failed, judge

if TYPE_CHECKING:
    from collections.abc import Callable

META = Metadata("Giấy thử")


def _font(pdf: Pdf) -> pikepdf.Object:
    return pdf.pages[0].obj.Resources.Font.F0


def _image(pdf: Pdf) -> pikepdf.Object:
    return pdf.pages[0].obj.Resources.XObject.Im0


def _no_tounicode(pdf: Pdf) -> None:
    del _font(pdf).ToUnicode


def _one_letter_unmapped(pdf: Pdf) -> None:
    cmap = _font(pdf).ToUnicode
    rows = cmap.read_bytes().split(b"\n")
    at = next(i for i, row in enumerate(rows) if row.startswith(b"<0003>"))
    cmap.write(b"\n".join(rows[:at] + rows[at + 1 :]).replace(b"100 begin", b"99 begin"))


def _forbidden(value: bytes) -> Callable[[Pdf], None]:
    def change(pdf: Pdf) -> None:
        cmap = _font(pdf).ToUnicode
        rows = cmap.read_bytes().split(b"\n")
        rows = [b"<0002> <" + value + b">" if r.startswith(b"<0002>") else r for r in rows]
        cmap.write(b"\n".join(rows))

    return change


def _cmyk(pdf: Pdf) -> None:
    picture = draw(60, (50, 50)).picture.convert("CMYK")
    image = Stream(pdf, jpeg(picture))
    image.Type, image.Subtype, image.Filter = Name.XObject, Name.Image, Name.DCTDecode
    image.ColorSpace, image.BitsPerComponent = Name.DeviceCMYK, 8
    image.Width, image.Height = picture.size
    pdf.pages[0].obj.Resources.XObject.Im0 = pdf.make_indirect(image)


def _no_intent(pdf: Pdf) -> None:
    del pdf.Root.OutputIntents


def _broken_profile(pdf: Pdf) -> None:
    pdf.Root.OutputIntents[0].DestOutputProfile.write(b"no profile" * 40)


def _wrong_width(pdf: Pdf) -> None:
    """Visible text, since widths of invisible text are nobody's business."""
    _font(pdf).DescendantFonts[0].DW = 700
    content = pdf.pages[0].obj.Contents
    content.write(content.read_bytes().replace(b"3 Tr", b"0 Tr"))


def _no_font_program(pdf: Pdf) -> None:
    del _font(pdf).DescendantFonts[0].FontDescriptor.FontFile2
    content = pdf.pages[0].obj.Contents
    content.write(content.read_bytes().replace(b"3 Tr", b"0 Tr"))


def _claim(before: bytes, after: bytes) -> Callable[[Pdf], None]:
    def change(pdf: Pdf) -> None:
        packet = pdf.Root.Metadata.read_bytes()
        assert before in packet
        pdf.Root.Metadata.write(packet.replace(before, after))

    return change


def _no_metadata(pdf: Pdf) -> None:
    del pdf.Root.Metadata


def _javascript(pdf: Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.alert(1)"))


def _transparency_mask(pdf: Pdf) -> None:
    mask = Stream(pdf, b"\x80" * 4)
    mask.Type, mask.Subtype, mask.ColorSpace = Name.XObject, Name.Image, Name.DeviceGray
    mask.Width, mask.Height, mask.BitsPerComponent, mask.Interpolate = 2, 2, 8, True
    _image(pdf).SMask = pdf.make_indirect(mask)


def _interpolate(pdf: Pdf) -> None:
    _image(pdf).Interpolate = True


def _huge_page(pdf: Pdf) -> None:
    pdf.pages[0].obj.MediaBox = Array([0, 0, 20_000, 800])


def _hidden_in_a_form(pdf: Pdf) -> None:
    """Unmapped letters inside a form, which the page only names."""
    page = pdf.pages[0].obj
    form = Stream(pdf, b"BT /F0 9 Tf 3 Tr <7777> Tj ET")
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 99, 99])
    form.Resources = Dictionary(Font=Dictionary(F0=_font(pdf)))
    page.Resources.XObject.Fm0 = pdf.make_indirect(form)
    page.Contents.write(page.Contents.read_bytes() + b"/Fm0 Do\n")


# What the gate must say, what veraPDF must say.
MUTANTS: dict[str, tuple[Callable[[Pdf], None], str, str]] = {
    "no ToUnicode": (_no_tounicode, "6.2.11.7.2-1", "6.2.11.7.2-1"),
    "one letter unmapped": (_one_letter_unmapped, "6.2.11.7.2-1", "6.2.11.7.2-1"),
    "mapped to FEFF": (_forbidden(b"FEFF"), "6.2.11.7.2-2", "6.2.11.7.2-2"),
    "mapped to 0": (_forbidden(b"0000"), "6.2.11.7.2-2", "6.2.11.7.2-2"),
    "unmapped in a form": (_hidden_in_a_form, "6.2.11.7.2-1", "6.2.11.7.2-1"),
    "CMYK": (_cmyk, "6.2.4.3-3", "6.2.4.3-3"),
    "no ICC": (_no_intent, "6.2.4.3-2", "6.2.4.3-2"),
    "broken ICC": (_broken_profile, "6.2.3", "6.2.3"),
    "wrong width": (_wrong_width, "6.2.11.5-1", "6.2.11.5-1"),
    "font not embedded": (_no_font_program, "6.2.11.4.1-1", "6.2.11.4.1-1"),
    "claims 2a": (_claim(b"conformance>U<", b"conformance>X<"), "6.6.4-3", "6.6.4-3"),
    "claims part 7": (_claim(b"part>2<", b"part>7<"), "6.6.4-2", "6.6.4-2"),
    "no metadata": (_no_metadata, "6.6.2.1-1", "6.6.2.1-1"),
    "JavaScript": (_javascript, "schema-Catalog", "6.5.1-1"),
    "interpolated mask": (_transparency_mask, "6.2.8-3", "6.2.8-3"),
    "interpolated picture": (_interpolate, "6.2.8-3", "6.2.8-3"),
    "page of seven metres": (_huge_page, "6.1.13-11", "6.1.13-11"),
}


@pytest.fixture(scope="module")
def good() -> bytes:
    return compose([straight(draw())], META)


def _mutant(good: bytes, change: Callable[[Pdf], None]) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(good)) as pdf:
        change(pdf)
        pdf.save(out, min_version="1.7", deterministic_id=True)
    return out.getvalue()


def test_untouched_and_merely_saved_anew_it_passes(good):
    for pdf in (good, _mutant(good, lambda _: None)):
        verdict = validate(pdf)
        assert (verdict.flavour, verdict.passed, verdict.findings) == ("2u", True, ())
        gate(pdf)


@pytest.mark.parametrize("name", MUTANTS)
def test_gate_names_the_fault(good, name):
    change, rule, _ = MUTANTS[name]
    with pytest.raises(PackagingError) as caught:
        gate(_mutant(good, change))
    assert caught.value.slug == "pack.not_compliant"
    findings = validate(_mutant(good, change)).findings
    assert any(rule in finding.split()[0] for finding in findings), findings
    assert caught.value.params["finding"] == findings[0]


def test_verapdf_names_the_same_faults(good, verapdf, tmp_path):
    files = {name: _mutant(good, change) for name, (change, _, _) in MUTANTS.items()}
    verapdf({"good": good})  # skips here when veraPDF cannot be had
    paths = []
    for i, data in enumerate(files.values()):
        paths.append(tmp_path / f"mutant{i}.pdf")
        paths[-1].write_bytes(data)
    for name, verdict in zip(files, judge(paths, ask=["verapdf"]), strict=True):
        said = verdict.verapdf
        assert not isinstance(said, Failed), (name, said)
        print(name, said.flavour, said.failed_rules)
        if said.flavour == "2u":
            assert any(MUTANTS[name][2] in rule for rule in said.failed_rules), (name, said)
        assert not said.compliant, name


@pytest.mark.parametrize(
    "data", [b"", b"no pdf", b"%PDF-1.7\n%%EOF", b"%PDF-1.7\n" + b"1 0 obj <<" * 2000]
)
def test_rubbish_is_judged_not_raised(data):
    verdict = validate(data)
    assert not verdict.passed
    assert verdict.findings


def test_hostile_bytes_are_judged_and_never_raise(good):
    seed = 20261122
    print("seed", seed)
    chance = random.Random(seed)
    structure = bytearray(good)
    picture = good.index(b"\xff\xd8\xff")
    failed = 0
    for _ in range(150):
        data = bytearray(structure)
        for _ in range(chance.randint(1, 30)):
            at = chance.randrange(len(data))
            if not picture <= at < picture + 50_000:
                data[at] = chance.randrange(256)
        failed += not validate(bytes(data)).passed
    assert failed > 50


@pytest.mark.parametrize(
    "cmap",
    [
        b"1 beginbfrange <1000> <FFFF> <0041> endbfrange" * 3000,
        b"1 beginbfrange <0001> <FFFF> <DBFFDFF0> endbfrange",
        b"1 beginbfchar <0001> <004> endbfchar",
        b"1 beginbfchar <0001> <> endbfchar",
        b"1 beginbfchar <0001> <D8> endbfchar 1 beginbfrange <2> <1> <> endbfrange",
        b"1 beginbfrange <0001> <0003> [<0041> <0042>] endbfrange",
    ],
)
def test_hostile_letter_tables_are_judged_quickly(good, cmap):
    bad = _mutant(good, lambda pdf: _font(pdf).ToUnicode.write(cmap))
    assert not validate(bad).passed


def test_a_cut_file_does_not_pass(good):
    for part in (0.3, 0.9, 0.999):
        assert not validate(good[: int(len(good) * part)]).passed


def test_an_encrypted_file_does_not_pass(good):
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(good)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user=""))
    assert not validate(out.getvalue()).passed


def test_a_picture_alone_passes_too():
    page = draw(100)
    bare = straight(page, stored(page.picture, "PNG"))
    gate(
        compose(
            [type(bare)(bare.image, 100, 100, bare.matrix, bare.width_px, bare.height_px)], META
        )
    )
