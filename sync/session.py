"""A conversation with one portal: token, clock offset, and proof that it is still our portal."""

from __future__ import annotations

import datetime as dt
import ssl
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from sync.canonical import canonical_json
from sync.errors import SyncError
from sync.identity import About, StationIdentity, new_nonce, parse_about
from sync.jws import ASSERTION_TYP, VerifyKey, jws_sign
from sync.protocol import ASSERTION_TYPE, REQUEST_ID_HEADER
from sync.shape import ShapeError
from sync.wire import TIMEOUTS, Answer, Body, Timeouts, exchange, open_client

_UNAUTHORISED = 401
_UNBELIEVED = frozenset({404, 410})
"""Statuses that make a sender begin anew; believed only from a portal that proved itself."""
_TOKEN_MARGIN_S = 60.0
_ASSERTION_LIFE_S = 300


class Session:
    """One HTTP client of one lane; not shared between threads.

    Args:
        identity: of this station.
        clock: the wall clock.
        context: trust for TLS.
        timeouts: how long each part of an exchange may stand still.
    """

    def __init__(
        self,
        identity: StationIdentity,
        clock: Callable[[], dt.datetime],
        context: ssl.SSLContext | None = None,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self.identity = identity
        self.keys: Iterable[VerifyKey] = identity.portal_keys
        self.patch_max = 0
        self._clock = clock
        self._timeouts = timeouts
        self._client = open_client(identity.portal_url, context)
        self._key = identity.key
        self._kid = VerifyKey.of(self._key).kid
        self._token = ""
        self._token_until = 0.0
        self._clock_offset = dt.timedelta()
        self._proved = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def prove(self) -> None:
        """Return once the portal has signed our nonce since the last outage.

        Raises:
            SyncError: whatever ``exchange`` raises; ``sync.wrong_portal``.
        """
        if self._proved:
            return
        nonce = new_nonce()
        answer = self._exchange("GET", f"/about?nonce={nonce}")
        about: About = parse_about(answer, nonce, self.identity.portal_keys)
        if (about.portal_id, about.issuer) != (self.identity.portal_id, self.identity.issuer):
            raise SyncError("sync.wrong_portal")
        self.keys = {key.kid: key for key in (*self.identity.portal_keys, *about.keys)}.values()
        self.patch_max = about.patch_max
        self._proved = True

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        read_timeout_s: float = 0.0,
    ) -> Answer:
        """The portal's answer to an authorised request; any status but 401, 403 and busy ones.

        Args:
            method: HTTP method.
            path: below the base path.
            headers: more request headers.
            body: bytes, or a function that yields them anew for each sending.
            read_timeout_s: for a request that may take longer than the session's own limit.

        Raises:
            SyncError: whatever ``exchange`` raises; ``sync.station_unknown``,
                ``sync.token_refused``.
        """
        for attempt in range(2):
            sent = {**(headers or {}), "Authorization": f"Bearer {self._bearer()}"}
            answer = self._exchange(method, path, sent, body, read_timeout_s)
            if answer.status != _UNAUTHORISED:
                break
            self._token = ""
            if attempt:
                raise SyncError("sync.token_refused", code=answer.code)
        if answer.status in _UNBELIEVED:
            self.prove()
        return answer

    def _exchange(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        read_timeout_s: float = 0.0,
    ) -> Answer:
        now = self._clock()
        try:
            answer = exchange(
                self._client,
                method,
                path,
                now=now,
                portal_id=self.identity.portal_id,
                headers={REQUEST_ID_HEADER: uuid.uuid4().hex, **(headers or {})},
                body=body,
                timeouts=replace(self._timeouts, read_s=max(read_timeout_s, self._timeouts.read_s)),
            )
        except SyncError as error:
            if error.slug not in {"sync.portal_busy", "sync.station_held"}:
                self._proved = False
            raise
        if answer.date is not None:
            self._clock_offset = answer.date - now
        return answer

    def _bearer(self) -> str:
        if self._token and time.monotonic() < self._token_until:
            return self._token
        answer = self._ask_token(self._clock())
        if answer.status == _UNAUTHORISED and answer.code == "assertion-time":
            answer = self._ask_token(self._clock() + self._clock_offset)
        if answer.status == _UNAUTHORISED:
            if answer.code == "station-unknown":
                raise SyncError("sync.station_unknown", station=self.identity.station_id)
            raise SyncError("sync.token_refused", code=answer.code)
        try:
            top = answer.shape()
            self._token = top.text("access_token")
            life_s = top.integer("expires_in", 1)
        except ShapeError as error:
            raise SyncError("sync.answer_bad", status=answer.status, why=str(error)) from error
        self._token_until = time.monotonic() + max(1.0, life_s - _TOKEN_MARGIN_S)
        return self._token

    def _ask_token(self, at: dt.datetime) -> Answer:
        """The answer to one client assertion.

        Source: RFC 6749 section 4.4; RFC 7523 section 2.2; the audience is the issuer alone.
        """
        issued = int(at.timestamp())
        claims = {
            "aud": self.identity.issuer,
            "exp": issued + _ASSERTION_LIFE_S,
            "iat": issued,
            "iss": self.identity.station_id,
            "jti": uuid.uuid4().hex,
            "sub": self.identity.station_id,
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": jws_sign(
                canonical_json(claims), self._key, self._kid, ASSERTION_TYP
            ),
        }
        return self._exchange(
            "POST",
            "/token",
            {"Content-Type": "application/x-www-form-urlencoded"},
            urlencode(form).encode("ascii"),
        )
