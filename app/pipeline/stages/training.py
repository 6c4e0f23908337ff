"""A practice token: a software token with a test root that says so. Imports ``app.signing``."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from app.pipeline.stages.signfiles import common_name
from app.signing.demo_pki import DemoToken, find_softhsm, make_demo_token

CLERK = "KÝ THỬ – Cán bộ Tập Huấn"
"""Nobody: the name on the practice certificate, and so on every mark made with it."""


@dataclass(frozen=True, slots=True)
class Made:
    """The token, the module that serves it and the name for the mark."""

    token: DemoToken
    module: Path
    name: str


def practice_token(folder: Path, trust: Path, *, now: dt.datetime, pin: str) -> Made:
    """The practice token in ``folder``, made once; its test root is written to ``trust``.

    Raises:
        SigningError: sign.module_missing with the remedy.
    """
    module = find_softhsm()
    token = make_demo_token(folder, now=now, module=module, pin=pin, clerk_name=CLERK)
    trust.mkdir(parents=True, exist_ok=True)
    _write(trust / "test-root.pem", token.root_pem)
    for number, crl in enumerate(token.crls):
        _write(trust / f"test-{number}.crl", crl)
    return Made(token, module, common_name(token.cert))


def _write(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(data)
        temporary.replace(path)
