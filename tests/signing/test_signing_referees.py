"""Validators that nobody here wrote say whether our signatures are right."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.signing.appearance import conversion_mark, organ_stamp
from app.signing.demo_pki import make_demo_token
from app.signing.embed import build_cms, embed, mechanism_for
from app.signing.modules import find_softhsm
from app.signing.prepare import Stamp, prepare
from app.signing.verify import verify
from tests.referees import Dss, Pdfsig, Qpdf, Skipped, VeraPdf, judge
from tests.signing.conftest import PIN, StartWorker
from tests.signing.signing_papers import paper
from tests.signing.signing_pki import Entity, crl, ec_key, issue

MOMENT = datetime.now(UTC).replace(microsecond=0)  # the referees judge by the wall clock
CLERK = "Nguyễn Thị Ánh Tuyết"


def had(said: object) -> object:
    """The verdict; a referee that cannot be had skips, except where CI demands it."""
    if isinstance(said, Skipped):
        assert os.environ.get("CI") != "true", said.skipped
        pytest.skip(said.skipped)
    return said


def sign_soft(pdf: bytes, signer: Entity, chain: list[bytes], stamp: Stamp | None) -> bytes:
    one = prepare(pdf, cert=signer.der, chain=chain, stamp=stamp, now=MOMENT)
    return embed(one, build_cms(one, signer.sign(one.signed_attrs)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("referees")


def test_token_signatures_stay_pdfa_2u_and_pass_every_referee(start: StartWorker, folder: Path):
    demo = make_demo_token(
        folder / "token", now=MOMENT, module=find_softhsm(), pin=PIN, clerk_name=CLERK
    )
    client = start(conf=demo.softhsm_conf)
    client.login(demo.serial, demo.cert_sha256, bytearray(PIN.encode()))

    def sign(pdf: bytes, stamp: Stamp | None, field: str = "Clerk-1") -> bytes:
        one = prepare(pdf, cert=demo.cert, chain=demo.chain, stamp=stamp, now=MOMENT, field=field)
        value = client.sign(demo.cert_sha256, mechanism_for(demo.cert), one.signed_attrs)
        return embed(one, build_cms(one, value))

    mark = conversion_mark(CLERK, MOMENT)
    organ = organ_stamp("Sao y", "Ủy ban nhân dân xã Suối Vặc, huyện Khuổi Ngoã", MOMENT)
    marked = sign(paper(), mark)
    files = {
        "marked": marked,
        "three pages": sign(paper(pages=3), mark),
        "invisible": sign(paper(), None),
        "clerk and organ": sign(marked, organ, "Organ-1"),
    }
    paths = []
    for name, pdf in files.items():
        paths.append(folder / f"{name}.pdf")
        paths[-1].write_bytes(pdf)
        mine = verify(pdf, anchors=[demo.root_pem], crls=demo.crls, now=MOMENT)
        assert mine.verdict == "valid", name
    trust = folder / "token" / "root.pem"
    lists = [folder / "token" / name for name in ("root.crl", "issuer.crl")]
    for verdict in judge(paths, [trust], lists):
        assert had(verdict.verapdf) == VeraPdf(compliant=True, flavour="2u", failed_rules=())
        dss = had(verdict.dss)
        assert isinstance(dss, Dss)
        assert set(dss.indications) == {"TOTAL_PASSED"}, (verdict.file, dss)
        assert set(dss.formats) == {"PAdES-BASELINE-B"}
        pdfsig = had(verdict.pdfsig)
        assert isinstance(pdfsig, Pdfsig)
        assert set(pdfsig.validations) == {"Signature is Valid."}
        assert pdfsig.whole_document[-1]
        assert had(verdict.qpdf) == Qpdf(ok=True, messages=())
    (without,) = judge(paths[:1], [trust], ask=("dss",))
    dss = had(without.dss)
    assert isinstance(dss, Dss)
    assert dss.indications == ("INDETERMINATE",)


def test_elliptic_curves_pass_and_a_changed_byte_fails_everywhere(folder: Path):
    around = {"begin": MOMENT - timedelta(days=9), "end": MOMENT + timedelta(days=900)}
    root = issue("TEST EC Root", ec_key("referee root"), ca=True, **around)
    clerk = issue(CLERK, ec_key("referee clerk"), root, **around)
    pdf = sign_soft(paper(), clerk, [], conversion_mark(CLERK, MOMENT))
    inside = pdf.index(b"\xff\xd8\xff") + 400
    bent = pdf[:inside] + bytes([pdf[inside] ^ 1]) + pdf[inside + 1 :]
    paths = [folder / name for name in ("ec.pdf", "bent.pdf")]
    for path, content in zip(paths, (pdf, bent), strict=True):
        path.write_bytes(content)
    trust, listed = folder / "ec.pem", folder / "ec.crl"
    trust.write_bytes(root.pem)
    listed.write_bytes(
        crl(root, issued=MOMENT - timedelta(hours=1), following=MOMENT + timedelta(days=900))
    )
    good, bad = judge(paths, [trust], [listed], ask=("dss", "pdfsig"))
    for verdict, indication, word in (
        (good, "TOTAL_PASSED", "Signature is Valid."),
        (bad, "TOTAL_FAILED", "Digest Mismatch."),
    ):
        dss, pdfsig = had(verdict.dss), had(verdict.pdfsig)
        assert isinstance(dss, Dss)
        assert isinstance(pdfsig, Pdfsig)
        assert dss.indications == (indication,)
        assert pdfsig.validations == (word,)
