"""Starts the one process that loads a PKCS#11 module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.signing.token import TokenClient


def open_token(command: Sequence[str], module: Path) -> TokenClient:
    """A client whose worker has loaded ``module``.

    Raises:
        SigningError: sign.module_missing, sign.module_fault.
    """
    return TokenClient([*command, "work", "token", "--module", str(module)])
