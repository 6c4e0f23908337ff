"""Puts more keys and certificates on a software token, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.signing.modules import find_softhsm
from tests.signing.conftest import PIN

if TYPE_CHECKING:
    from app.signing.demo_pki import DemoToken
    from tests.signing.signing_pki import Entity

SCRIPT = """
import json, sys
import pkcs11
from pkcs11 import Attribute as A
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key
from pkcs11.util.x509 import decode_x509_certificate

told = json.load(sys.stdin)
decode = decode_rsa_private_key if told["rsa"] else decode_ec_private_key
token = pkcs11.lib(told["module"]).get_token(token_serial=told["serial"].encode())
with token.open(rw=True, user_pin=told["pin"]) as session:
    session.create_object({
        **decode(bytes.fromhex(told["key"])), A.TOKEN: True, A.PRIVATE: True, A.SENSITIVE: True,
        A.SIGN: True, A.ID: bytes.fromhex(told["key_id"]), A.LABEL: "khoa",
        A.ALWAYS_AUTHENTICATE: told["always"],
    })
    session.create_object({
        **decode_x509_certificate(bytes.fromhex(told["cert"])), A.TOKEN: True, A.PRIVATE: False,
        A.ID: bytes.fromhex(told["cert_id"]), A.LABEL: "chung thu",
    })
"""


def add_to_token(
    token: DemoToken, entity: Entity, key_id: str, cert_id: str, *, always: bool = False
) -> None:
    """Adds the key and certificate of ``entity``; ids in hexadecimal."""
    rsa = entity.cert.signature_algorithm_oid is not None and hasattr(entity.key, "decrypt")
    key = entity.key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    told = {
        "module": str(find_softhsm()),
        "serial": token.serial,
        "pin": PIN,
        "rsa": rsa,
        "key": key.hex(),
        "key_id": key_id,
        "cert": entity.der.hex(),
        "cert_id": cert_id,
        "always": always,
    }
    subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(told),
        env={**os.environ, "SOFTHSM2_CONF": str(token.softhsm_conf)},
        check=True,
        text=True,
        timeout=60,
    )
