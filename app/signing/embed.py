"""From a raw signature to a proved file: pack the CMS, put it into the hole, read the file back.

All three are pure and may run again after a crash. The CMS always goes into the *prepared* file:
writing a shorter one over a longer one would leave old bytes behind.

Source: RFC 5652 (CMS), RFC 5035 (ESS), ETSI EN 319 142-1, ISO 32000-2 section 12.8.3.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asn1crypto import cms, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from app.signing.errors import SigningError
from app.signing.guard import check_attrs, sha256_hex
from app.signing.integrity import SignedPart, open_pdf, signed_parts
from app.signing.prepare import PreparedSignature, digest_around, external_signer

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Proof:
    """What the read-back found; it exists only when everything held.

    Attributes:
        sha256: SHA-256 of the signed file, hexadecimal.
        field: name of the new field.
        cert_sha256: the signer's certificate.
        digest: document digest that the signature covers, hexadecimal.
        signatures: filled signature fields in the file, this one included.
        bytes_added: growth over the unsigned file.
    """

    sha256: str
    field: str
    cert_sha256: str
    digest: str
    signatures: int
    bytes_added: int


def _failed(why: str) -> SigningError:
    return SigningError("sign.proof_failed", why=why)


def mechanism_for(cert: bytes) -> str:
    """The token mechanism of a certificate's key: ``rsa-sha256`` or ``ecdsa-sha256``.

    Raises:
        SigningError: ``sign.key_weak``: another kind of key; ``sign.cert_unreadable``.
    """
    try:
        algorithm = x509.Certificate.load(cert, strict=True).public_key.algorithm
    except (ValueError, TypeError) as trouble:
        raise SigningError("sign.cert_unreadable") from trouble
    try:
        return {"rsa": "rsa-sha256", "ec": "ecdsa-sha256"}[algorithm]
    except KeyError:
        raise SigningError("sign.key_weak", why=str(algorithm)) from None


def _value_holds(cert: bytes, signature: bytes, attrs: bytes) -> bool:
    key = load_der_public_key(x509.Certificate.load(cert).public_key.dump())
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, attrs, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, attrs, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def build_cms(prepared: PreparedSignature, signature: bytes) -> bytes:
    """DER of the CMS that carries ``signature``, the certificate and its chain.

    Raises:
        SigningError: ``sign.proof_failed``: the value does not fit the certificate and attributes.
    """
    if not _value_holds(prepared.cert, signature, prepared.signed_attrs):
        raise _failed("signature")
    signer = external_signer(prepared.cert, prepared.chain, signature)
    attrs = cms.CMSAttributes.load(prepared.signed_attrs)
    packed: bytes = asyncio.run(signer.async_sign_prescribed_attributes("sha256", attrs)).dump()
    return packed


def embed(prepared: PreparedSignature, cms: bytes) -> bytes:
    """The signed file: the prepared one with ``cms`` in its hole, padded with zeros.

    Raises:
        SigningError: ``sign.cms_too_big``, ``sign.record_damaged``.
    """
    prepared.check()
    start, end = prepared.hole
    digits = cms.hex().upper().encode("ascii")
    room = end - start - 2
    if len(digits) > room:
        raise SigningError("sign.cms_too_big", needed=len(digits), room=room)
    return b"".join((prepared.pdf[: start + 1], digits.ljust(room, b"0"), prepared.pdf[end - 1 :]))


def prove(unsigned: bytes, signed: bytes, prepared: PreparedSignature) -> Proof:
    """Reads a stored signed file back and holds it against what was planned.

    Args:
        unsigned: the paper before signing.
        signed: the file as it was read back from its store.
        prepared: what was prepared for it.

    Raises:
        SigningError: ``sign.proof_failed`` with ``why``: prefix, hole, digest, cms, signature,
            certificate, ess, trailing, fields, pages, other_signature.
    """
    if not signed.startswith(unsigned):
        raise _failed("prefix")
    start, end = prepared.hole
    if len(signed) != len(prepared.pdf) or signed[end:] != prepared.pdf[end:]:
        raise _failed("hole")
    if digest_around(signed, prepared.hole) != prepared.digest:
        raise _failed("digest")
    _prove_cms(signed[start + 1 : end - 1], prepared)
    before = _parts(unsigned)
    after = _parts(signed)
    _prove_fields(before, after, prepared, len(signed))
    if _page_count(unsigned) != _page_count(signed):
        raise _failed("pages")
    return Proof(
        sha256=sha256_hex(signed),
        field=prepared.field,
        cert_sha256=sha256_hex(prepared.cert),
        digest=prepared.digest.hex(),
        signatures=len(after),
        bytes_added=len(signed) - len(unsigned),
    )


def _prove_cms(digits: bytes, prepared: PreparedSignature) -> None:
    """The CMS in the hole is ours: attributes, certificate, ESS and value."""
    try:
        # BER length ends the value; what follows it is padding.
        blob = bytes.fromhex(digits.decode("ascii"))
        info = cms.ContentInfo.load(blob)
        if blob[len(info.dump()) :].strip(b"\0"):
            raise _failed("hole")
        data = info["content"]
        (signer,) = data["signer_infos"]
        attrs = signer["signed_attrs"].untag().dump()
        value = signer["signature"].native
        carried = {hashlib.sha256(each.chosen.dump()).digest() for each in data["certificates"]}
    except (ValueError, TypeError, KeyError) as trouble:
        raise _failed("cms") from trouble
    if attrs != prepared.signed_attrs:
        raise _failed("attributes")
    if hashlib.sha256(prepared.cert).digest() not in carried:
        raise _failed("certificate")
    try:
        check_attrs(attrs, sha256_hex(prepared.cert))
    except SigningError as trouble:
        raise _failed("ess") from trouble
    if prepared.digest not in _message_digests(attrs):
        raise _failed("digest")
    if not _value_holds(prepared.cert, value, attrs):
        raise _failed("signature")


def _message_digests(attrs: bytes) -> list[Any]:
    return [
        each["values"][0].native
        for each in cms.CMSAttributes.load(attrs)
        if each["type"].native == "message_digest"
    ]


def _parts(pdf: bytes) -> tuple[SignedPart, ...]:
    try:
        return signed_parts(open_pdf(pdf))
    except SigningError as trouble:
        raise _failed("unreadable") from trouble


def _page_count(pdf: bytes) -> int:
    return int(open_pdf(pdf).root["/Pages"]["/Count"])


def _prove_fields(
    before: Sequence[SignedPart],
    after: Sequence[SignedPart],
    prepared: PreparedSignature,
    size: int,
) -> None:
    """Exactly one new field, sound and last; all earlier ones as they were."""
    earlier = {part.field: part.fault for part in before}
    later = {part.field: part for part in after}
    new = later.pop(prepared.field, None)
    if new is None or prepared.field in earlier or later.keys() != earlier.keys():
        raise _failed("fields")
    if new.fault or new.digest != prepared.digest:
        raise _failed("signature")
    if new.end != size:
        raise _failed("trailing")
    if any(part.fault for part in later.values()):
        raise _failed("other_signature")
