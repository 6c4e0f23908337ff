"""Bytes under their own SHA-256, encrypted, and on the disk before anybody hears their name.

A blob is written to ``tmp/``, fsynced, renamed to ``blobs/<2>/<name>`` and its folder fsynced; only
then does the caller get the `BlobId` that a row may hold. The file name is HMAC-SHA256(name key,
id), so a stranger with the disk cannot even ask whether a paper he knows is in here.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from app.domain.errors import Defect, Trouble
from app.domain.ids import BlobId
from app.store.durable import (
    abandoned,
    claim_temporary,
    disk_errors,
    fsync_folder,
    make_folder,
    replace,
    trouble_of,
    write_all,
)
from app.store.frames import (
    FRAME_BYTES,
    HEADER_BYTES,
    SALT_BYTES,
    SEAL_BYTES,
    TAG_BYTES,
    Frames,
    Seal,
    frame_place,
    plain_bytes,
)
from app.store.hops import hop
from app.store.keys import Keys

ORPHAN_AGE_S = 3600
_ID = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """A blob that is safely stored: its id and the number of its plain bytes."""

    id: BlobId
    size: int


class BlobStore:
    """The blobs under one vault folder. Any number of threads and processes may use it at once.

    Args:
        root: the vault's folder; blobs lie in ``blobs/``, unfinished files in ``tmp/``.
        keys: the vault's subkeys.
    """

    def __init__(self, root: Path, keys: Keys) -> None:
        self._folder = root / "blobs"
        self._temporary = root / "tmp"
        self._keys = keys
        self._durable: set[Path] = set()
        self._durable_lock = threading.Lock()

    def prepare(self) -> None:
        """Both folders exist.

        Raises:
            Trouble: the disk refuses.
        """
        with disk_errors():
            make_folder(self._folder)
            make_folder(self._temporary)

    def name_of(self, blob: BlobId) -> str:
        """The file name of a blob, stored or not."""
        if not _ID.fullmatch(blob):
            raise Defect("store.blob_id")
        return hmac.digest(self._keys.name, bytes.fromhex(blob), "sha256").hex()

    def put(self, data: bytes) -> BlobId:
        """The id of ``data``, which is on the disk now.

        Raises:
            Trouble: the disk refuses; nothing half-written stays.
        """
        with self.writer() as writer:
            writer.write(data)
            return writer.commit().id

    def writer(self) -> BlobWriter:
        """A context manager that takes a blob piece by piece; without commit nothing stays.

        Raises:
            Trouble: the disk refuses.
        """
        return BlobWriter(self, self._keys)

    def exists(self, blob: BlobId) -> bool:
        """Whether there is a file for this blob (its content is not looked at)."""
        with disk_errors():
            return self._path(blob).is_file()

    def size(self, blob: BlobId) -> int:
        """The number of plain bytes.

        Raises:
            Trouble: ``store.blob_missing``, ``store.blob_damaged``, ``store.key_wrong`` or the
                disk.
        """
        with self._open(blob) as opened:
            return opened.seal.size

    def read(self, blob: BlobId) -> bytes:
        """All plain bytes.

        Raises:
            Trouble: as for `size`.
        """
        return b"".join(self.chunks(blob))

    def read_range(self, blob: BlobId, offset: int, length: int) -> bytes:
        """At most ``length`` plain bytes from ``offset``; fewer at the end, none behind it.

        Raises:
            Trouble: as for `size`.
            Defect: a negative offset or length.
        """
        if length < 0:
            raise Defect("store.range")
        pieces: list[bytes] = []
        missing = length
        with contextlib.closing(self.chunks(blob, offset)) as chunks:
            while missing > 0 and (piece := next(chunks, None)) is not None:
                pieces.append(piece[:missing])
                missing -= len(pieces[-1])
        return b"".join(pieces)

    def chunks(self, blob: BlobId, offset: int = 0) -> Generator[bytes, None, None]:
        """The plain bytes from ``offset`` in pieces of at most 64 KiB, each authenticated.

        Raises:
            Trouble: as for `size`, at the latest before the piece that is wrong.
            Defect: a negative offset.
        """
        if offset < 0:
            raise Defect("store.range")
        with self._open(blob) as opened:
            for index in range(offset // FRAME_BYTES, opened.frames):
                plain = opened.frame(index)
                skip = max(0, offset - index * FRAME_BYTES)
                yield plain[skip:] if skip else plain

    def verify(self, blob: BlobId) -> BlobInfo:
        """The blob's size, after every byte of it was read and hashed.

        Raises:
            Trouble: as for `size`.
        """
        digest = hashlib.sha256()
        size = 0
        for piece in self.chunks(blob):
            digest.update(piece)
            size += len(piece)
        if digest.hexdigest() != blob:
            raise Trouble("store.blob_damaged", why="digest")
        return BlobInfo(blob, size)

    def orphans(self, known: Callable[[str], bool], now_s: float) -> list[str]:
        """Names of files older than an hour that ``known`` does not know.

        Args:
            known: whether a row exists for a file name (see `name_of`).
            now_s: wall clock, seconds since 1970.

        Raises:
            Trouble: the disk refuses.
        """
        found: list[str] = []
        with disk_errors():
            for path in self._folder.glob("??/*"):
                with contextlib.suppress(FileNotFoundError):
                    old = now_s - path.stat().st_mtime > ORPHAN_AGE_S
                    if old and _NAME.fullmatch(path.name) and not known(path.name):
                        found.append(path.name)
        return found

    def sweep(self, known: Callable[[str], bool], now_s: float) -> int:
        """The number of files removed that are older than an hour and that nobody knows.

        The caller holds the database's write lock, and whoever writes a row looks for the file
        under the same lock: so no row can come to name a file that goes away here.

        Raises:
            Trouble: the disk refuses.
        """
        names = self.orphans(known, now_s)
        with disk_errors():
            for name in names:
                (self._folder / name[:2] / name).unlink(missing_ok=True)
        return len(names)

    def sweep_temporary(self) -> int:
        """The number of unfinished files removed whose writers are dead.

        Raises:
            Trouble: the disk refuses.
        """
        removed = 0
        with disk_errors():
            for path in self._temporary.iterdir():
                if abandoned(path):
                    with contextlib.suppress(FileNotFoundError, PermissionError):
                        path.unlink()
                        removed += 1
        return removed

    def _path(self, blob: BlobId) -> Path:
        name = self.name_of(blob)
        return self._folder / name[:2] / name

    @contextlib.contextmanager
    def _open(self, blob: BlobId) -> Iterator[_Opened]:
        try:
            file = self._path(blob).open("rb")
        except FileNotFoundError:
            raise Trouble("store.blob_missing", blob=blob[:12]) from None
        except OSError as error:
            raise trouble_of(error) from error
        with file, disk_errors():
            yield _Opened(self._keys.blob, file, blob)

    def _claim(self) -> tuple[int, Path]:
        """A temporary file for a writer."""
        with disk_errors():
            try:
                return claim_temporary(self._temporary)
            except FileNotFoundError:
                self.prepare()
                return claim_temporary(self._temporary)

    def _place(self, temporary: Path, blob: BlobId) -> None:
        """Rename a finished file to its blob's name, durably."""
        path = self._path(blob)
        with self._durable_lock:
            if path.parent not in self._durable:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                fsync_folder(path.parent.parent)
                self._durable.add(path.parent)
        replace(temporary, path)
        hop("blob.after_rename")
        fsync_folder(path.parent)


class _Opened:
    """A blob's file whose header and seal fit the id under which it was asked for."""

    def __init__(self, blob_key: bytes, file: BinaryIO, blob: BlobId) -> None:
        self._file = file
        self._stored = os.fstat(file.fileno()).st_size
        self._frames = Frames.of_header(blob_key, file.read(HEADER_BYTES))
        size = plain_bytes(self._stored)
        self.frames = -(-size // FRAME_BYTES)
        file.seek(self._stored - SEAL_BYTES)
        self.seal = self._frames.unseal(self.frames, file.read(SEAL_BYTES))
        if self.seal.size != size or self.seal.sha256.hex() != blob:
            raise Trouble("store.blob_damaged", why="another")

    def frame(self, index: int) -> bytes:
        """The plain bytes of data frame ``index``."""
        place = frame_place(index)
        end = min(place + FRAME_BYTES + TAG_BYTES, self._stored - SEAL_BYTES)
        self._file.seek(place)
        return self._frames.decrypt(index, self._file.read(end - place))


class BlobWriter:
    """Takes a blob piece by piece and encrypts while the bytes come."""

    def __init__(self, store: BlobStore, keys: Keys) -> None:
        self._store = store
        self._frames = Frames.fresh(keys.blob, secrets.token_bytes(SALT_BYTES))
        self._digest = hashlib.sha256()
        self._pending = bytearray()
        self._index = 0
        self._size = 0
        self._fd: int | None
        self._fd, self._path = store._claim()  # noqa: SLF001 - the writer is the store's own half
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
                self._store._place(self._path, blob)  # noqa: SLF001 - see above
            except OSError:
                self._path.unlink(missing_ok=True)
                if not self._store.exists(blob):
                    raise
            return
        self._store._place(self._path, blob)  # noqa: SLF001 - see above
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
