"""Looks at what is about to be signed: nothing but the signed attributes of one's own certificate.

A token signs any bytes it is given. This guard stands in front of every key, hard or soft, so that
a mix-up of certificates or a foreign blob can never turn into a signature.

Source: RFC 5652 section 5.3 and 11 (signed attributes), RFC 5035 section 3 (ESS certificate v2),
ETSI EN 319 122-1 (CAdES baseline).
"""

from __future__ import annotations

import hashlib
from typing import Any

from asn1crypto import cms, tsp  # tsp registers the ESS attribute with cms

from app.signing.errors import SigningError

MAX_ATTRS_BYTES = 16 * 1024

_SHA256_BYTES = 32


def _refuse(why: str) -> SigningError:
    return SigningError("sign.refused_attrs", why=why)


def _single(found: dict[str, list[Any]], name: str) -> Any:
    """The only value of the only attribute called ``name``."""
    attributes = found.get(name, [])
    if len(attributes) != 1 or len(attributes[0]["values"]) != 1:
        raise _refuse(name)
    return attributes[0]["values"][0]


def check_attrs(attrs: bytes, cert_sha256: str) -> None:
    """Passes when ``attrs`` are signed attributes bound to the certificate ``cert_sha256``.

    Args:
        attrs: DER of the SET OF signed attributes.
        cert_sha256: hexadecimal SHA-256 of the certificate that is logged in.

    Raises:
        SigningError: ``sign.refused_attrs`` with the reason.
    """
    if len(attrs) > MAX_ATTRS_BYTES:
        raise _refuse("size")
    try:
        parsed = cms.CMSAttributes.load(attrs, strict=True)
        found: dict[str, list[Any]] = {}
        for attribute in parsed:
            found.setdefault(attribute["type"].native, []).append(attribute)
        content_type = _single(found, "content_type").native
        digest = _single(found, "message_digest").native
        ess = _single(found, "signing_certificate_v2")
        if not isinstance(ess, tsp.SigningCertificateV2):
            raise _refuse("signing_certificate_v2")
        first = ess["certs"][0]
        algorithm = first["hash_algorithm"]["algorithm"].native
        bound_to = first["cert_hash"].native
    except (ValueError, TypeError, KeyError, IndexError) as trouble:
        raise _refuse("not signed attributes") from trouble
    if content_type != "data":
        raise _refuse("content_type")
    if not isinstance(digest, bytes) or len(digest) != _SHA256_BYTES:
        raise _refuse("message_digest")
    if algorithm != "sha256" or bound_to != bytes.fromhex(cert_sha256):
        raise _refuse("signing_certificate_v2")


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of ``data`` in lower-case hexadecimal: how certificates are named here."""
    return hashlib.sha256(data).hexdigest()
