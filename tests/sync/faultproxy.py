"""A TCP proxy that breaks links on purpose: one fault for each connection it accepts."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Pass:
    """No fault."""


@dataclass(frozen=True)
class DropAfter:
    """Cut both sides once ``sent_bytes`` have gone towards the portal.

    A reset also destroys what the portal's system has taken but the portal not yet read; a gentle
    cut lets the portal read it.
    """

    sent_bytes: int
    gentle: bool = False


@dataclass(frozen=True)
class LoseAnswer:
    """Let the portal work, then reset instead of passing on its answer number ``nth`` (from 1)."""

    nth: int = 1


@dataclass(frozen=True)
class BlackHole:
    """After ``sent_bytes`` swallow everything and say nothing more."""

    sent_bytes: int = 0


@dataclass(frozen=True)
class Speak:
    """Answer the first request with these bytes and never ask the portal."""

    answer: bytes


Fault = Pass | DropAfter | LoseAnswer | BlackHole | Speak


def page(status: str, body: bytes, media: str = "text/html", **headers: str) -> Speak:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {media}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Speak("\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)


class FaultProxy:
    def __init__(self, target_port: int, plan: Callable[[int], Fault]) -> None:
        self.target_port = target_port
        self.plan = plan
        self.connections = 0
        self.faults = 0
        self.sent_bytes = 0
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                near, _ = self._listener.accept()
                fault = self.plan(self.connections)
                self.connections += 1
                self._start(self._serve, near, fault)

    def _serve(self, near: socket.socket, fault: Fault) -> None:
        with near, contextlib.suppress(OSError):
            if isinstance(fault, Speak):
                self.faults += 1
                self._speak(near, fault.answer)
                return
            with socket.create_connection(("127.0.0.1", self.target_port), 5) as far:
                self._pump(near, far, fault)

    def _speak(self, near: socket.socket, answer: bytes) -> None:
        near.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            while near.recv(65536):
                pass
        near.sendall(answer)
        near.shutdown(socket.SHUT_WR)

    def _pump(self, near: socket.socket, far: socket.socket, fault: Fault) -> None:
        sent = answers = 0
        asking = True
        while not self._stop.is_set():
            ready, _, _ = select.select([near, far], [], [], 0.2)
            if near in ready:
                piece = near.recv(16384)
                if not piece:
                    return
                asking = True
                if isinstance(fault, BlackHole) and sent + len(piece) > fault.sent_bytes:
                    self.faults += 1
                    self._swallow(near)
                    return
                if isinstance(fault, DropAfter):
                    piece = piece[: max(0, fault.sent_bytes - sent)]
                far.sendall(piece)
                sent += len(piece)
                self.sent_bytes += len(piece)
                if isinstance(fault, DropAfter) and sent >= fault.sent_bytes:
                    self.faults += 1
                    _reset(*([near] if fault.gentle else [near, far]))
                    return
            if far in ready:
                piece = far.recv(65536)
                if not piece:
                    return
                answers += asking
                asking = False
                if isinstance(fault, LoseAnswer) and answers == fault.nth:
                    self.faults += 1
                    _reset(near, far)
                    return
                near.sendall(piece)

    def _swallow(self, near: socket.socket) -> None:
        near.settimeout(0.2)
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                if not near.recv(65536):
                    return


def _reset(*sockets: socket.socket) -> None:
    for one in sockets:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
