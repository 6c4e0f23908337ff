"""A practice token: a software token with a test root that says so. Imports ``app.signing``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from app.signing.demo_pki import DemoToken, find_softhsm, make_demo_token


def practice_token(folder: Path, trust: Path, *, now: dt.datetime, pin: str) -> DemoToken:
    """The practice token in ``folder``, made once; its test root is written to ``trust``.

    Raises:
        SigningError: sign.module_missing with the remedy.
    """
    token = make_demo_token(
        folder, now=now, module=find_softhsm(), pin=pin, clerk_name="Cán bộ Tập Huấn"
    )
    trust.mkdir(parents=True, exist_ok=True)
    for name, data in (("test-root.pem", token.root_pem), ("test.crl", token.crl)):
        path = trust / name
        if not path.is_file() or path.read_bytes() != data:
            temporary = path.with_suffix(".tmp")
            temporary.write_bytes(data)
            temporary.replace(path)
    return token
