"""Signatures over JSON: compact JWS with Ed25519, and a detached one for the manifest.

Only what both sides need: one algorithm under its old and its new name, an exact ``typ``, a known
``kid``. Everything else, ``none`` above all, is refused before a key is touched.

Source: RFC 7515; RFC 7797 (unencoded detached payload); RFC 8037 and RFC 9864 (names of Ed25519).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from sync.canonical import canonical_json, parse_json
from sync.errors import SyncError
from sync.shape import Shape, ShapeError

RECEIPT_TYP = "counter-receipt+jwt"
ABOUT_TYP = "counter-about+jwt"
ASSERTION_TYP = "JWT"
MANIFEST_TYP = "counter-manifest+jws"
_ALGORITHMS = frozenset({"EdDSA", "Ed25519"})
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public Ed25519 key: ``kid`` is its RFC 7638 thumbprint, ``public`` its 32 raw bytes."""

    kid: str
    public: bytes

    @classmethod
    def of(cls, key: Ed25519PrivateKey | Ed25519PublicKey) -> VerifyKey:
        """The public half of ``key`` under its thumbprint."""
        half = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
        public = half.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(thumbprint(public), public)

    def jwk(self) -> dict[str, str]:
        """The key as a JSON Web Key (RFC 8037 section 2)."""
        return {"crv": "Ed25519", "kid": self.kid, "kty": "OKP", "x": b64url(self.public)}

    @classmethod
    def from_jwk(cls, part: Shape) -> VerifyKey:
        """The key of a JSON Web Key object.

        Raises:
            ShapeError: another kind of key, or a ``kid`` that is not the key's thumbprint.
        """
        if part.text("kty") != "OKP" or part.text("crv") != "Ed25519":
            raise ShapeError(part.where, "an Ed25519 key expected")
        try:
            public = unb64url(part.text("x", most=64))
        except ValueError as error:
            raise ShapeError(part.path("x"), "base64url expected") from error
        if len(public) != _KEY_BYTES or part.text("kid", most=64) != thumbprint(public):
            raise ShapeError(part.where, "key and kid do not fit")
        return cls(part.text("kid"), public)


def thumbprint(public: bytes) -> str:
    """The RFC 7638 thumbprint of a raw Ed25519 public key (32 bytes), base64url."""
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": b64url(public)}
    return b64url(hashlib.sha256(canonical_json(jwk)).digest())


def new_key_pem() -> bytes:
    """A fresh Ed25519 private key, PKCS#8 PEM without a passphrase."""
    return private_pem(Ed25519PrivateKey.generate())


def private_pem(key: Ed25519PrivateKey) -> bytes:
    """``key`` as PKCS#8 PEM without a passphrase."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_private_key(pem: bytes) -> Ed25519PrivateKey:
    """The Ed25519 private key in ``pem``.

    Raises:
        SyncError: ``sync.identity_bad``.
    """
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise SyncError("sync.identity_bad") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SyncError("sync.identity_bad")
    return key


def jws_sign(payload: bytes, key: Ed25519PrivateKey, kid: str, typ: str) -> str:
    """The compact JWS ``header.payload.signature``.

    Source: RFC 7515 section 5.1.
    """
    head = b64url(canonical_json({"alg": "EdDSA", "kid": kid, "typ": typ}))
    signed = f"{head}.{b64url(payload)}"
    return f"{signed}.{b64url(key.sign(signed.encode('ascii')))}"


def jws_verify(token: str | bytes, keys: Iterable[VerifyKey], typ: str) -> bytes:
    """The payload of a compact JWS that one of ``keys`` signed.

    Raises:
        SyncError: ``sync.jws_bad`` with ``why``; ``sync.jws_unknown_key`` with ``kid``.

    Source: RFC 7515 section 5.2.
    """
    head, body, signature = _parts(token)
    key = _key(_header(head, typ, detached=False), keys)
    _check(key, f"{head}.{body}".encode("ascii"), _decoded(signature))
    return _decoded(body)


def jws_sign_detached(payload: bytes, key: Ed25519PrivateKey, kid: str) -> str:
    """``header..signature`` over the manifest bytes as they are.

    Source: RFC 7797 section 4.
    """
    header = {"alg": "EdDSA", "b64": False, "crit": ["b64"], "kid": kid, "typ": MANIFEST_TYP}
    head = b64url(canonical_json(header))
    return f"{head}..{b64url(key.sign(head.encode('ascii') + b'.' + payload))}"


def jws_verify_detached(token: str, payload: bytes, keys: Iterable[VerifyKey]) -> None:
    """Return only when one of ``keys`` signed ``payload`` with ``token``.

    Raises:
        SyncError: ``sync.jws_bad`` with ``why``; ``sync.jws_unknown_key`` with ``kid``.
    """
    head, body, signature = _parts(token)
    if body:
        raise SyncError("sync.jws_bad", why="payload is not detached")
    key = _key(_header(head, MANIFEST_TYP, detached=True), keys)
    _check(key, head.encode("ascii") + b"." + payload, _decoded(signature))


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64url(text: str) -> bytes:
    """The bytes of unpadded base64url in its one canonical spelling.

    Raises:
        ValueError: any other letter, padding or spelling.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if b64url(data) != text:
        raise ValueError("not canonical base64url")
    return data


def _parts(token: str | bytes) -> tuple[str, str, str]:
    try:
        text = token if isinstance(token, str) else token.decode("ascii")
        head, body, signature = text.split(".")
    except ValueError as error:
        raise SyncError("sync.jws_bad", why="not a compact JWS") from error
    if not text.isascii():
        raise SyncError("sync.jws_bad", why="not a compact JWS")
    return head, body, signature


def _decoded(text: str) -> bytes:
    try:
        return unb64url(text)
    except ValueError as error:
        raise SyncError("sync.jws_bad", why="not base64url") from error


def _header(head: str, typ: str, *, detached: bool) -> str:
    """The ``kid`` of a header that is exactly what we allow."""
    try:
        header = Shape.of(parse_json(_decoded(head)))
        kid, alg, stated = header.text("kid", most=100), header.text("alg"), header.text("typ")
    except (ShapeError, SyncError) as error:
        raise SyncError("sync.jws_bad", why="wrong header") from error
    if alg not in _ALGORITHMS:
        raise SyncError("sync.jws_bad", why="algorithm not allowed")
    if stated != typ:
        raise SyncError("sync.jws_bad", why="wrong type")
    unencoded = header.fields.get("b64") is False and header.fields.get("crit") == ["b64"]
    plain = "b64" not in header.fields and "crit" not in header.fields
    if not (unencoded if detached else plain):
        raise SyncError("sync.jws_bad", why="critical header not understood")
    return kid


def _key(kid: str, keys: Iterable[VerifyKey]) -> VerifyKey:
    for key in keys:
        if key.kid == kid:
            return key
    raise SyncError("sync.jws_unknown_key", kid=kid)


def _check(key: VerifyKey, signed: bytes, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, signed)
    except InvalidSignature as error:
        raise SyncError("sync.jws_bad", why="signature does not fit") from error
