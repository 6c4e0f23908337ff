"""Stations at the portal: enrolment, and the tokens they get for a signed assertion."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sync.canonical import parse_json
from sync.errors import SyncError
from sync.jws import ASSERTION_TYP, VerifyKey, jws_verify, unb64url
from sync.manifest import ORGAN_FORM, STATION_FORM
from sync.portal.database import Database, Tx
from sync.portal.folder import Folder
from sync.portal.problems import Problem
from sync.portal.receipts import iso
from sync.shape import Shape, ShapeError

TOKEN_LIFE_S = 600
_LEEWAY_S = 300
_JTI_KEPT_S = 900
_LONGEST_ASSERTION_S = 600
_CODE_LIFE = dt.timedelta(hours=72)
_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_LENGTH = 12
_FAILURES = 5
_LOCK_S = 900
_WISH_FORM = re.compile(r"[A-Z0-9]{2,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Station:
    """A station the portal knows."""

    id: str
    key: VerifyKey
    label: str
    office: str
    suspended: bool


@dataclass(frozen=True, slots=True)
class EnrolRequest:
    """A well-formed request for enrolment."""

    key: VerifyKey
    label: str
    office: str
    code: str | None


def parse_enrol(data: bytes) -> EnrolRequest:
    """The enrolment that ``data`` asks for.

    Raises:
        Problem: 422.
    """
    try:
        top = Shape.of(parse_json(data))
        office = top.text("office", most=40)
        label = top.text("label", most=80)
        code = top.text("code", most=40) if top.has("code") else None
        key = _requested_key(top.text("csr_pem", most=2000))
    except ShapeError as error:
        raise Problem(422, "enrol-malformed", where=error.where) from error
    except SyncError as error:
        raise Problem(422, "enrol-malformed", where="body") from error
    if not ORGAN_FORM.fullmatch(office):
        raise Problem(422, "office-malformed")
    return EnrolRequest(key, label, office, code)


def _requested_key(pem: str) -> VerifyKey:
    """The key of a PKCS#10 request that its own private half signed (RFC 2986)."""
    try:
        request = x509.load_pem_x509_csr(pem.encode("ascii"))
        key = request.public_key()
        if isinstance(key, Ed25519PublicKey) and request.is_signature_valid:
            return VerifyKey.of(key)
    except (ValueError, UnicodeEncodeError, TypeError) as error:
        raise ShapeError("csr_pem", "no signing request") from error
    raise ShapeError("csr_pem", "an Ed25519 request signed by its key expected")


class Stations:
    """Enrolment and authorisation.

    Args:
        database: of the portal.
        folder: for the steps of the storage order.
        issuer: the only audience an assertion may name.
        clock: the wall clock.
    """

    def __init__(
        self, database: Database, folder: Folder, issuer: str, clock: Callable[[], dt.datetime]
    ) -> None:
        self._database = database
        self._folder = folder
        self._issuer = issuer
        self._clock = clock
        self._tokens: dict[str, tuple[str, float]] = {}

    def new_code(self) -> str:
        """A fresh one-time code of twelve letters, good for 72 hours."""
        code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))
        with self._database.write() as tx:
            tx.run(
                "INSERT INTO enrol_codes (code_sha256, expires_at) VALUES (?, ?)",
                _code_sha256(code),
                iso(self._clock() + _CODE_LIFE),
            )
        return code

    def enrol(self, request: EnrolRequest, address: str, *, needs_code: bool) -> tuple[str, bool]:
        """The station's name and whether it is new; the same key gets the same name again.

        Raises:
            Problem: 403 for a missing, wrong or locked code, 409 for a code another key used.
        """
        if needs_code:
            self._check_lock(address)
        try:
            with self._database.write() as tx:
                if needs_code:
                    self._use_code(tx, request)
                known = tx.value("SELECT id FROM stations WHERE kid = ?", request.key.kid)
                if known is not None:
                    return str(known), False
                name = self._insert(tx, request)
                self._folder.hop("enrol-before-commit")
        except Problem as problem:
            if problem.code == "code-wrong":
                self._count_failure(address)
            raise
        self._folder.hop("enrol-committed")
        return name, True

    def _insert(self, tx: Tx, request: EnrolRequest) -> str:
        name = _free_name(tx, request.label)
        tx.run(
            "INSERT INTO stations (id, kid, public, label, office, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            name,
            request.key.kid,
            request.key.public,
            request.label,
            request.office,
            iso(self._clock()),
        )
        return name

    def _use_code(self, tx: Tx, request: EnrolRequest) -> None:
        if request.code is None:
            raise Problem(403, "code-required")
        digest = _code_sha256(request.code)
        row = tx.one(
            "SELECT expires_at, used_by_kid FROM enrol_codes WHERE code_sha256 = ?", digest
        )
        if row is None or dt.datetime.fromisoformat(row[0]) < self._clock():
            raise Problem(403, "code-wrong")
        if row[1] not in {None, request.key.kid}:
            raise Problem(409, "code-used")
        tx.run(
            "UPDATE enrol_codes SET used_by_kid = ? WHERE code_sha256 = ?", request.key.kid, digest
        )

    def _check_lock(self, address: str) -> None:
        with self._database.read() as tx:
            until = tx.value("SELECT locked_until FROM enrol_failures WHERE address = ?", address)
        if until is not None and until > self._clock().timestamp():
            raise Problem(403, "code-locked")

    def _count_failure(self, address: str) -> None:
        with self._database.write() as tx:
            failures = tx.value(
                "INSERT INTO enrol_failures (address, failures, locked_until) VALUES (?, 1, 0)"
                " ON CONFLICT (address) DO UPDATE SET failures = failures + 1 RETURNING failures",
                address,
            )
            if failures >= _FAILURES:
                tx.run(
                    "UPDATE enrol_failures SET failures = 0, locked_until = ? WHERE address = ?",
                    int(self._clock().timestamp()) + _LOCK_S,
                    address,
                )

    def get(self, name: str) -> Station | None:
        """The station called ``name``."""
        with self._database.read() as tx:
            row = tx.one(
                "SELECT id, kid, public, label, office, suspended FROM stations WHERE id = ?", name
            )
        if row is None:
            return None
        return Station(row[0], VerifyKey(row[1], row[2]), row[3], row[4], bool(row[5]))

    def suspend(self, name: str, *, suspended: bool) -> None:
        """Lock a station out, or let it in again."""
        with self._database.write() as tx:
            tx.run("UPDATE stations SET suspended = ? WHERE id = ?", int(suspended), name)

    def grant(self, assertion: str) -> str:
        """An access token for a valid client assertion.

        Raises:
            Problem: 401 or 403.

        Source: RFC 7523 section 3.
        """
        station = self.get(_unverified_subject(assertion))
        if station is None:
            raise Problem(401, "station-unknown")
        try:
            claims = Shape.of(parse_json(jws_verify(assertion, [station.key], ASSERTION_TYP)))
            named = {claims.text("iss"), claims.text("sub")}
            audience, jti = claims.text("aud"), claims.text("jti", most=100)
            issued, expires = claims.integer("iat"), claims.integer("exp")
        except (SyncError, ShapeError) as error:
            raise Problem(401, "assertion-bad") from error
        if named != {station.id} or audience != self._issuer:
            raise Problem(401, "assertion-bad")
        now = self._clock().timestamp()
        if not 0 < expires - issued <= _LONGEST_ASSERTION_S:
            raise Problem(401, "assertion-bad")
        if not issued - _LEEWAY_S <= now <= expires + _LEEWAY_S:
            raise Problem(401, "assertion-time")
        self._remember(jti, now)
        if station.suspended:
            raise Problem(403, "station-suspended")
        token = secrets.token_urlsafe(32)
        self._tokens = {key: one for key, one in self._tokens.items() if one[1] > now}
        self._tokens[hashlib.sha256(token.encode()).hexdigest()] = (station.id, now + TOKEN_LIFE_S)
        return token

    def _remember(self, jti: str, now: float) -> None:
        with self._database.write() as tx:
            tx.run("DELETE FROM assertions WHERE kept_until < ?", int(now))
            fresh = tx.run(
                "INSERT OR IGNORE INTO assertions (jti, kept_until) VALUES (?, ?)",
                jti,
                int(now) + _JTI_KEPT_S + _LONGEST_ASSERTION_S,
            )
        if not fresh:
            raise Problem(401, "assertion-replayed")

    def authorise(self, header: str | None) -> Station:
        """The station that holds the bearer token of ``header``.

        Raises:
            Problem: 401 or 403.
        """
        scheme, _, token = (header or "").partition(" ")
        held = self._tokens.get(hashlib.sha256(token.encode()).hexdigest())
        if scheme.lower() != "bearer" or held is None or held[1] <= self._clock().timestamp():
            raise Problem(401, "token-invalid", headers={"WWW-Authenticate": "Bearer"})
        station = self.get(held[0])
        if station is None:
            raise Problem(401, "station-unknown")
        if station.suspended:
            raise Problem(403, "station-suspended")
        return station


def _unverified_subject(assertion: str) -> str:
    """Whom an assertion claims to come from; nothing more is believed of it yet."""
    try:
        body = assertion.split(".")[1]
        return Shape.of(parse_json(unb64url(body))).text("sub", STATION_FORM)
    except (IndexError, ValueError, SyncError) as error:
        raise Problem(401, "assertion-bad") from error


def _code_sha256(code: str) -> str:
    plain = code.replace("-", "").replace(" ", "").upper()
    return hashlib.sha256(plain.encode("utf-8")).hexdigest()


def _free_name(tx: Tx, wish: str) -> str:
    """``wish`` when it is a name and free, else the next free ``QUAYnn``."""
    taken = {row[0] for row in tx.all("SELECT id FROM stations")}
    if _WISH_FORM.fullmatch(wish) and wish not in taken:
        return wish
    number = 1
    while (name := f"QUAY{number:02d}") in taken:
        number += 1
    return name
