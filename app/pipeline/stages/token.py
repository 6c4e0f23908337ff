"""Starts the one process that loads a PKCS#11 module."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.signing.token import TokenClient


def open_token(
    command: Sequence[str], module: Path, env: Mapping[str, str] | None = None
) -> TokenClient:
    """A client whose worker has loaded ``module``; ``env`` is added to its environment.

    Raises:
        SigningError: sign.module_missing, sign.module_fault.
    """
    argv = [*command, "work", "token", "--module", str(module)]
    return TokenClient(argv, {**os.environ, **(env or {})})
