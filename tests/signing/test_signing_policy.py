"""Before the PIN: what the certificate and the paper are refused for, and what is only told."""

from __future__ import annotations

from datetime import timedelta

import pikepdf
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata

from app.signing.errors import SigningError
from app.signing.guard import sha256_hex
from app.signing.policy import check_certificate, check_document
from tests.signing.signing_hanko import sign_with_pyhanko
from tests.signing.signing_papers import paper, plain, signed
from tests.signing.signing_pki import NOW, Entity, crl, ec_key, issue, pki, rsa_key


def found(entity: Entity, **changed: object) -> list[tuple[str, str]]:
    """Level and slug of every finding; keywords replace the good surroundings."""
    around: dict[str, object] = {
        "chain": [*pki().chain, pki().rogue_issuer.der],
        "anchors": pki().anchors,
        "crls": pki().crls,
        "now": NOW,
        **changed,
    }
    return [(f.level, f.slug) for f in check_certificate(entity.der, **around)]  # type: ignore[arg-type]


def test_a_good_certificate_with_evidence_has_no_findings():
    assert found(pki().clerk) == []
    assert found(pki().clerk_ec) == []
    assert found(pki().clerk, holder_sha256=sha256_hex(pki().clerk.der).upper()) == []


@pytest.mark.parametrize(
    ("kind", "slug"),
    [
        ("expired", "sign.cert_expired"),
        ("not_yet", "sign.cert_not_yet_valid"),
        ("revoked", "sign.cert_revoked"),
        ("no_repudiation", "sign.cert_usage"),
        ("server", "sign.cert_usage"),
        ("rogue", "sign.cert_untrusted"),
        ("stranger", "sign.cert_untrusted"),
        ("issuer", "sign.cert_usage"),
        ("weak", "sign.key_weak"),
    ],
)
def test_each_bad_certificate_is_blocked_by_name(kind: str, slug: str):
    assert ("block", slug) in found(getattr(pki(), kind))


def test_odd_curves_and_old_digests_are_too_weak():
    odd = issue("Odd", ec_key("odd", ec.SECP256K1), pki().issuer)
    assert ("block", "sign.key_weak") in found(odd)
    short = issue("Short", ec_key("short", ec.SECP192R1), pki().issuer)
    assert ("block", "sign.key_weak") in found(short)
    old = issue("Old", rsa_key("clerk"), pki().issuer, digest=hashes.SHA224())
    assert ("block", "sign.key_weak") in found(old)


def test_an_extended_usage_for_documents_or_mail_is_fine():
    mail = issue("Mail", rsa_key("clerk"), pki().issuer, eku=ExtendedKeyUsageOID.EMAIL_PROTECTION)
    assert found(mail) == []


def test_expiry_is_told_thirty_days_ahead_and_no_earlier():
    assert found(pki().soon) == [("warn", "sign.cert_expires_soon")]
    end = pki().clerk.cert.not_valid_after_utc
    for days, told in ((31, []), (30, ["sign.cert_expires_soon"])):
        now = end - timedelta(days=days)
        lists = [crl(e, issued=now - timedelta(hours=1)) for e in (pki().root, pki().issuer)]
        assert [slug for _, slug in found(pki().clerk, now=now, crls=lists)] == told


def test_another_persons_certificate_is_blocked():
    assert found(pki().clerk, holder_sha256="00" * 32) == [("block", "sign.cert_not_yours")]


def test_nothing_is_trusted_without_anchors_and_nothing_without_the_issuer():
    assert found(pki().clerk, anchors=[]) == [("block", "sign.cert_untrusted")]
    assert found(pki().clerk, chain=[]) == [("block", "sign.cert_untrusted")]
    # The rogue root has the same names; only its key differs.
    assert ("block", "sign.cert_untrusted") in found(pki().rogue, chain=[pki().rogue_issuer.der])


UNKNOWN = [("warn", "sign.revocation_unknown")]


def test_missing_foreign_or_forged_lists_are_told_never_taken_for_good():
    root, issuer = pki().root, pki().issuer
    assert found(pki().clerk, crls=[]) == UNKNOWN
    assert found(pki().clerk, crls=[crl(issuer)]) == UNKNOWN
    assert found(pki().clerk, crls=[crl(root)]) == UNKNOWN
    assert found(pki().clerk, crls=[crl(root), crl(pki().rogue_issuer)]) == UNKNOWN
    forged = crl(issuer, signed_by=pki().stranger)
    assert found(pki().clerk, crls=[crl(root), forged]) == UNKNOWN


def test_a_forged_list_cannot_revoke_anyone():
    forged = crl(pki().issuer, pki().clerk, signed_by=pki().stranger)
    assert found(pki().clerk, crls=[*pki().crls, forged]) == []


def test_a_stale_list_serves_72_hours_more_and_says_so():
    root = crl(pki().root)
    for late, told in (
        (timedelta(hours=1), [("warn", "sign.revocation_stale")]),
        (timedelta(hours=71), [("warn", "sign.revocation_stale")]),
        (timedelta(hours=73), UNKNOWN),
    ):
        issued = NOW - timedelta(days=20)
        stale = crl(pki().issuer, issued=issued, following=NOW - late)
        assert found(pki().clerk, crls=[root, stale]) == told


def test_even_an_ancient_list_revokes():
    ancient = crl(
        pki().issuer,
        pki().clerk,
        issued=NOW - timedelta(days=300),
        since=NOW - timedelta(days=301),
    )
    assert ("block", "sign.cert_revoked") in found(pki().clerk, crls=[*pki().crls, ancient])


def test_a_revoked_issuer_blocks_all_its_certificates():
    lists = [crl(pki().root, pki().issuer), crl(pki().issuer)]
    assert ("block", "sign.cert_revoked") in found(pki().clerk, crls=lists)


def test_a_list_from_the_future_is_no_evidence():
    future = crl(pki().issuer, issued=NOW + timedelta(hours=1))
    assert found(pki().clerk, crls=[crl(pki().root), future]) == UNKNOWN


def test_rubbish_is_refused_not_skipped():
    (finding,) = check_certificate(b"rubbish", [], pki().anchors, [], NOW)
    assert (finding.level, finding.slug) == ("block", "sign.cert_unreadable")
    for changed in ({"anchors": [b"rubbish"]}, {"crls": [b""]}, {"chain": [b"\x30\x03abc"]}):
        with pytest.raises(SigningError, match=r"sign\.trust_unreadable"):
            found(pki().clerk, **changed)
    broken = pki().root.pem.replace(b"MII", b"!!!", 1)
    with pytest.raises(SigningError, match=r"sign\.trust_unreadable"):
        found(pki().clerk, anchors=[broken])


def slugs(pdf: bytes, field: str = "Clerk-1") -> list[str]:
    findings = check_document(pdf, field=field)
    assert all(finding.level == "block" for finding in findings)
    return [finding.slug for finding in findings]


def saved(pdf: pikepdf.Pdf, **options: object) -> bytes:
    from io import BytesIO

    out = BytesIO()
    pdf.save(out, **options)  # type: ignore[arg-type]
    return out.getvalue()


def test_a_composed_paper_may_be_signed_and_a_signed_one_again_in_another_field():
    one = signed(paper())
    assert slugs(paper()) == []
    assert slugs(one) == ["sign.field_taken"]
    assert slugs(one, "Organ-1") == []


@pytest.mark.parametrize(
    ("pdf", "slug"),
    [
        (b"", "sign.unreadable_pdf"),
        (b"%PDF-1.7\n", "sign.unreadable_pdf"),
        (b"GIF89a not a pdf at all", "sign.unreadable_pdf"),
        (plain()[:-60], "sign.unreadable_pdf"),
        (plain().replace(b"/Count 1", b"/Count 0"), "sign.unreadable_pdf"),
    ],
)
def test_what_is_no_whole_pdf_is_unreadable(pdf: bytes, slug: str):
    assert slugs(pdf) == [slug]


def test_encrypted_scripted_xfa_and_turned_papers_are_refused():
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page()
        assert slugs(saved(pdf, encryption=pikepdf.Encryption(owner="a", user=""))) == [
            "sign.doc_encrypted"
        ]
        page.Rotate = 90
        assert slugs(saved(pdf)) == ["sign.page_rotated"]
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    assert slugs(plain(OpenAction=script)) == ["sign.doc_javascript"]
    names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=pikepdf.Array(["a", script])))
    assert slugs(plain(Names=names)) == ["sign.doc_javascript"]
    hidden = pikepdf.Dictionary(K=pikepdf.Array([pikepdf.Dictionary(A=script)]))
    assert slugs(plain(StructTreeRoot=hidden)) == ["sign.doc_javascript"]
    form = pikepdf.Dictionary(Fields=pikepdf.Array(), XFA=pikepdf.Array())
    assert slugs(plain(AcroForm=form)) == ["sign.doc_xfa"]


def test_a_script_inside_an_object_stream_is_found():
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page()
        script = pdf.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)"))
        page.AA = pikepdf.Dictionary(O=script)
        packed = saved(pdf, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"JavaScript" not in packed
    assert slugs(packed) == ["sign.doc_javascript"]


def test_nobody_signs_over_a_lock_or_over_a_broken_signature():
    locked = sign_with_pyhanko(
        plain(),
        PdfSignatureMetadata(field_name="A", certify=True, docmdp_permissions=MDPPerm.NO_CHANGES),
    )
    assert slugs(locked) == ["sign.doc_locked"]
    one = signed(paper())
    inside = one.index(b"\xff\xd8\xff") + 400  # in the picture's data
    broken = one[:inside] + bytes([one[inside] ^ 1]) + one[inside + 1 :]
    assert slugs(broken, "Organ-1") == ["sign.doc_broken"]
