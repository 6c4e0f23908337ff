"""An eSCL device that says exactly what a test wants, however strange."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from scanner.drivers.escl.documents import PWG_NS, SCAN_NS
from scanner.drivers.escl.source import EsclSource
from scanner.drivers.source import Over, Stop
from scanner.errors import ScannerError
from scanner.model import ScanRequest, SideChunk
from scanner.simulator.documents import capabilities_xml

if TYPE_CHECKING:
    from collections.abc import Mapping


def status(adf: str = "", job: str = "Processing", state: str = "Processing") -> bytes:
    adf_line = f"<s:AdfState>{adf}</s:AdfState>" if adf else ""
    return (
        f'<s:ScannerStatus xmlns:s="{SCAN_NS}" xmlns:p="{PWG_NS}"><p:State>{state}</p:State>'
        f"{adf_line}<s:Jobs><s:JobInfo><p:JobUri>/eSCL/ScanJobs/1</p:JobUri>"
        f"<p:JobState>{job}</p:JobState></s:JobInfo></s:Jobs></s:ScannerStatus>"
    ).encode()


def caps_of(model: str = "", *extra: str, formats: str = "image/jpeg") -> bytes:
    """Capabilities of a device with both sources; `extra` stands at the end of the document."""
    whole = capabilities_xml(uuid="u", duplex=True, flatbed=True).decode()
    if model:
        whole = whole.replace("Simulated Document Feeder", model)
    whole = whole.replace("image/jpeg", formats)
    return whole.replace(
        "</scan:ScannerCapabilities>", f"{''.join(extra)}</scan:ScannerCapabilities>"
    ).encode()


@dataclass
class Reply:
    """One answer; `cut` closes the connection after that many bytes of the body.

    With `hang` nothing is said at all until the device is closed.
    """

    code: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False
    cut: int | None = None
    length: bool = True
    hang: bool = False
    status_after: bytes | Reply | None = None


EMPTY = status("ScannerAdfEmpty", "Completed")
LOADED = status("ScannerAdfLoaded")
GONE = Reply(404, status_after=EMPTY)


def drive(device: StrangeDevice, **options: object) -> tuple[list[object], str]:
    """The events of the driver itself without its chunks, and how it ended."""
    fields: dict[str, object] = {"source": "feeder", "duplex": False, "dpi": 200, **options}
    request = ScanRequest(f"escl:{device.url}", **fields)  # type: ignore[arg-type]
    events: list[object] = []
    try:
        for event in EsclSource().scan(request, Stop()):
            if isinstance(event, Over):
                return events, event.reason
            if not isinstance(event, SideChunk):
                events.append(event)
    except ScannerError as error:
        return events, error.slug
    return events, "nothing"


class StrangeDevice:
    """Serves `documents` in turn to NextDocument; the last one for ever."""

    def __init__(self, *documents: Reply, **answers: bytes | str | int | list[int] | Reply) -> None:
        self.documents = list(documents)
        self.caps = answers.get("caps", capabilities_xml(uuid="u", duplex=True, flatbed=True))
        self.status = answers.get("status", status("ScannerAdfEmpty", "Completed"))
        self.location = answers.get("location", "/eSCL/ScanJobs/1")
        codes = answers.get("post_code", 201)
        self.post_codes = list(codes) if isinstance(codes, list) else [codes]
        self.server_header = answers.get("server", "")
        self.closing = threading.Event()
        self.seen: list[str] = []
        self.hosts: list[str] = []
        self.posts: list[bytes] = []
        device = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                device.seen.append(f"GET {self.path}")
                device.hosts.append(f"GET {self.headers['Host']}")
                if self.path.endswith("/ScannerCapabilities"):
                    self.answer(Reply(200, device.caps))
                elif self.path.endswith("/ScannerStatus"):
                    told = device.status
                    self.answer(told if isinstance(told, Reply) else Reply(200, told))
                else:
                    many = len(device.documents) > 1
                    reply = device.documents.pop(0) if many else device.documents[0]
                    device.status = reply.status_after or device.status
                    if reply.hang:
                        device.closing.wait(60)
                        self.close_connection = True
                        return
                    self.answer(reply)

            def do_POST(self) -> None:
                device.seen.append(f"POST {self.path}")
                device.hosts.append(f"POST {self.headers['Host']}")
                device.posts.append(self.rfile.read(int(self.headers["Content-Length"])))
                many = len(device.post_codes) > 1
                code = device.post_codes.pop(0) if many else device.post_codes[0]
                self.answer(Reply(code, headers={"Location": device.location}))

            def do_DELETE(self) -> None:
                device.seen.append(f"DELETE {self.path}")
                self.answer(Reply(200))

            def answer(self, reply: Reply) -> None:
                self.send_response_only(reply.code)
                self.send_header("Server", device.server_header)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                body = reply.body if reply.cut is None else reply.body[: reply.cut]
                if reply.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                    body = b"%x\r\n" % len(reply.body) + body
                    body += b"\r\n0\r\n\r\n" if reply.cut is None else b""
                elif reply.length:
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.close_connection = reply.cut is not None or not reply.length
                try:
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    @property
    def posted(self) -> bytes:
        return self.posts[-1] if self.posts else b""

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/eSCL"

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
