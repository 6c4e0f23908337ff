"""HTTP to one eSCL device: small documents whole, sides as a stream whose length is checked.

Each request opens its own connection. Devices differ too much in how they keep one alive, and a
fresh one costs a round trip.
"""

from __future__ import annotations

import http.client
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from scanner.drivers.escl_xml import MAX_XML_BYTES
from scanner.errors import ScannerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.drivers.source import Stop

CONNECT_S: Final = 5.0
ANSWER_S: Final = 10.0
CHUNK_BYTES: Final = 64 << 10


class LinkError(Exception):
    """The connection failed or broke; `timed_out` when the device only fell silent."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__(timed_out)
        self.timed_out = timed_out


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: status, the Location and Retry-After headers, and the body."""

    status: int
    location: str
    retry_after_s: float | None
    body: bytes


class Document:
    """An open answer of NextDocument with status 200."""

    def __init__(self, response: http.client.HTTPResponse, sock: socket.socket) -> None:
        self._response = response
        self._sock = sock
        self.name = _file_name(response)

    def chunks(self, silence_s: float) -> Iterator[bytes]:
        """The bytes as they come.

        Raises:
            LinkError: The body was cut or nothing came for `silence_s`.
        """
        self._sock.settimeout(silence_s)
        left = self._response.length
        while True:
            try:
                data = self._response.read1(CHUNK_BYTES)
            except (OSError, http.client.HTTPException) as error:
                raise LinkError(timed_out=isinstance(error, TimeoutError)) from error
            if not data:
                break
            if left is not None:
                left -= len(data)
            yield data
        if left:
            raise LinkError(timed_out=False)


class EsclLink:
    """Requests to the device behind one eSCL address.

    Raises:
        ScannerError: `scan.unsupported` when the address is not plain HTTP.
    """

    def __init__(self, url: str, stop: Stop | None = None) -> None:
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port or 80
        except ValueError as error:
            raise ScannerError("scan.unsupported", feature="address") from error
        if parts.scheme != "http" or not self._host:
            raise ScannerError("scan.unsupported", feature=f"{parts.scheme or '?'}://")
        self._root = parts.path.rstrip("/") or "/eSCL"
        self._stop = stop

    def get(self, name: str, silence_s: float = ANSWER_S) -> Answer:
        """The answer to GET of a document under the root.

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
        path = urlsplit(urljoin(f"{self._root}/ScanJobs", location)).path
        if not location or not path.startswith("/") or any(c <= " " or c > "~" for c in path):
            raise ScannerError("scan.driver_error", code="location")
        return path.rstrip("/")

    @contextmanager
    def next_document(self, job: str, silence_s: float) -> Iterator[Document | Answer]:
        """The next side as an open `Document`, or the `Answer` that refuses it.

        Raises:
            LinkError: No connection, it broke, or no header came for `silence_s`.
        """
        with self._open("GET", f"{job}/NextDocument", b"", silence_s) as (response, sock):
            if response.status == http.HTTPStatus.OK:
                yield Document(response, sock)
            else:
                yield _answer(response)

    def _whole(
        self, method: str, path: str, body: bytes, silence_s: float, *, breakable: bool = True
    ) -> Answer:
        with self._open(method, path, body, silence_s, breakable=breakable) as (response, _):
            return _answer(response)

    @contextmanager
    def _open(
        self, method: str, path: str, body: bytes, silence_s: float, *, breakable: bool = True
    ) -> Iterator[tuple[http.client.HTTPResponse, socket.socket]]:
        connection = http.client.HTTPConnection(
            self._host, self._port, timeout=min(CONNECT_S, silence_s)
        )
        try:
            try:
                connection.connect()
                sock: socket.socket = connection.sock
                sock.settimeout(silence_s)
                if breakable and self._stop is not None:
                    self._stop.on_now(lambda: _break(sock))
                headers = {"Content-Type": "text/xml", "Connection": "close"}
                connection.request(method, path, body or None, headers if body else {})
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise LinkError(timed_out=isinstance(error, TimeoutError)) from error
            with response:
                yield response, sock
        finally:
            connection.close()


def _answer(response: http.client.HTTPResponse) -> Answer:
    try:
        body = response.read(MAX_XML_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise LinkError(timed_out=isinstance(error, TimeoutError)) from error
    retry = response.headers.get("Retry-After", "")
    return Answer(
        response.status,
        response.headers.get("Location", ""),
        float(retry) if retry.isascii() and retry.isdigit() else None,
        body,
    )


def _break(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _file_name(response: http.client.HTTPResponse) -> str | None:
    name = response.headers.get_filename()
    plain = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in plain if c.isprintable()) or None
