"""Running the portal: in a thread for an application or a test, or as a process of its own."""

from __future__ import annotations

import datetime as dt
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import uvicorn

from sync.errors import SyncError
from sync.portal.app import create_app
from sync.portal.checks import CheckDocument
from sync.portal.core import Portal
from sync.portal.folder import Hop, no_hop
from sync.wire import is_loopback

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 30.0
_TICK_S = 0.5
_GRACE_S = 3
_KEEP_ALIVE_S = 75
_BACKLOG = 128


class PortalServer:
    """A portal in a thread of this process.

    Args:
        data: folder of the portal.
        host: address to listen at; any but this machine's own needs ``require_code``.
        port: 0 for a free one.
        check_document: looks at each received file; must be picklable.
        require_code: whether even a station on this machine needs a one-time code.
        clock: the wall clock, aware.
        hop: told each step of the storage order.
    """

    def __init__(
        self,
        data: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        clock: Callable[[], dt.datetime],
        check_document: CheckDocument | None = None,
        require_code: bool = False,
        hop: Hop = no_hop,
    ) -> None:
        self._data = data
        self._host = host
        self._port = port
        self._clock = clock
        self._check_document = check_document
        self._require_code = require_code
        self._hop = hop
        self._portal: Portal | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address without the base path; good after ``start``."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def portal(self) -> Portal:
        """The open portal; good between ``start`` and ``stop``."""
        if self._portal is None:
            raise SyncError("sync.portal_not_running")
        return self._portal

    @property
    def alive(self) -> bool:
        """Whether the thread still serves."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Return once requests are answered.

        Raises:
            SyncError: ``sync.portal_needs_code``, ``sync.portal_port``, ``sync.portal_in_use``,
                ``sync.portal_data_bad``, ``sync.portal_folder``.
        """
        if not (self._require_code or is_loopback(self._host)):
            raise SyncError("sync.portal_needs_code", host=self._host)
        listener = self._listen()
        try:
            app = create_app(
                self._data,
                check_document=self._check_document,
                require_code=self._require_code,
                clock=self._clock,
                hop=self._hop,
            )
        except BaseException:
            listener.close()
            raise
        self._portal = app.state.portal
        server = _Server(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._server = server
        self._thread = threading.Thread(
            target=server.run, args=([listener],), name="portal", daemon=True
        )
        self._thread.start()
        if not server.up.wait(_START_TIMEOUT_S) or not self.alive:
            raise SyncError("sync.portal_not_running")

    def stop(self) -> None:
        """Return once everything is on disk and the folder is free again."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_STOP_TIMEOUT_S)
        self._portal = self._server = self._thread = None

    def join(self, seconds: float) -> None:
        """Wait for the thread to end, at most ``seconds``."""
        if self._thread is not None:
            self._thread.join(seconds)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, self._port))
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            raise SyncError("sync.portal_port", port=self._port) from error
        self._port = listener.getsockname()[1]
        return listener


class _Server(uvicorn.Server):
    """Uvicorn that says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            super().run(sockets)
        finally:
            self.up.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


def serve(  # noqa: PLR0917 - plain values in the order of the command line
    data: Path,
    host: str,
    port: int,
    require_code: bool,  # noqa: FBT001 - named by every caller
    check_document: CheckDocument | None,
    announce: Callable[[str], None],
    *,
    clock: Callable[[], dt.datetime],
    hop: Hop = no_hop,
) -> int:
    """Serve until SIGTERM (0) or SIGINT (130); call it from the main thread.

    Args:
        data: folder of the portal.
        host: address to listen at.
        port: 0 for a free one.
        require_code: ask every station for a one-time code, and announce a fresh one.
        check_document: looks at each received file; must be picklable.
        announce: told, one line each, ``url ADDRESS`` and then either ``code CODE`` (a fresh
            one-time code) or ``open`` (any station on this machine may enrol).
        clock: the wall clock, aware.
        hop: told each step of the storage order.

    Raises:
        SyncError: as ``PortalServer.start``; ``sync.portal_not_running`` if it ends by itself.
    """
    server = PortalServer(
        data,
        host,
        port,
        clock=clock,
        check_document=check_document,
        require_code=require_code,
        hop=hop,
    )
    caught: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        caught.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.start()
        try:
            announce(f"url {server.url}")
            announce(f"code {server.portal.stations.new_code()}" if require_code else "open")
            while not caught and server.alive:
                server.join(_TICK_S)
        finally:
            server.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if not caught:
        raise SyncError("sync.portal_not_running")
    return 130 if caught[0] == signal.SIGINT else 0
