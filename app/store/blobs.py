"""Bytes under their own SHA-256, encrypted, and on the disk before anybody hears their name.

A blob is written to ``tmp/``, fsynced, renamed to ``blobs/<2>/<name>`` and its folder fsynced; only
then does the caller get the `BlobId` that a row may hold. The file name is HMAC-SHA256(name key,
id), so a stranger with the disk cannot even ask whether a paper he knows is in here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from app.domain.errors import Defect, Trouble
from app.domain.ids import BlobId
from app.store.blob_files import BlobFiles
from app.store.blob_writer import BlobInfo, BlobWriter
from app.store.durable import disk_errors, trouble_of
from app.store.frames import (
    FRAME_BYTES,
    HEADER_BYTES,
    SEAL_BYTES,
    TAG_BYTES,
    Frames,
    frame_place,
    plain_bytes,
)
from app.store.keys import Keys

__all__ = ["BlobInfo", "BlobStore", "BlobWriter"]


class BlobStore:
    """The blobs under one vault folder. Any number of threads and processes may use it at once.

    Args:
        root: the vault's folder; blobs lie in ``blobs/``, unfinished files in ``tmp/``.
        keys: the vault's subkeys.
    """

    def __init__(self, root: Path, keys: Keys) -> None:
        self._files = BlobFiles(root, keys)
        self._keys = keys

    def prepare(self) -> None:
        """Both folders exist.

        Raises:
            Trouble: the disk refuses.
        """
        with disk_errors():
            self._files.prepare()

    def name_of(self, blob: BlobId) -> str:
        """The file name of a blob, stored or not."""
        return self._files.name_of(blob)

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
        return BlobWriter(self._files, self._keys)

    def exists(self, blob: BlobId) -> bool:
        """Whether there is a file for this blob (its content is not looked at)."""
        with disk_errors():
            return self._files.path_of(blob).is_file()

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
        with disk_errors():
            return self._files.orphans(known, now_s)

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
                self._files.remove(name)
        return len(names)

    def sweep_temporary(self) -> int:
        """The number of unfinished files removed whose writers are dead.

        Raises:
            Trouble: the disk refuses.
        """
        with disk_errors():
            return self._files.sweep_temporary()

    @contextlib.contextmanager
    def _open(self, blob: BlobId) -> Iterator[_Opened]:
        try:
            file = self._files.path_of(blob).open("rb")
        except FileNotFoundError:
            raise Trouble("store.blob_missing", blob=blob[:12]) from None
        except OSError as error:
            raise trouble_of(error) from error
        with file, disk_errors():
            yield _Opened(self._keys.blob, file, blob)


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
