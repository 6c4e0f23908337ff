"""Circular 15/2025/TT-BKHCN art. 5(1): signer and certificate are checked before signing."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.signing.demo_pki import DemoToken, find_softhsm, make_demo_token
from tests.packaging.drawn import draw
from tests.signing.shim import build_shim, calls

ROOT = Path(__file__).resolve().parents[2]
PIN = "482915"
LONG_AGO = dt.datetime(2021, 5, 4, 8, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def expired(tmp_path_factory: pytest.TempPathFactory) -> DemoToken:
    """A token whose certificate ran out years ago."""
    return make_demo_token(
        tmp_path_factory.mktemp("expired"),
        now=LONG_AGO,
        module=find_softhsm(),
        pin=PIN,
        clerk_name="Cán bộ Thử",
    )


def test_with_an_expired_certificate_the_pin_is_not_even_used(tmp_path: Path, expired: DemoToken):
    log, root, out = tmp_path / "calls", tmp_path / "root.pem", tmp_path / "signed.pdf"
    root.write_bytes(expired.root_pem)
    source = tmp_path / "in.pdf"
    draw(72).picture.save(source, "PDF")
    shim = build_shim(tmp_path)
    argv = ["sign", str(source), "-o", str(out), "--pin-stdin", "--trust", str(root)]
    argv += ["--module", str(shim), "--token", expired.label, "--home", str(tmp_path / "home")]
    done = subprocess.run(
        [sys.executable, "main.py", *argv],
        cwd=ROOT,
        input=f"{PIN}\n".encode(),
        capture_output=True,
        timeout=90,
        check=False,
        env={
            **os.environ,
            "SOFTHSM2_CONF": str(expired.softhsm_conf),
            "SHIM_MODULE": str(find_softhsm()),
            "SHIM_LOG": str(log),
        },
    )
    assert done.returncode == 3, done.stderr.decode()
    assert "[sign.cert_expired]" in done.stderr.decode()
    assert (calls(log, "C_Login"), calls(log, "C_Sign")) == (0, 0)
    assert not out.exists()
