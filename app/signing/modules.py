"""Where the PKCS#11 module of a token is: the configured path, else the usual places on Linux.

Nothing is loaded here: a module runs code the moment it is loaded, and only the token worker may
do that. A file is taken for a module when it is a native library of this machine's word size.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Final

from app.signing.errors import SigningError

SOFTHSM: Final = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/{multiarch}/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/libsofthsm2.so",
    "/usr/lib/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
VENDORS: Final = (
    "/usr/lib/libbit4xpki.so",
    "/usr/lib/{multiarch}/libbit4xpki.so",
    "/usr/lib/viettel-ca_v6.so",
    "/usr/lib/fptca_v4.so",
    "/usr/lib/{multiarch}/opensc-pkcs11.so",
    "/usr/lib64/opensc-pkcs11.so",
    "/usr/lib64/pkcs11/opensc-pkcs11.so",
    "/usr/lib/opensc-pkcs11.so",
)

_ELF = b"\x7fELF"
_ELF_CLASS = {1: 32, 2: 64}


def _multiarch() -> str:
    return str(getattr(sys.implementation, "_multiarch", "x86_64-linux-gnu"))


def _first(places: tuple[str, ...]) -> Path | None:
    for place in places:
        path = Path(place.format(multiarch=_multiarch()))
        if path.is_file():
            return path
    return None


def check_module(path: Path) -> None:
    """Passes when ``path`` can be a PKCS#11 module of this process.

    Raises:
        SigningError: ``sign.module_missing`` (no such file), ``sign.module_bits`` (other word
            size), ``sign.module_foreign`` (no native library).
    """
    try:
        with path.open("rb") as file:
            head = file.read(5)
    except OSError as trouble:
        raise SigningError("sign.module_missing", file=path.name) from trouble
    if sys.platform != "linux":
        return
    if head[:4] != _ELF or len(head) < 5:  # noqa: PLR2004 - magic and class
        raise SigningError("sign.module_foreign", file=path.name)
    if _ELF_CLASS.get(head[4]) != struct.calcsize("P") * 8:
        raise SigningError("sign.module_bits", file=path.name)


def find_module(configured: Path | None = None) -> Path:
    """The module to use: ``configured`` when given, else the first usual one that exists.

    Raises:
        SigningError: ``sign.module_missing``, ``sign.module_bits``, ``sign.module_foreign``.
    """
    found = configured if configured is not None else _first(VENDORS)
    if found is None:
        raise SigningError("sign.module_missing", file="")
    check_module(found)
    return found


def find_softhsm() -> Path:
    """The software token of the demo and the tests.

    Raises:
        SigningError: ``sign.module_missing``: SoftHSM 2 is not installed.
    """
    found = _first(SOFTHSM)
    if found is None:
        raise SigningError("sign.module_missing", file="libsofthsm2.so")
    check_module(found)
    return found
