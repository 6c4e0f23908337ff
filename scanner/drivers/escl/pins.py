"""Which certificate each scanner showed when it was first used, so that another one is noticed.

Scanners sign their certificates themselves; no authority vouches for them. What can be proved is
that the device of today is the device of the first scan. The file is JSON,
`{"host:port": "sha256 of the certificate in hex"}`, named by the environment variable
`SCANNER_PINS`; without it the pins live as long as the process. Several hosts may add to one file
at once: a lock file beside it is held meanwhile.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scanner.errors import ScannerError

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

VARIABLE: Final = "SCANNER_PINS"


class Pins:
    """The certificates known, kept in `file` when there is one."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}

    def check(self, host: str, port: int, certificate: bytes) -> None:
        """The certificate (DER) is the one of the first use; at the first use it is remembered.

        Raises:
            ScannerError: `scan.identity_changed` for another certificate, `scan.driver_error` when
                the file of pins cannot be read or written: nothing is trusted anew by accident.
        """
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        shown = hashlib.sha256(certificate).hexdigest()
        with self._lock:
            pin = self._read().get(name) or self._remembered(name, shown)
        if pin != shown:
            raise ScannerError("scan.identity_changed", host=name)

    def _remembered(self, name: str, shown: str) -> str:
        """The pin of this name from now on: `shown`, unless another process was faster."""
        with self._file_lock():
            known = self._read()
            if name not in known:
                self._write({**known, name: shown})
            return known.get(name, shown)

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        if self._file is None:
            yield
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            path = self._file.with_name(f"{self._file.name}.lock")
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise ScannerError("scan.driver_error", code="pins") from error
        try:
            _lock(descriptor)
            yield
        except OSError as error:
            raise ScannerError("scan.driver_error", code="pins") from error
        finally:
            # The lock goes with the descriptor, or with the process.
            os.close(descriptor)

    def _read(self) -> dict[str, str]:
        if self._file is None:
            return self._known
        try:
            found = json.loads(self._file.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ScannerError("scan.driver_error", code="pins") from error
        if not isinstance(found, dict) or not all(isinstance(pin, str) for pin in found.values()):
            raise ScannerError("scan.driver_error", code="pins")
        return found

    def _write(self, known: dict[str, str]) -> None:
        if self._file is None:
            self._known = known
            return
        try:
            descriptor, name = tempfile.mkstemp(dir=self._file.parent, prefix=".pins-")
        except OSError as error:
            raise ScannerError("scan.driver_error", code="pins") from error
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                json.dump(known, out, indent=1, sort_keys=True)
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(self._file)
        except OSError as error:
            with suppress(OSError):
                Path(name).unlink()
            raise ScannerError("scan.driver_error", code="pins") from error


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


@functools.cache
def station_pins() -> Pins:
    """The pins of this process, in the file that the environment names."""
    file = os.environ.get(VARIABLE)
    return Pins(Path(file) if file else None)
