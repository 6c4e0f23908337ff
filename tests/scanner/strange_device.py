"""An eSCL device that says exactly what a test wants, however strange."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from scanner.drivers.escl_xml import PWG_NS, SCAN_NS
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


@dataclass
class Reply:
    """One answer; `cut` closes the connection after that many bytes of the body."""

    code: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False
    cut: int | None = None
    length: bool = True
    status_after: bytes | None = None


class StrangeDevice:
    """Serves `documents` in turn to NextDocument; the last one for ever."""

    def __init__(self, *documents: Reply, **answers: bytes | str | int) -> None:
        self.documents = list(documents)
        self.caps = answers.get("caps", capabilities_xml(uuid="u", duplex=True, flatbed=True))
        self.status = answers.get("status", status("ScannerAdfEmpty", "Completed"))
        self.location = answers.get("location", "/eSCL/ScanJobs/1")
        self.post_code = answers.get("post_code", 201)
        self.seen: list[str] = []
        self.posted = b""
        device = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                device.seen.append(f"GET {self.path}")
                if self.path.endswith("/ScannerCapabilities"):
                    self.answer(Reply(200, device.caps))
                elif self.path.endswith("/ScannerStatus"):
                    self.answer(Reply(200, device.status))
                else:
                    many = len(device.documents) > 1
                    reply = device.documents.pop(0) if many else device.documents[0]
                    device.status = reply.status_after or device.status
                    self.answer(reply)

            def do_POST(self) -> None:
                device.seen.append(f"POST {self.path}")
                device.posted = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(Reply(device.post_code, headers={"Location": device.location}))

            def do_DELETE(self) -> None:
                device.seen.append(f"DELETE {self.path}")
                self.answer(Reply(200))

            def answer(self, reply: Reply) -> None:
                self.send_response(reply.code)
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
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/eSCL"

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
