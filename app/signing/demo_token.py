"""Fills a fresh SoftHSM token; runs in a child process of its own, started by ``demo_pki``.

The token is initialised through the module's own C functions, so that no PIN stands in any
command line; key and certificates are written with python-pkcs11.

Source: PKCS#11 v2.40, C_InitToken and C_InitPIN.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.signing.token_worker import harden

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_LABEL_BYTES = 32


@dataclass(frozen=True, slots=True)
class TokenContent:
    """What goes into a token: label, PIN, one RSA key (PKCS#1 DER) and certificates (DER).

    The first certificate belongs to the key.
    """

    label: str
    pin: str
    key_pkcs1: bytes
    certs: tuple[bytes, ...]


class _InitError(Exception):
    """A C function of the module answered with an error."""


def write_token(
    conf: str, module: str, content: TokenContent, answer: Connection[tuple[str, str], object]
) -> None:
    """Makes the token and sends (serial, "") or ("", what failed)."""
    harden()
    os.environ["SOFTHSM2_CONF"] = conf
    try:
        so_pin = secrets.token_hex(16)
        _init_token(module, content.label, so_pin)
        serial = _fill(module, so_pin, content)
    except Exception as trouble:  # noqa: BLE001 - a child can only report what went wrong
        answer.send(("", type(trouble).__name__))
    else:
        answer.send((serial, ""))
    finally:
        answer.close()


def _init_token(module: str, label: str, so_pin: str) -> None:
    """C_InitToken on the first slot: the free one of an empty token folder."""
    lib = ctypes.CDLL(module)

    def call(name: str, *arguments: Any) -> None:
        if getattr(lib, name)(*arguments) != 0:
            raise _InitError(name)

    call("C_Initialize", None)
    try:
        count = ctypes.c_ulong(1)
        slots = (ctypes.c_ulong * 1)()
        call("C_GetSlotList", ctypes.c_ubyte(0), slots, ctypes.byref(count))
        pin = so_pin.encode()
        padded = label.encode().ljust(_LABEL_BYTES)[:_LABEL_BYTES]
        call("C_InitToken", ctypes.c_ulong(slots[0]), pin, ctypes.c_ulong(len(pin)), padded)
    finally:
        lib.C_Finalize(None)


def _fill(module: str, so_pin: str, content: TokenContent) -> str:
    import pkcs11  # noqa: PLC0415 - the native part belongs into this child only
    from pkcs11 import Attribute  # noqa: PLC0415 - as above
    from pkcs11.util.rsa import decode_rsa_private_key  # noqa: PLC0415 - as above
    from pkcs11.util.x509 import decode_x509_certificate  # noqa: PLC0415 - as above

    lib: Any = pkcs11.lib(module)
    token = lib.get_token(token_label=content.label)
    with token.open(rw=True, so_pin=so_pin) as session:
        session.init_pin(content.pin)
    key_id = hashlib.sha256(content.certs[0]).digest()[:8]
    with token.open(rw=True, user_pin=content.pin) as session:
        session.create_object(
            {
                **decode_rsa_private_key(content.key_pkcs1),
                Attribute.TOKEN: True,
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
                Attribute.SIGN: True,
                Attribute.ID: key_id,
                Attribute.LABEL: "khoa ky thu",
            }
        )
        for number, cert in enumerate(content.certs):
            session.create_object(
                {
                    **decode_x509_certificate(cert),
                    Attribute.TOKEN: True,
                    Attribute.PRIVATE: False,
                    Attribute.ID: key_id if number == 0 else hashlib.sha256(cert).digest()[:8],
                    Attribute.LABEL: "chung thu thu" if number == 0 else f"chain {number}",
                }
            )
    serial: bytes = token.serial
    return serial.decode("ascii").rstrip("\0 ")
