"""The demo's token: made once, found again, renewed in time, and marked as a test."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from app.signing.demo_pki import LIFE, DemoToken, make_demo_token
from app.signing.errors import SigningError
from app.signing.modules import find_softhsm
from app.signing.policy import check_certificate
from tests.signing.conftest import PIN, StartWorker
from tests.signing.signing_pki import NOW


def make(folder: Path, **changed: object) -> DemoToken:
    arguments: dict[str, object] = {
        "now": NOW,
        "module": find_softhsm(),
        "pin": PIN,
        "clerk_name": "Bùi Thị Mỹ Nguyệt",
        **changed,
    }
    return make_demo_token(folder, **arguments)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "demo"


def test_the_demo_certificate_passes_every_check_and_says_that_it_is_a_test(folder: Path):
    made = make(folder)
    assert check_certificate(made.cert, made.chain, [made.root_pem], made.crls, NOW) == ()
    for cert in (
        x509.load_pem_x509_certificate(made.root_pem),
        x509.load_der_x509_certificate(made.cert),
    ):
        assert "TEST" in cert.subject.rfc4514_string()


def test_a_second_run_returns_the_same_token_even_from_another_place(
    folder: Path, start: StartWorker, tmp_path: Path
):
    made = make(folder)
    assert make(folder, now=NOW + timedelta(days=400)) == made
    moved = tmp_path / "moved"
    shutil.move(folder, moved)
    again = make(moved)
    assert (again.serial, again.cert_sha256) == (made.serial, made.cert_sha256)
    client = start(conf=again.softhsm_conf)
    client.login(again.serial, again.cert_sha256, bytearray(PIN.encode()))


def test_it_is_made_anew_near_its_end_and_after_an_interrupted_start(folder: Path):
    made = make(folder)
    renewed = make(folder, now=NOW + LIFE - timedelta(days=10))
    assert renewed.cert_sha256 != made.cert_sha256
    (folder / "demo.json").write_text("{half")
    repaired = make(folder)
    assert repaired.serial != renewed.serial
    (folder / "issuer.crl").unlink()
    assert make(folder).serial != repaired.serial
    assert len(list((folder / "tokens").iterdir())) == 1


def test_neither_pin_nor_key_lies_in_the_open(folder: Path):
    make(folder)
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert PIN.encode() not in content, path
            assert b"PRIVATE KEY" not in content, path
    assert folder.stat().st_mode & 0o077 == 0


def test_a_module_that_is_none_is_named_and_leaves_nothing(folder: Path, tmp_path: Path):
    with pytest.raises(SigningError, match=r"sign\.module_missing"):
        make(folder, module=tmp_path / "absent.so")
    foreign = next(Path("/usr/lib").glob("*-linux-gnu/libz.so.1"), None)
    if foreign is not None:
        with pytest.raises(SigningError, match=r"sign\.demo_failed"):
            make(folder, module=foreign)
    assert "SOFTHSM2_CONF" not in os.environ or Path(os.environ["SOFTHSM2_CONF"]).exists()
    assert make(folder).label
