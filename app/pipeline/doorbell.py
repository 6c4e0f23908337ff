"""JSON lines between the supervisor and its workers: hints, never the truth, never pixels.

Down: ``wake``, ``stop``, ``token_ready``, ``token_reply``, ``quit``. Up: ``ready``, ``job``,
``page``, ``progress``, ``token_request``. The very first frame down is the vault's key, raw.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from app.domain.errors import Defect

Line = dict[str, str | int | float | dict[str, str] | None]
MAX_LINE = 1 << 20


class Bells:
    """Writes lines to a pipe from several threads; a closed pipe is silence, not an error."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def __call__(self, ev: str, **fields: str | float | None) -> None:
        """Ring with the event ``ev``."""
        self.write({"ev": ev, **fields})

    def write(self, line: Mapping[str, object]) -> bool:
        """Write one line; False when nobody listens any more."""
        data = json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            try:
                self._pipe.write(data)
                self._pipe.flush()
            except (OSError, ValueError):
                return False
        return True

    def close(self) -> None:
        """Hang the bell up."""
        with self._lock, contextlib.suppress(OSError):
            self._pipe.close()


def lines(pipe: BinaryIO) -> Iterator[Line]:
    """Every well-formed line until the pipe ends; noise is passed over."""
    while raw := pipe.readline(MAX_LINE):
        try:
            value = json.loads(raw)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


def write_key(pipe: BinaryIO, key: bytes) -> None:
    """Hand the vault's key to a fresh worker: length, then bytes."""
    pipe.write(len(key).to_bytes(4, "big") + key)
    pipe.flush()


def read_key(pipe: BinaryIO) -> bytes:
    """The key a fresh worker is handed.

    Raises:
        Defect: worker.no_key when the pipe ends first.
    """
    size = pipe.read(4)
    key = pipe.read(int.from_bytes(size, "big")) if size == b"\x00\x00\x00\x20" else b""
    if len(key) != 32:  # noqa: PLR2004 - the master key's size
        raise Defect("worker.no_key")
    return key
