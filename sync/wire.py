"""One HTTP exchange, and the judgement whether it was the portal that answered.

A number alone proves nothing: hotel logins, proxies and strangers answer too. Without the portal's
header an answer is a fault of the network, whatever it says.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from sync.canonical import parse_json
from sync.errors import SyncError
from sync.protocol import BASE_PATH, CONTRACT, CONTRACT_HEADER, PORTAL_ID_HEADER
from sync.retry import retry_after_s
from sync.shape import Shape, ShapeError

Body = bytes | Callable[[], Iterator[bytes]] | None
MAX_ANSWER_BYTES = 4 * 1024 * 1024
_BUSY = frozenset({408, 423, 425, 429, 507})
_SERVER_ERROR = 500
_LOGIN_REQUIRED = 511
_UNAUTHORISED, _FORBIDDEN = 401, 403
_REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a connection, for a piece to be taken, for an answer to move."""

    connect_s: float = 10.0
    write_s: float = 30.0
    read_s: float = 30.0


TIMEOUTS = Timeouts()
"""The limits for a real link."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that bears the portal's header."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def shape(self) -> Shape:
        """The JSON object of the body.

        Raises:
            SyncError: ``sync.answer_bad``.
        """
        try:
            return Shape.of(parse_json(self.body))
        except (ShapeError, SyncError) as error:
            raise SyncError("sync.answer_bad", status=self.status, why="not JSON") from error

    @property
    def code(self) -> str:
        """The reason code of a problem document, empty when there is none."""
        try:
            return self.shape().text("code", most=80)
        except (ShapeError, SyncError):
            return ""

    @property
    def offset(self) -> int:
        """The acknowledged ``Upload-Offset``.

        Raises:
            SyncError: ``sync.answer_bad`` when it is missing or garbled.
        """
        text = self.headers.get("upload-offset", "")
        if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004 - below 2^53
            raise SyncError("sync.answer_bad", status=self.status, why="no offset")
        return int(text)

    @property
    def date(self) -> dt.datetime | None:
        """The portal's clock, None when the header is garbled."""
        try:
            at = parsedate_to_datetime(self.headers.get("date", ""))
        except ValueError:
            return None
        return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def open_client(portal_url: str, context: ssl.SSLContext | None = None) -> httpx.Client:
    """A client that talks to ``portal_url`` only: no proxies from outside, no redirects.

    Args:
        portal_url: ``https://host[:port][/prefix]``; plain ``http`` on the loopback only.
        context: trust for TLS; the platform's default when None.

    Raises:
        SyncError: ``sync.url_bad``, ``sync.url_insecure``.
    """
    check_url(portal_url)
    transport = httpx.HTTPTransport(
        verify=context if context is not None else True, trust_env=False, retries=0
    )
    return httpx.Client(
        base_url=portal_url.rstrip("/") + BASE_PATH,
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        headers={CONTRACT_HEADER: CONTRACT, "Accept-Encoding": "identity"},
    )


def check_url(portal_url: str) -> None:
    """Return only for an address the station may talk to.

    Raises:
        SyncError: ``sync.url_bad``, ``sync.url_insecure``.
    """
    try:
        parts = urlsplit(portal_url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise SyncError("sync.url_bad") from error
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        raise SyncError("sync.url_bad")
    if parts.username is not None or parts.password is not None:
        raise SyncError("sync.url_bad")
    if parts.scheme == "http" and not is_loopback(host):
        raise SyncError("sync.url_insecure", host=host[:100])


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def exchange(
    client: httpx.Client,
    method: str,
    path: str,
    *,
    now: dt.datetime,
    portal_id: str | None,
    headers: Mapping[str, str] | None = None,
    body: Body = None,
    timeouts: Timeouts = TIMEOUTS,
) -> Answer:
    """The portal's answer, 401 included, busy and forbidding ones not.

    Args:
        client: from ``open_client``.
        method: HTTP method.
        path: below the base path, beginning with a slash.
        now: the time, for ``Retry-After`` dates.
        portal_id: what the answer must bear; None takes any (before enrolment).
        headers: more request headers.
        body: bytes, or a function that yields them anew for each sending.
        timeouts: how long each part may stand still.

    Raises:
        SyncError: ``sync.offline``, ``sync.cut`` (the request may have been carried out),
            ``sync.tls_untrusted``, ``sync.captive``, ``sync.not_a_portal``,
            ``sync.wrong_portal``, ``sync.portal_busy``, ``sync.station_held``.
    """
    timeout = httpx.Timeout(
        connect=timeouts.connect_s, write=timeouts.write_s, read=timeouts.read_s, pool=10.0
    )
    content = body() if callable(body) else body
    try:
        with client.stream(
            method, path, headers=headers, content=content, timeout=timeout
        ) as response:
            answer = Answer(response.status_code, dict(response.headers.items()), _read(response))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        if _is_tls(error):
            raise SyncError("sync.tls_untrusted") from error
        raise SyncError("sync.offline") from error
    except httpx.HTTPError as error:
        raise SyncError("sync.cut") from error
    _judge_origin(answer, portal_id)
    _judge_state(answer, now)
    return answer


def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise SyncError("sync.answer_bad", status=response.status_code, why="too long")
    return bytes(body)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _judge_origin(answer: Answer, portal_id: str | None) -> None:
    stated = answer.headers.get(PORTAL_ID_HEADER.lower())
    if stated is None:
        html = answer.headers.get("content-type", "").startswith("text/html")
        if html or answer.status == _LOGIN_REQUIRED or answer.status in _REDIRECTS:
            raise SyncError("sync.captive", status=answer.status)
        raise SyncError("sync.not_a_portal", status=answer.status)
    if portal_id is not None and stated != portal_id:
        raise SyncError("sync.wrong_portal")


def _judge_state(answer: Answer, now: dt.datetime) -> None:
    if answer.status == _FORBIDDEN:
        raise SyncError("sync.station_held", code=answer.code)
    if answer.status in _BUSY or answer.status >= _SERVER_ERROR:
        raise SyncError(
            "sync.portal_busy",
            status=answer.status,
            code=answer.code,
            retry_after_s=retry_after_s(answer.headers.get("retry-after"), now),
        )
