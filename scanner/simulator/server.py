"""The simulated scanner on the network: eSCL over HTTP on this machine only."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
import uuid
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from scanner.drivers.escl.documents import MAX_XML_BYTES, PWG_NS, SCAN_NS, parse_xml
from scanner.errors import ScannerError
from scanner.simulator.documents import capabilities_xml, status_xml
from scanner.simulator.faults import Fault, FaultPlan
from scanner.simulator.pages import OFFERED_DPI, Capture, PageCache, Served, shrunk
from scanner.simulator.tray import InputName, Job, Refusal, Side, Tray

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from xml.etree.ElementTree import Element

ROOT: Final = "/eSCL"
HOST: Final = "127.0.0.1"
SLOW_PIECES: Final = 20
SLOW_PAUSE_S: Final = 0.1
POLL_S: Final = 0.1


class SimulatorServer:
    """An eSCL scanner whose paper is a folder of images and whose troubles follow a plan.

    `port` 0 takes a free one. `ipm` paces the sides per minute. `first_sheet` leaves the sheets
    before it out, and the plan's troubles up to it, as if they had happened. `repeat` goes that
    many times through the folder. `tls` answers under a certificate made for this start.
    `cache_bytes` bounds what is kept of pages served before.
    """

    def __init__(
        self,
        pages: Path,
        port: int = 0,
        plan: Iterable[Fault] = (),
        ipm: float | None = None,
        duplex: bool = False,  # noqa: FBT001, FBT002 - a property of the machine
        *,
        flatbed: bool = False,
        first_sheet: int = 1,
        repeat: int = 1,
        tls: bool = False,
        cache_bytes: int = 0,
    ) -> None:
        spent = first_sheet if first_sheet > 1 else 0
        self.tray = Tray(
            pages,
            FaultPlan(plan, spent_through=spent),
            first_sheet=first_sheet,
            repeat=repeat,
        )
        self.pages = PageCache(cache_bytes)
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.ipm = ipm
        self.duplex = duplex
        self.flatbed = flatbed
        self.uuid = str(uuid.uuid5(uuid.NAMESPACE_URL, pages.absolute().as_uri()))
        self._scheme = "https" if tls else "http"
        self._server = _Server((HOST, port), self, _certified() if tls else None)
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """Address of the eSCL root."""
        return f"{self._scheme}://{HOST}:{self._server.server_address[1]}{ROOT}"

    def start(self) -> None:
        """The scanner answers."""
        self._thread.start()

    def close(self) -> None:
        """The scanner is gone, transfers under way included."""
        self.closing.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _run(self) -> None:
        self._server.serve_forever(POLL_S)


def _certified() -> ssl.SSLContext:
    from scanner.simulator.certificate import self_signed  # noqa: PLC0415 - TLS only when asked

    return self_signed(HOST)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self, address: tuple[str, int], simulator: SimulatorServer, tls: ssl.SSLContext | None
    ) -> None:
        self.simulator = simulator
        self._tls = tls
        super().__init__(address, _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, after its handshake when there is TLS."""
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(_Handler.timeout)
        with self._tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    timeout = 30
    held: Job | None = None

    @property
    def simulator(self) -> SimulatorServer:
        """The machine this request speaks to."""
        return self.server.simulator

    def finish(self) -> None:
        """The client hung up; a job it asked for is left alone from now on."""
        super().finish()
        self._hold(None)

    def _hold(self, job: Job | None) -> None:
        with self.simulator.lock:
            if self.held is not None:
                self.held.leave(time.monotonic())
            if job is not None:
                job.clients += 1
            self.held = job

    def log_message(self, *_: object) -> None:
        """Nothing: requests are no news."""

    def do_GET(self) -> None:
        """Answer capabilities, status and sides."""
        path = urlsplit(self.path).path
        simulator = self.simulator
        if path == f"{ROOT}/ScannerCapabilities":
            self._xml(
                capabilities_xml(
                    uuid=simulator.uuid, duplex=simulator.duplex, flatbed=simulator.flatbed
                )
            )
        elif path == f"{ROOT}/ScannerStatus":
            with simulator.lock:
                body = status_xml(simulator.tray.adf_state, simulator.tray.job, ROOT)
            self._xml(body)
        elif path.endswith("/NextDocument") and (job := self._job(path)) is not None:
            self._hold(job)
            self._next_document(job)
        else:
            self._status(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Start a scan job."""
        length = self.headers.get("Content-Length", "")
        size = int(length) if length.isascii() and length.isdigit() else 0
        if urlsplit(self.path).path != f"{ROOT}/ScanJobs" or not 0 < size <= MAX_XML_BYTES:
            self._status(HTTPStatus.BAD_REQUEST)
            return
        simulator = self.simulator
        try:
            source, duplex, capture = _settings(parse_xml(self.rfile.read(size)))
        except (ScannerError, ValueError):
            self._status(HTTPStatus.BAD_REQUEST)
            return
        known = {"Feeder"} | ({"Platen"} if simulator.flatbed else set())
        if source not in known or capture.dpi not in OFFERED_DPI:
            self._status(HTTPStatus.CONFLICT)
            return
        with simulator.lock:
            job = simulator.tray.start(
                duplex=duplex and simulator.duplex,
                source=source,
                capture=capture,
                now=time.monotonic(),
            )
        if isinstance(job, int):
            self._status(job)
        else:
            self._hold(job)
            self._status(HTTPStatus.CREATED, Location=f"{ROOT}/ScanJobs/{job.name}")

    def do_DELETE(self) -> None:
        """Give a job up."""
        job = self._job(urlsplit(self.path).path)
        if job is None:
            self._status(HTTPStatus.NOT_FOUND)
            return
        with self.simulator.lock:
            self.simulator.tray.cancel(job)
        self._status(HTTPStatus.OK)

    def do_PUT(self) -> None:
        """Load the paper again: `/sim/reload`, from `?sheet=N` on."""
        parts = urlsplit(self.path)
        sheet = parse_qs(parts.query).get("sheet", ["1"])[0]
        if parts.path != "/sim/reload" or not sheet.isdigit() or int(sheet) < 1:
            self._status(HTTPStatus.NOT_FOUND)
            return
        with self.simulator.lock:
            self.simulator.tray.reload(int(sheet))
        self._status(HTTPStatus.OK)

    def _job(self, path: str) -> Job | None:
        job = self.simulator.tray.job
        name = path.removeprefix(f"{ROOT}/ScanJobs/").partition("/")[0]
        return job if job is not None and job.name == name else None

    def _next_document(self, job: Job) -> None:
        simulator = self.simulator
        with simulator.lock:
            answer = simulator.tray.next_side(job)
            if isinstance(answer, Side):
                job.busy = True
        if isinstance(answer, Refusal):
            self._status(answer.status)
            return
        whole = False
        try:
            if simulator.ipm:
                due = job.started_at + job.sides * 60 / simulator.ipm
                simulator.closing.wait(max(0.0, due - time.monotonic()))
            whole = self._send_side(simulator.pages.serve(answer.path, job.capture), answer)
        finally:
            with simulator.lock:
                job.busy = False
                simulator.tray.settle(job, answer, whole=whole)

    def _send_side(self, served: Served, side: Side) -> bool:
        """Whether the client got the whole side as it should be."""
        data, fault = served.data, side.fault
        if fault == "wrong_size" and served.sound:
            data = shrunk(data)
        elif fault == "half_jpeg":
            data = data[: len(data) // 2]
        elif fault == "zero_byte":
            data = b""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Disposition", f"attachment; {_file_name(side.path.name)}")
        self.end_headers()
        if fault in {"link_cut", "hang"}:
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            if fault == "hang":
                self._wait_for_client_to_leave()
            self.close_connection = True
            return False
        pieces = SLOW_PIECES if fault == "slow" else 1
        step = max(1, -(-len(data) // pieces))
        for at in range(0, len(data), step):
            if fault == "slow":
                self.simulator.closing.wait(SLOW_PAUSE_S)
            self.wfile.write(data[at : at + step])
        self.wfile.flush()
        damaged = fault in {"half_jpeg", "zero_byte", "wrong_size"}
        return served.sound and not damaged

    def _wait_for_client_to_leave(self) -> None:
        while not self.simulator.closing.wait(POLL_S):
            readable, _, _ = select.select([self.connection], [], [], 0)
            if not readable:
                continue
            # Under TLS even a farewell is data.
            secured = isinstance(self.connection, ssl.SSLSocket)
            if secured or not self.connection.recv(1, socket.MSG_PEEK):
                return

    def _xml(self, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _status(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _file_name(name: str) -> str:
    """The parameter of Content-Disposition that names a file. Source: RFC 6266 section 4.3."""
    if all(" " <= c <= "~" and c not in '"\\' for c in name):
        return f'filename="{name}"'
    return f"filename*=UTF-8''{quote(name, safe='')}"


def _settings(root: Element) -> tuple[InputName, bool, Capture]:
    """Source, duplex and capture of a ScanSettings document.

    Raises:
        ValueError: A number is none.
    """

    def text(namespace: str, name: str) -> str:
        return next((e.text or "" for e in root.iter(f"{{{namespace}}}{name}")), "").strip()

    dpi = int(text(SCAN_NS, "XResolution"))
    width, height = int(text(PWG_NS, "Width")), int(text(PWG_NS, "Height"))
    area = (max(1, round(width * dpi / 300)), max(1, round(height * dpi / 300)))
    gray = text(SCAN_NS, "ColorMode") == "Grayscale8"
    source: InputName = "Platen" if text(PWG_NS, "InputSource") == "Platen" else "Feeder"
    if area[0] > 20_000 or area[1] > 20_000:  # noqa: PLR2004 - larger than any paper
        raise ValueError("area")
    return source, text(SCAN_NS, "Duplex") == "true", Capture(dpi, gray, area)
