"""The verdict on what citizens and organs bring: five words, and green only with evidence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pikepdf
import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata
from pyhanko.sign.validation import DocumentSecurityStore

from app.signing.appearance import conversion_mark
from app.signing.errors import SigningError
from app.signing.policy import check_document
from app.signing.verify import Report, verify
from tests.signing.signing_hanko import document_timestamp, sign_with_pyhanko, timestamper
from tests.signing.signing_papers import hybrid, paper, plain, signed
from tests.signing.signing_pki import NOW, Entity, crl, issue, pki, rsa_key

MARK = conversion_mark("Lò Thị Mỹ Phượng", NOW)
SOON = NOW + timedelta(hours=1)


def judge(pdf: bytes, **changed: object) -> Report:
    around: dict[str, object] = {
        "anchors": pki().anchors,
        "crls": pki().crls,
        "now": SOON,
        **changed,
    }
    return verify(pdf, **around)  # type: ignore[arg-type]


def told(pdf: bytes, **changed: object) -> tuple[str, tuple[str, ...]]:
    report = judge(pdf, **changed)
    return report.verdict, report.problems


def outcome(pdf: bytes) -> str:
    """The verdict, or the slug when there is none."""
    try:
        return judge(pdf).verdict
    except SigningError as trouble:
        return trouble.slug


@pytest.fixture(scope="module")
def good() -> bytes:
    return signed(paper(), stamp=MARK)


def test_our_own_signature_is_valid_and_told_in_full(good: bytes):
    report = judge(good)
    assert (report.verdict, report.problems) == ("valid", ())
    (one,) = report.signatures
    assert (one.field, one.signer, one.level) == ("Clerk-1", "Lò Thị Mỹ Phượng", "B")
    assert (one.intact, one.trusted, one.revocation) == (True, True, "good")
    assert one.signing_time == "2026-11-24T09:14:05+07:00"
    assert one.timestamp_time is None


def test_elliptic_curves_and_two_signatures_are_valid_too(good: bytes):
    assert told(signed(paper(), pki().clerk_ec)) == ("valid", ())
    two = signed(good, pki().clerk_ec, field="Organ-1", now=NOW + timedelta(minutes=1))
    report = judge(two)
    assert (report.verdict, report.problems) == ("valid", ())
    assert [each.field for each in report.signatures] == ["Clerk-1", "Organ-1"]


def test_a_paper_without_a_signature_is_unsigned():
    assert told(paper()) == ("unsigned", ())
    assert told(plain(AcroForm=pikepdf.Dictionary(Fields=pikepdf.Array()))) == ("unsigned", ())


def test_without_evidence_nothing_is_green(good: bytes):
    unknown = ("unverified", ("sign.revocation_unknown",))
    root, issuer = pki().root, pki().issuer
    assert told(good, crls=[]) == unknown
    assert told(good, crls=[crl(issuer)]) == unknown
    assert told(good, crls=[crl(root), crl(issuer, signed_by=pki().stranger)]) == unknown
    stale = crl(issuer, issued=NOW - timedelta(days=9), following=NOW - timedelta(days=2))
    assert told(good, crls=[crl(root), stale]) == unknown
    assert told(good, anchors=[]) == ("unverified", ("sign.cert_untrusted",))
    assert told(good, anchors=[pki().stranger.pem]) == ("unverified", ("sign.cert_untrusted",))
    assert not judge(good, anchors=[]).signatures[0].trusted


def test_a_rogue_authority_of_the_same_names_is_not_trusted():
    report = judge(signed(paper(), pki().rogue))
    assert (report.verdict, report.problems) == ("unverified", ("sign.cert_untrusted",))
    assert report.signatures[0].intact


@pytest.mark.parametrize(
    ("kind", "slug"),
    [
        ("revoked", "sign.cert_revoked"),
        ("expired", "sign.cert_expired"),
        ("not_yet", "sign.cert_not_yet_valid"),
        ("no_repudiation", "sign.cert_usage"),
        ("server", "sign.cert_usage"),
    ],
)
def test_bad_certificates_make_a_signature_invalid(kind: str, slug: str):
    verdict, problems = told(signed(paper(), getattr(pki(), kind)))
    assert verdict == "invalid"
    assert slug in problems


def test_a_certificate_that_ended_later_leaves_the_time_unproven(good: bytes):
    later = pki().clerk.cert.not_valid_after_utc + timedelta(days=5)
    lists = [crl(each, issued=later - timedelta(days=6)) for each in (pki().root, pki().issuer)]
    verdict, problems = told(good, now=later, crls=lists)
    assert verdict == "unverified"
    assert "sign.expired_unproven" in problems


@pytest.fixture(scope="module")
def tsa() -> Entity:
    return issue("TEST TSA", rsa_key("tsa"), pki().issuer, eku=ExtendedKeyUsageOID.TIME_STAMPING)


META = PdfSignatureMetadata(field_name="S", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")


def test_a_trusted_time_stamp_proves_the_time_and_outlives_a_revocation(tsa: Entity):
    pdf = sign_with_pyhanko(plain(), META, stamper=timestamper(tsa, NOW))
    report = judge(pdf)
    (one,) = report.signatures
    assert (report.verdict, one.level) == ("valid", "T")
    assert one.timestamp_time is not None
    assert one.timestamp_time.startswith("2026-11-24T")
    for since, verdict in ((NOW + timedelta(minutes=5), "valid"), (NOW, "invalid")):
        lists = [crl(pki().root), crl(pki().issuer, pki().clerk, since=since)]
        assert judge(pdf, crls=lists).verdict == ("valid" if since > NOW else verdict)
    early = [crl(pki().root), crl(pki().issuer, pki().clerk, since=NOW - timedelta(days=1))]
    assert told(pdf, crls=early) == ("invalid", ("sign.cert_revoked",))


def test_an_untrusted_time_stamp_proves_nothing(tsa: Entity):
    own = issue("Own TSA", rsa_key("own tsa"), eku=ExtendedKeyUsageOID.TIME_STAMPING)
    report = judge(sign_with_pyhanko(plain(), META, stamper=timestamper(own, NOW)))
    assert (report.verdict, report.signatures[0].level) == ("valid", "B")
    assert report.signatures[0].timestamp_time is None


def test_a_document_time_stamp_over_a_signature_keeps_it_valid(good: bytes, tsa: Entity):
    pdf = document_timestamp(good, timestamper(tsa, SOON))
    report = judge(pdf)
    assert (report.verdict, len(report.signatures)) == ("valid", 1)
    broken = pdf.replace(b"/DocTimeStamp", b"/DocTimeStamq")
    assert judge(broken).verdict == "invalid"
    assert told(document_timestamp(plain(), timestamper(tsa, SOON))) == ("unsigned", ())


def test_old_algorithms_are_outdated_not_forged():
    old = PdfSignatureMetadata(field_name="S", md_algorithm="sha1")
    assert told(sign_with_pyhanko(plain(), old)) == ("outdated", ("sign.algorithm_old",))
    verdict, problems = told(signed(paper(), pki().weak))
    assert (verdict, problems) == ("outdated", ("sign.algorithm_old",))
    sha1 = issue("Old", rsa_key("clerk"), pki().issuer, digest=hashes.SHA224())
    assert told(signed(paper(), sha1))[0] == "outdated"
    # Old and altered is altered.
    pdf = sign_with_pyhanko(plain(), old)
    assert told(pdf.replace(b"/MediaBox", b"/MediaBux"))[0] == "invalid"


def test_detached_pkcs7_of_other_makers_is_judged_alike():
    meta = PdfSignatureMetadata(field_name="S", subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    assert told(sign_with_pyhanko(plain(), meta)) == ("valid", ())
    locked = PdfSignatureMetadata(
        field_name="S", certify=True, docmdp_permissions=MDPPerm.NO_CHANGES
    )
    assert told(sign_with_pyhanko(plain(), locked)) == ("valid", ())


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def hole(pdf: bytes) -> tuple[int, int]:
    start = pdf.rindex(b"/Contents <") + len(b"/Contents ")
    return start, pdf.index(b">", start) + 1


def test_every_flipped_byte_of_a_signed_paper_is_found(good: bytes):
    start, end = hole(good)
    step = max(1, len(good) // 60)
    places = [at for at in range(0, len(good), step) if not start <= at < end]
    # The signature value and the attributes inside the CMS.
    cms_digits = len(good[start + 1 : end - 1].rstrip(b"0"))
    places += range(start + 40, start + cms_digits, cms_digits // 20)
    for at in places:
        verdict = outcome(flip(good, at))
        assert verdict in {"invalid", "unsigned", "sign.unreadable_pdf"} or (
            # Certificates are carried along unsigned: without one there is no path.
            start <= at < end and verdict == "unverified"
        ), at


def changed_after(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def add_text(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    stream = generic.StreamObject(stream_data=b"BT /F1 12 Tf (1000000) Tj ET")
    page["/Contents"] = writer.add_object(stream)
    writer.update_container(page)


def add_note(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Rect"): generic.ArrayObject(
                [generic.NumberObject(each) for each in (100, 100, 300, 200)]
            ),
            generic.pdf_name("/Contents"): generic.TextStringObject("đã thu tiền"),
        }
    )
    old = page.get("/Annots", generic.ArrayObject())
    page["/Annots"] = generic.ArrayObject([*old, writer.add_object(note)])
    writer.update_container(page)


def swap_stamp(writer: IncrementalPdfFileWriter) -> None:
    widget = writer.root["/Pages"]["/Kids"][0]["/Annots"][0]
    form = widget["/AP"]["/N"]
    form._data = b"0 0 100 20 re f"
    form._encoded_data = None
    writer.mark_update(widget["/AP"].raw_get("/N").reference)


@pytest.mark.parametrize("change", [add_text, add_note, swap_stamp])
def test_what_was_changed_after_signing_is_altered(
    good: bytes, change: Callable[[IncrementalPdfFileWriter], None]
):
    verdict, problems = told(changed_after(good, change))
    assert verdict == "invalid"
    assert problems[0] == "sign.sig_altered"


def test_a_re_saved_file_is_broken(good: bytes):
    with pikepdf.open(BytesIO(good)) as pdf:
        out = BytesIO()
        pdf.save(out)
    assert judge(out.getvalue()).verdict == "invalid"


@pytest.mark.parametrize(
    "tail",
    [
        b"<script>",
        b"\n%%EOF\nrubbish\n%%EOF\n",
        b"9 0 obj\n<< /Hidden true >>\nendobj\n",
        b"%" + b"a" * 500,
    ],
)
def test_bytes_behind_the_signed_end_are_suspicious_never_green(good: bytes, tail: bytes):
    assert outcome(good + tail) in {"unverified", "invalid", "sign.unreadable_pdf"}


def test_a_fake_second_end_is_a_suspicious_tail(good: bytes):
    end = good[good.rindex(b"startxref") :]
    assert told(good + b"9 0 obj\n(hidden)\nendobj\n" + end) == (
        "unverified",
        ("sign.suspicious_tail",),
    )
    assert told(good + b"\r\n \0") == ("valid", ())


def with_evidence(pdf: bytes) -> bytes:
    """``pdf`` with revocation data appended, as upgraders to level LT do."""
    store = [asn1_x509.Certificate.load(each.der) for each in (pki().issuer, pki().root)]
    lists = [asn1_crl.CertificateList.load(each) for each in pki().crls]
    out = BytesIO(pdf)
    out.seek(0, 2)
    DocumentSecurityStore.add_dss(out, sig_contents=None, certs=store, crls=lists)
    return out.getvalue()


def test_appended_evidence_is_no_suspicious_tail_unless_something_hides_in_it(good: bytes):
    pdf = with_evidence(good)
    assert len(pdf) > len(good) + 500
    assert told(pdf) == ("valid", ())
    hidden = b"9999 0 obj\n(hidden)\nendobj\n"
    suspicious = ("unverified", ("sign.suspicious_tail",))
    cut = good + hidden
    assert told(with_evidence(cut)) == suspicious
    assert outcome(good + b"x" + with_evidence(good)[len(good) :]) != "valid"
    last = pdf.rindex(b"xref\n", 0, pdf.rindex(b"trailer"))
    moved = (
        pdf[:last]
        + hidden
        + pdf[last:].replace(b"startxref\n%d" % last, b"startxref\n%d" % (last + len(hidden)))
    )
    assert told(moved) == suspicious
    assert outcome(pdf + b"more") != "valid"


def test_a_hybrid_file_is_read_but_never_green_and_never_signed():
    pdf = hybrid()
    assert [finding.slug for finding in check_document(pdf)] == ["sign.unreadable_pdf"]
    done = sign_with_pyhanko(pdf, META, strict=False)
    assert told(done) == ("unverified", ("sign.lenient_reading",))


def test_a_moved_byte_range_is_no_signature_over_the_file(good: bytes):
    at = good.index(b"/ByteRange [0 ")
    end = good.index(b"]", at)
    numbers = [int(each) for each in good[at + 12 : end].split()]
    for moved in (
        [1, numbers[1] - 1, *numbers[2:]],
        [*numbers[:3], numbers[3] - 9],
        [0, 100, *numbers[2:]],
        [numbers[2], numbers[3], 0, numbers[1]],
        [0, 0, 0, 0],
    ):
        text = b"/ByteRange [" + b" ".join(b"%d" % each for each in moved) + b"]"
        bent = good[:at] + text.ljust(end + 1 - at) + good[end + 1 :]
        assert len(bent) <= len(good) + 4
        verdict, problems = told(bent)
        assert verdict == "invalid"
        assert set(problems) & {"sign.sig_broken", "sign.sig_partial"}


def test_an_empty_or_foreign_cms_is_broken_not_a_crash(good: bytes):
    start, end = hole(good)
    room = end - start - 2
    for content in (b"", b"30", b"3080" + b"00" * 20, b"DEADBEEF" * 50, b"zz"):
        bent = good[: start + 1] + content.ljust(room, b"0") + good[end - 1 :]
        assert outcome(bent) in {"invalid", "sign.unreadable_pdf"}
    other = signed(paper(pages=2))
    theirs = slice(*hole(other))
    assert told(good[:start] + other[theirs] + good[end:])[0] == "invalid"


def test_one_bad_signature_of_two_decides(good: bytes):
    two = signed(good, pki().revoked, field="Organ-1")
    report = judge(two)
    assert (report.verdict, report.problems) == ("invalid", ("sign.cert_revoked",))
    assert [each.revocation for each in report.signatures] == ["good", "revoked"]


HOSTILE = {
    "empty": b"",
    "text": b"Giay to nay khong phai PDF",
    "header only": b"%PDF-1.7\n%%EOF\n",
    "cut": paper()[:-400],
    "no root": b"%PDF-1.7\ntrailer\n<< /Size 1 >>\nstartxref\n9\n%%EOF\n",
    "loop": b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 /Root 1 0 R /Prev 9 >>\n"
    b"startxref\n9\n%%EOF\n",
    "deep": b"%PDF-1.7\n" + b"[" * 100_000 + b"\nstartxref\n9\n%%EOF\n",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_files_are_unreadable_by_slug_and_quickly(name: str):
    with pytest.raises(SigningError) as trouble:
        judge(HOSTILE[name])
    assert trouble.value.slug == "sign.unreadable_pdf"


def test_an_encrypted_file_is_unreadable_and_says_why():
    with pikepdf.open(BytesIO(plain())) as pdf:
        out = BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    with pytest.raises(SigningError) as trouble:
        judge(out.getvalue())
    assert trouble.value.params["why"] == "encrypted"


def test_a_form_that_points_at_itself_ends():
    with pikepdf.open(BytesIO(plain())) as pdf:
        field = pdf.make_indirect(pikepdf.Dictionary(T="a"))
        field.Kids = pikepdf.Array([field])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))
        out = BytesIO()
        pdf.save(out)
    assert outcome(out.getvalue()) in {"unsigned", "sign.unreadable_pdf"}


def test_unreadable_anchors_and_lists_are_named(good: bytes):
    for changed in ({"anchors": [b"x"]}, {"crls": [b"x"]}):
        with pytest.raises(SigningError, match=r"sign\.trust_unreadable"):
            judge(good, **changed)
