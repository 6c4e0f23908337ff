"""The writing half of a blob: encrypted while the bytes come, named when they are on the disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from app.domain.errors import Defect
from app.domain.ids import BlobId
from app.store.blob_files import BlobFiles
from app.store.durable import disk_errors, write_all
from app.store.frames import FRAME_BYTES, SALT_BYTES, Frames, Seal
from app.store.hops import hop
from app.store.keys import Keys


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """A blob that is safely stored: its id and the number of its plain bytes."""

    id: BlobId
    size: int


class BlobWriter:
    """Takes a blob piece by piece and encrypts while the bytes come."""

    def __init__(self, files: BlobFiles, keys: Keys) -> None:
        self._files = files
        self._frames = Frames.fresh(keys.blob, secrets.token_bytes(SALT_BYTES))
        self._digest = hashlib.sha256()
        self._pending = bytearray()
        self._index = 0
        self._size = 0
        self._fd: int | None
        self._fd, self._path = files.claim()
        self._header_due = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next plain bytes.

        Raises:
            Trouble: the disk refuses; the writer is of no use any more.
            Defect: after commit or discard.
        """
        fd = self._open_fd()
        self._digest.update(data)
        self._size += len(data)
        self._pending += data
        whole = len(self._pending) - len(self._pending) % FRAME_BYTES
        try:
            with disk_errors():
                if self._header_due:
                    write_all(fd, self._frames.header)
                    self._header_due = False
                for start in range(0, whole, FRAME_BYTES):
                    self._write_frame(fd, bytes(self._pending[start : start + FRAME_BYTES]))
        except BaseException:
            self.discard()
            raise
        del self._pending[:whole]

    def commit(self) -> BlobInfo:
        """The blob's id and size; it is on the disk, whatever happens from now on.

        Raises:
            Trouble: the disk refuses; nothing stays.
            Defect: a second time.
        """
        self.write(b"")
        fd = self._open_fd()
        blob = BlobId(self._digest.hexdigest())
        try:
            with disk_errors():
                if self._pending:
                    self._write_frame(fd, bytes(self._pending))
                write_all(fd, self._frames.seal(self._index, self._seal()))
                hop("blob.before_fsync")
                os.fsync(fd)
                hop("blob.after_fsync")
                self._finish(fd, blob)
        except BaseException:
            self.discard()
            raise
        return BlobInfo(blob, self._size)

    def discard(self) -> None:
        """Nothing of this blob is left, unless it was committed."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        with contextlib.suppress(OSError):
            os.close(fd)
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _finish(self, fd: int, blob: BlobId) -> None:
        if sys.platform == "win32":
            os.close(fd)  # an open file cannot be renamed there
            self._fd = None
            try:
                self._files.place(self._path, blob)
            except OSError:
                self._path.unlink(missing_ok=True)
                if not self._files.path_of(blob).is_file():
                    raise
            return
        self._files.place(self._path, blob)
        self._fd = None
        os.close(fd)

    def _open_fd(self) -> int:
        if self._fd is None:
            raise Defect("store.writer_closed")
        return self._fd

    def _seal(self) -> Seal:
        return Seal(self._size, self._digest.digest())

    def _write_frame(self, fd: int, plain: bytes) -> None:
        write_all(fd, self._frames.encrypt(self._index, plain))
        self._index += 1
