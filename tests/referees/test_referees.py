"""The referees can say yes and no: each verdict that other tests lean on is provoked once here."""

from __future__ import annotations

import io
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from PIL import Image
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter

from app.packaging.compose import compose
from app.packaging.model import IDENTITY, Metadata, PageInput
from tests.referees import Dss, Skipped, VeraPdf, judge

if TYPE_CHECKING:
    from tests.referees import Verdict

RUN = Path(__file__).with_name("run")
MOMENT = datetime.now(UTC).replace(microsecond=0)  # referees judge by the wall clock


def had(said: object) -> object:
    """The verdict itself; a referee that cannot be had skips here and fails where CI runs."""
    if isinstance(said, Skipped):
        assert os.environ.get("CI") != "true", said.skipped
        pytest.skip(said.skipped)
    return said


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(subject: str, key, issuer: str, issuer_key, *, ca: bool) -> x509.Certificate:
    usage = dict.fromkeys(
        ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"], False
    ) | dict.fromkeys(
        ["key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False
    )
    usage |= {"key_cert_sign": True, "crl_sign": True} if ca else {"content_commitment": True}
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(MOMENT - timedelta(days=30))
        .not_valid_after(MOMENT + timedelta(days=300))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A root, a clerk, an empty and a revoking list, and a root nobody knows."""
    folder = tmp_path_factory.mktemp("pki")
    root_key, key, other_key = (rsa.generate_private_key(65537, 2048) for _ in range(3))
    root = _certificate("Test root", root_key, "Test root", root_key, ca=True)
    clerk = _certificate("Nguyễn Văn Thử", key, "Test root", root_key, ca=False)
    other = _certificate("Other root", other_key, "Other root", other_key, ca=True)
    files: dict[str, Path] = {}

    def put(name: str, data: bytes) -> None:
        files[name] = folder / name
        files[name].write_bytes(data)

    for name, certificate in (("root", root), ("clerk", clerk), ("other", other)):
        put(f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM))
    put(
        "clerk.key",
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    for name, revoked in (("good.crl", False), ("revoked.crl", True)):
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(_name("Test root"))
            .last_update(MOMENT + timedelta(seconds=1))
            .next_update(MOMENT + timedelta(days=7))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
                critical=False,
            )
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        if revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(clerk.serial_number)
            crl = crl.add_revoked_certificate(
                entry.revocation_date(MOMENT - timedelta(days=1)).build()
            )
        put(
            name,
            crl.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER),
        )
    return files


@pytest.fixture(scope="module")
def files(pki: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same paper unsigned, signed, and changed after signing."""
    folder = tmp_path_factory.mktemp("files")
    picture = io.BytesIO()
    Image.new("RGB", (600, 800), "white").save(picture, "JPEG")
    page = PageInput(picture.getvalue(), 100, 100, IDENTITY, 600, 800)
    plain = compose([page], Metadata("Giấy thử"))
    signer = signers.SimpleSigner.load(
        str(pki["clerk.key"]), str(pki["clerk.pem"]), ca_chain_files=(str(pki["root.pem"]),)
    )
    assert signer is not None
    out = io.BytesIO()
    signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(plain)),
        signers.PdfSignatureMetadata(
            field_name="Clerk-1", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
        ),
        signer=signer,
        output=out,
    )
    signed = out.getvalue()
    altered = signed.replace(b"/Lang", b"/Lanh", 1)
    assert altered != signed
    made = {"plain": plain, "signed": signed, "altered": altered}
    for name, data in made.items():
        (folder / f"{name}.pdf").write_bytes(data)
    return {name: folder / f"{name}.pdf" for name in made}


def _dss(verdict: Verdict) -> Dss:
    said = had(verdict.dss)
    assert isinstance(said, Dss), said
    return said


def test_a_good_signature_with_evidence_passes_all_referees(pki, files):
    (verdict,) = judge([files["signed"]], [pki["root.pem"]], [pki["good.crl"]])
    said = _dss(verdict)
    assert said.indications == ("TOTAL_PASSED",), said
    assert said.formats == ("PAdES-BASELINE-B",)
    assert verdict.pdfsig.validations == ("Signature is Valid.",)
    assert verdict.pdfsig.whole_document == (True,)
    assert verdict.qpdf.ok
    assert had(verdict.verapdf) == VeraPdf(compliant=True, flavour="2u", failed_rules=())


def test_dss_fails_a_revoked_signer(pki, files):
    (verdict,) = judge([files["signed"]], [pki["root.pem"]], [pki["revoked.crl"]], ask=["dss"])
    said = _dss(verdict)
    assert said.subindications == ("REVOKED_NO_POE",), said


def test_dss_withholds_its_yes_without_revocation_evidence(pki, files):
    (verdict,) = judge([files["signed"]], [pki["root.pem"]], ask=["dss"])
    assert _dss(verdict).indications == ("INDETERMINATE",)


def test_dss_knows_no_path_to_a_foreign_root(pki, files):
    (verdict,) = judge([files["signed"]], [pki["other.pem"]], [pki["good.crl"]], ask=["dss"])
    said = _dss(verdict)
    assert said.indications == ("INDETERMINATE",)
    assert said.subindications == ("NO_CERTIFICATE_CHAIN_FOUND",)


def test_dss_and_pdfsig_fail_a_file_changed_after_signing(pki, files):
    (verdict,) = judge(
        [files["altered"]], [pki["root.pem"]], [pki["good.crl"]], ask=["dss", "pdfsig"]
    )
    said = _dss(verdict)
    assert said.indications == ("TOTAL_FAILED",)
    assert said.subindications == ("HASH_FAILURE",)
    assert verdict.pdfsig.validations == ("Digest Mismatch.",)


def test_verapdf_judges_by_the_flavour_that_the_file_claims(files, tmp_path):
    claims_3b = tmp_path / "3b.pdf"
    text = files["plain"].read_bytes()
    text = text.replace(b"<pdfaid:part>2<", b"<pdfaid:part>3<")
    claims_3b.write_bytes(text.replace(b"conformance>U<", b"conformance>B<"))
    ours, theirs = judge([files["plain"], claims_3b], ask=["verapdf"])
    assert had(ours.verapdf) == VeraPdf(compliant=True, flavour="2u", failed_rules=())
    assert theirs.verapdf.flavour == "3b"


def test_run_prints_one_json_line_per_file_and_survives_rubbish(files, tmp_path):
    rubbish = tmp_path / "rubbish.pdf"
    rubbish.write_bytes(b"no pdf at all")
    done = subprocess.run(
        [RUN, files["plain"], rubbish], capture_output=True, text=True, check=True, timeout=170
    )
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["file"].endswith("plain.pdf")
    assert set(first) == {"file", "verapdf", "dss", "pdfsig", "qpdf"}
    assert first["dss"] == {"indications": [], "subindications": [], "formats": [], "errors": []}
    assert "error" in second["verapdf"] or "skipped" in second["verapdf"]
    assert second["qpdf"]["ok"] is False


def test_referees_that_are_not_on_the_machine_say_so(files, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    (verdict,) = judge([files["signed"]])
    for said in (verdict.verapdf, verdict.dss, verdict.pdfsig, verdict.qpdf):
        assert isinstance(said, Skipped)
        assert "on this machine" in said.skipped
    assert verdict.as_json()["verapdf"] == {"skipped": "no java on this machine"}
