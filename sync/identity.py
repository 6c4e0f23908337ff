"""Who this station is to which portal: the key made here and what enrolment gave back."""

from __future__ import annotations

import datetime as dt
import secrets
import ssl
from dataclasses import dataclass, field

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sync.canonical import canonical_json, parse_canonical
from sync.errors import SyncError
from sync.jws import ABOUT_TYP, VerifyKey, jws_verify, load_private_key, new_key_pem
from sync.manifest import STATION_FORM
from sync.shape import Shape, ShapeError
from sync.wire import Answer, exchange, open_client

_MAX_KEYS = 10
_NONCE_BYTES = 16
_ENROL_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class StationIdentity:
    """Everything the station needs to speak to its portal; a secret, stored encrypted.

    Attributes:
        station_id: name the portal gave, 2 to 12 upper-case letters and digits.
        private_key_pem: Ed25519, PKCS#8.
        portal_url: address without the base path.
        portal_id: what every answer must bear.
        issuer: who signs receipts, and the audience of our assertions.
        portal_keys: keys that may sign receipts.
    """

    station_id: str
    private_key_pem: bytes = field(repr=False)
    portal_url: str
    portal_id: str
    issuer: str
    portal_keys: tuple[VerifyKey, ...]

    @property
    def key(self) -> Ed25519PrivateKey:
        """The private key, ready to sign."""
        return load_private_key(self.private_key_pem)

    def to_bytes(self) -> bytes:
        """The identity as JSON; contains the private key."""
        return canonical_json(
            {
                "issuer": self.issuer,
                "portal_id": self.portal_id,
                "portal_keys": [key.jwk() for key in self.portal_keys],
                "portal_url": self.portal_url,
                "private_key_pem": self.private_key_pem.decode("ascii"),
                "station_id": self.station_id,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> StationIdentity:
        """The identity that ``to_bytes`` wrote.

        Raises:
            SyncError: ``sync.identity_bad``.
        """
        try:
            top = Shape.of(parse_canonical(data))
            pem = top.text("private_key_pem").encode("ascii")
            load_private_key(pem)
            return cls(
                station_id=top.text("station_id", STATION_FORM),
                private_key_pem=pem,
                portal_url=top.text("portal_url"),
                portal_id=top.text("portal_id"),
                issuer=top.text("issuer"),
                portal_keys=tuple(
                    VerifyKey.from_jwk(one) for one in top.shapes("portal_keys", _MAX_KEYS)
                ),
            )
        except (ShapeError, SyncError, UnicodeEncodeError) as error:
            raise SyncError("sync.identity_bad") from error


@dataclass(frozen=True, slots=True)
class About:
    """What a portal says of itself, signed with one of the keys it names."""

    portal_id: str
    issuer: str
    time: dt.datetime
    keys: tuple[VerifyKey, ...]
    patch_max: int


def parse_about(answer: Answer, nonce: str, trusted: tuple[VerifyKey, ...]) -> About:
    """The portal's self-description, fresh for ``nonce``.

    Args:
        answer: to ``GET /about?nonce=``.
        nonce: what was asked with.
        trusted: keys that may sign it; when empty, the keys it names itself (first contact).

    Raises:
        SyncError: ``sync.wrong_portal``, ``sync.answer_bad``.
    """
    try:
        stated = answer.shape()
        named = tuple(VerifyKey.from_jwk(one) for one in stated.shapes("keys", _MAX_KEYS))
        signed = jws_verify(stated.text("jws", most=20_000), trusted or named, ABOUT_TYP)
        top = Shape.of(parse_canonical(signed))
        about = About(
            portal_id=top.text("portal_id", most=100),
            issuer=top.text("issuer"),
            time=top.time("time"),
            keys=tuple(VerifyKey.from_jwk(one) for one in top.shapes("keys", _MAX_KEYS)),
            patch_max=top.shape("limits").integer("patch_max", 1),
        )
        fresh = secrets.compare_digest(top.text("nonce", most=100), nonce)
    except ShapeError as error:
        raise SyncError("sync.answer_bad", status=answer.status, why=str(error)) from error
    except SyncError as error:
        if error.slug == "sync.answer_bad":
            raise
        raise SyncError("sync.wrong_portal") from error
    if not fresh:
        raise SyncError("sync.wrong_portal")
    return about


def new_nonce() -> str:
    """A number used once, hex."""
    return secrets.token_hex(_NONCE_BYTES)


def enrol(
    url: str,
    *,
    code: str | None,
    label: str,
    office: str,
    now: dt.datetime,
    private_key_pem: bytes | None = None,
    context: ssl.SSLContext | None = None,
) -> StationIdentity:
    """The identity of this station at the portal under ``url``.

    Args:
        url: the portal's address without the base path.
        code: the one-time code; None where the portal asks for none (loopback).
        label: name of the counter; if it is 2 to 8 upper-case letters and digits and still
            free at the portal, it becomes the station's name.
        office: code of the organ, for example ``H26.12``; official codes begin with it.
        now: the time.
        private_key_pem: a key kept from an earlier attempt; a fresh one when None. The same
            key is always given the same station.
        context: trust for TLS.

    Raises:
        SyncError: ``sync.enrol_refused`` with the portal's ``code``, and whatever ``exchange``
            raises.
    """
    pem = private_key_pem if private_key_pem is not None else new_key_pem()
    request = {
        "csr_pem": _signing_request(load_private_key(pem)),
        "label": label,
        "office": office,
        **({} if code is None else {"code": code}),
    }
    with open_client(url, context) as client:
        about = _first_contact(client, now)
        answer = _enrol(client, canonical_json(request), about, now)
    try:
        top = answer.shape()
        station = top.text("station_id", STATION_FORM)
        same = top.text("portal_id") == about.portal_id and top.text("issuer") == about.issuer
    except ShapeError as error:
        raise SyncError("sync.answer_bad", status=answer.status, why=str(error)) from error
    if not same:
        raise SyncError("sync.wrong_portal")
    return StationIdentity(station, pem, url, about.portal_id, about.issuer, about.keys)


def _first_contact(client: httpx.Client, now: dt.datetime) -> About:
    nonce = new_nonce()
    answer = exchange(client, "GET", f"/about?nonce={nonce}", now=now, portal_id=None)
    about = parse_about(answer, nonce, ())
    if answer.headers.get("x-portal-id") != about.portal_id:
        raise SyncError("sync.wrong_portal")
    return about


def _enrol(client: httpx.Client, body: bytes, about: About, now: dt.datetime) -> Answer:
    """The granting answer; a cut is answered by asking again with the same key."""
    for attempt in range(_ENROL_ATTEMPTS):
        try:
            answer = exchange(
                client,
                "POST",
                "/enrol",
                now=now,
                portal_id=about.portal_id,
                headers={"Content-Type": "application/json"},
                body=body,
            )
        except SyncError as error:
            if error.slug == "sync.station_held":
                code = str(error.params.get("code", ""))
                raise SyncError("sync.enrol_refused", code=code) from error
            if error.slug != "sync.cut" or attempt + 1 == _ENROL_ATTEMPTS:
                raise
            continue
        if answer.status in {200, 201}:
            return answer
        raise SyncError("sync.enrol_refused", code=answer.code)
    raise SyncError("sync.cut")


def _signing_request(key: Ed25519PrivateKey) -> str:
    """A PKCS#10 request: the public key and the proof that we hold the private one (RFC 2986)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "station")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, None)
    return request.public_bytes(Encoding.PEM).decode("ascii")
