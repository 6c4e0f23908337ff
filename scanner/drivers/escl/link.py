"""HTTP to one eSCL device: small documents whole, sides as a stream whose length is checked.

Each request has a connection of its own and says so: a Kyocera whose connection is kept stays busy
for ten seconds after the job (noted in sane-airscan's source), and no device is known that minds.
Under TLS the session is taken up again, which spares most of the handshake. Source: RFC 9112, 6874.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import unquote, urljoin, urlsplit

from scanner.drivers.escl.documents import MAX_XML_BYTES
from scanner.drivers.escl.quirks import PLAIN
from scanner.errors import ScannerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

    from scanner.drivers.escl.pins import Pins
    from scanner.drivers.source import Stop

CONNECT_S: Final = 5.0
ANSWER_S: Final = 10.0
CHUNK_BYTES: Final = 64 << 10
SESSIONS: Final = 4
_PORTS: Final = {"http": 80, "https": 443}


class LinkError(Exception):
    """The connection failed or broke.

    `timed_out` when the device only fell silent, `garbled` with what it spoke instead of HTTP.
    """

    def __init__(self, *, timed_out: bool = False, garbled: str = "") -> None:
        super().__init__(timed_out, garbled)
        self.timed_out = timed_out
        self.garbled = garbled

    def named(self, otherwise: str) -> ScannerError:
        """What to tell: silence, nonsense, or `otherwise` for a connection that failed."""
        if self.garbled:
            return ScannerError("scan.driver_error", code=self.garbled)
        return ScannerError("scan.stalled" if self.timed_out else otherwise)


# http.client answers a chunk of negative length, and a host name that cannot be one, this way.
_BROKEN: Final = (OSError, http.client.HTTPException, ValueError)


def _link_error(error: OSError | http.client.HTTPException | ValueError) -> LinkError:
    if isinstance(error, TimeoutError):
        return LinkError(timed_out=True)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return LinkError(garbled="tls")
    lost = isinstance(error, OSError | http.client.IncompleteRead)
    return LinkError() if lost else LinkError(garbled="http")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: status, the headers that matter here, and the body."""

    status: int
    location: str
    retry_after_s: float | None
    server: str
    body: bytes


class Document:
    """An open answer of NextDocument with status 200."""

    def __init__(self, response: _Response) -> None:
        self._response = response
        self.name = _file_name(response)

    def chunks(self, silence_s: float) -> Iterator[bytes]:
        """The bytes as they come.

        Raises:
            LinkError: The body was cut or nothing came for `silence_s`.
        """
        left = self._response.length
        while True:
            self._response.clock.allow(silence_s)
            try:
                data = self._response.read1(CHUNK_BYTES)
            except _BROKEN as error:
                raise _link_error(error) from error
            if not data:
                break
            if left is not None:
                left -= len(data)
            yield data
        if left:
            raise LinkError


class EsclLink:
    """Requests to the device behind one eSCL address, plain or under TLS.

    With `pins` the device must show the certificate of its first use. `quirks` may be set as soon
    as they are known.

    Raises:
        ScannerError: `scan.unsupported` when the address is neither http nor https.
    """

    def __init__(self, url: str, stop: Stop | None = None, pins: Pins | None = None) -> None:
        try:
            parts = urlsplit(url)
            self._host = unquote(parts.hostname or "")
            self._port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError as error:
            raise ScannerError("scan.unsupported", feature="address") from error
        if parts.scheme not in _PORTS or not self._host:
            raise ScannerError("scan.unsupported", feature=f"{parts.scheme or '?'}://")
        self._scheme = parts.scheme
        self._root = parts.path.rstrip("/") or "/eSCL"
        self._stop = stop
        self._pins = pins
        self._session: ssl.SSLSession | None = None
        self._sessions = 0
        self.quirks = PLAIN

    def get(self, name: str, silence_s: float = ANSWER_S) -> Answer:
        """The answer to GET of a document under the root, all of it within `silence_s`.

        Raises:
            LinkError: No connection, or it broke.
        """
        return self._whole("GET", f"{self._root}/{name}", b"", silence_s)

    def post_job(self, settings: bytes) -> Answer:
        """The answer to the creation of a scan job.

        Raises:
            LinkError: No connection, or it broke.
        """
        return self._whole("POST", f"{self._root}/ScanJobs", settings, ANSWER_S)

    def delete(self, job: str) -> None:
        """The device was told to forget the job; whether it heard is not known."""
        try:
            self._whole("DELETE", job, b"", 2.0, breakable=False)
        except LinkError:
            return

    def job_path(self, location: str) -> str:
        """Path of the job a Location header means; its host is not believed.

        Raises:
            ScannerError: `scan.driver_error` when the header names no path.
        """
        try:
            path = urlsplit(urljoin(f"{self._root}/ScanJobs", location)).path
        except ValueError:
            path = ""
        if not location or not path.startswith("/") or any(c <= " " or c > "~" for c in path):
            raise ScannerError("scan.driver_error", code="location")
        return path.rstrip("/")

    @contextmanager
    def next_document(self, job: str, silence_s: float) -> Iterator[Document | Answer]:
        """The next side as an open `Document`, or the `Answer` that refuses it.

        Raises:
            LinkError: No connection, it broke, or the headers took longer than `silence_s`.
        """
        with self._open("GET", f"{job}/NextDocument", b"", silence_s) as response:
            if response.status == http.HTTPStatus.OK:
                yield Document(response)
                return
            answer = _answer(response)
            announced = bool(response.length) and not answer.body
            if announced and answer.status < http.HTTPStatus.MULTIPLE_CHOICES:
                # A page was announced and did not come.
                raise LinkError
            yield answer

    def _whole(
        self, method: str, path: str, body: bytes, silence_s: float, *, breakable: bool = True
    ) -> Answer:
        with self._open(method, path, body, silence_s, breakable=breakable) as response:
            return _answer(response)

    @contextmanager
    def _open(
        self, method: str, path: str, body: bytes, silence_s: float, *, breakable: bool = True
    ) -> Iterator[_Response]:
        connection = http.client.HTTPConnection(
            self._host, self._port, timeout=min(CONNECT_S, silence_s)
        )
        try:
            try:
                connection.connect()
                if self._scheme == "https":
                    connection.sock = _tls().wrap_socket(
                        connection.sock, session=self._session, do_handshake_on_connect=False
                    )
                sock: socket.socket = connection.sock
                if breakable and self._stop is not None:
                    self._stop.on_now(lambda: _break(sock))
                if isinstance(sock, ssl.SSLSocket):
                    self._meet(sock)
                sock.settimeout(silence_s)
                connection.response_class = _Response
                self._ask(connection, method, path, body)
                response = cast("_Response", connection.getresponse())
                if isinstance(sock, ssl.SSLSocket):
                    self._remember(sock)
            except _BROKEN as error:
                raise _link_error(error) from error
            with response:
                yield response
        finally:
            connection.close()

    def _meet(self, sock: ssl.SSLSocket) -> None:
        sock.do_handshake()
        if self._pins is not None:
            certificate = sock.getpeercert(binary_form=True) or b""
            self._pins.check(self._host, self._port, certificate)

    def _remember(self, sock: ssl.SSLSocket) -> None:
        # Every look at a session costs CPython 3.11 some kilobytes that it never gives back.
        if not sock.session_reused and self._sessions < SESSIONS:
            self._sessions += 1
            self._session = sock.session

    def _ask(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes
    ) -> None:
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", self._host_header(method))
        connection.putheader("Connection", "close")
        if body:
            connection.putheader("Content-Type", "text/xml")
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)

    def _host_header(self, method: str) -> str:
        if self.quirks.host == "localhost" and method == "POST":
            return "localhost"
        # The zone of a link-local address means something on this machine only.
        host = self._host.partition("%")[0]
        name = f"[{host}]" if ":" in host else host
        usual = self._port == _PORTS[self._scheme] and self.quirks.host != "port"
        return name if usual else f"{name}:{self._port}"


class _Clock(io.RawIOBase):
    """The bytes of a socket until a deadline, for devices that drip byte by byte."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock = sock
        # Keeps the socket open as long as it is not closed itself.
        self._raw = sock.makefile("rb", buffering=0)
        self.allow(sock.gettimeout() or 0)

    def allow(self, seconds: float) -> None:
        """What is read from now on must have come within this time."""
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        """As it is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """As of a socket that is in time."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """The socket may close."""
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer whose headers are read within the time that the socket was given."""

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp.close()
        self.clock = _Clock(sock)
        self.fp = io.BufferedReader(self.clock)


@functools.cache
def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Scanners sign for themselves: no authority can be asked, the pin of the first use decides.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _answer(response: http.client.HTTPResponse) -> Answer:
    try:
        body = response.read(MAX_XML_BYTES + 1)
    except _BROKEN as error:
        raise _link_error(error) from error
    whole = response.status != http.HTTPStatus.OK or len(body) > MAX_XML_BYTES
    if response.length and not whole:
        raise LinkError
    retry = response.headers.get("Retry-After", "")
    return Answer(
        response.status,
        response.headers.get("Location", ""),
        float(retry) if retry.isascii() and retry.isdigit() else None,
        response.headers.get("Server", ""),
        body,
    )


def _break(sock: socket.socket) -> None:
    try:
        # Past TLS: its own shutdown would take the session from the thread that is reading.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return


def _file_name(response: http.client.HTTPResponse) -> str | None:
    try:
        name = response.headers.get_filename()
    except (LookupError, ValueError, TypeError, AttributeError):
        # Any codec of Python may be named there, and not all of them keep to one exception.
        return None
    plain = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in plain if c.isprintable()) or None
