"""Receiving files: tus 1.0 over a spool that only grows.

Of two requests for one upload the newer wins: the older is stopped, keeps what it has on disk and
makes room. So a half-dead connection never blocks its own successor.

Source: tus resumable upload protocol 1.0.0, core and creation.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BufferedWriter
from typing import Any

from sync.portal.database import Database
from sync.portal.dossiers import Dossiers
from sync.portal.folder import Folder
from sync.portal.problems import Problem
from sync.protocol import BLOB_HASH_STATUS

Receive = Callable[[], Awaitable[Mapping[str, object]]]
STALL_S = 60.0
_TURN_S = 15.0
_BATCH_BYTES = 256 * 1024


class DisconnectedError(Exception):
    """The sender went away; what arrived is on disk."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of one station and its whole length."""

    station: str
    sha256: str
    size: int


@dataclass(slots=True)
class _Slot:
    """Who may touch an upload just now: one holder, told to stop when somebody newer comes."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    newest: int = 0
    users: int = 0


class Uploads:
    """The spool.

    Args:
        database: of the portal.
        folder: where the bytes lie.
        dossiers: told of each whole file.
        arrived: told station and hash of each whole file after its row is durable.
        stall_s: how long a body may stand still.
    """

    def __init__(
        self,
        database: Database,
        folder: Folder,
        dossiers: Dossiers,
        arrived: Callable[[str, str], None],
        stall_s: float = STALL_S,
    ) -> None:
        self._database = database
        self._folder = folder
        self._dossiers = dossiers
        self._arrived = arrived
        self._stall_s = stall_s
        self._slots: dict[Upload, _Slot] = {}

    def find(self, station: str, sha256: str) -> Upload:
        """The upload of a file some dossier of ``station`` waits for.

        Raises:
            Problem: 404.
        """
        with self._database.read() as tx:
            size = tx.value(
                "SELECT size FROM wanted WHERE station = ? AND sha256 = ?", station, sha256
            )
        if size is None:
            raise Problem(404, "not-wanted")
        return Upload(station, sha256, int(size))

    async def offset(self, upload: Upload) -> int:
        """How much of the file is here, after the request that was sending it has stopped.

        Raises:
            Problem: 423, 460.
        """
        async with self._turn(upload):
            return await asyncio.to_thread(self._offset_or_finish, upload)

    async def append(self, upload: Upload, offset: int, length: int, receive: Receive) -> int:
        """The new offset after ``length`` bytes of the body were appended at ``offset``.

        Raises:
            Problem: 400 beyond the end, 408 stalled, 409 wrong offset or superseded, 423, 460.
            DisconnectedError: the sender went away.
        """
        async with self._turn(upload) as stop:
            here = await asyncio.to_thread(self._offset_or_finish, upload)
            if offset != here:
                raise Problem(409, "offset-mismatch", headers={"Upload-Offset": str(here)})
            if offset + length > upload.size:
                raise Problem(400, "request-malformed", where="Content-Length")
            if length:
                await self._receive(upload, stop, length, receive)
            return await asyncio.to_thread(self._offset_or_finish, upload)

    async def _receive(
        self, upload: Upload, stop: asyncio.Event, length: int, receive: Receive
    ) -> None:
        path = self._folder.spool_path(upload.station, upload.sha256)
        file = await asyncio.to_thread(path.open, "ab")
        body = _Body(receive, stop, self._stall_s)
        try:
            got, batch = 0, bytearray()
            async for piece in body:
                batch += piece[: length - got - len(batch)]
                if len(batch) >= _BATCH_BYTES:
                    await asyncio.to_thread(file.write, bytes(batch))
                    got, batch = got + len(batch), bytearray()
            await asyncio.to_thread(file.write, bytes(batch))
        finally:
            await asyncio.to_thread(self._close, file)
        if body.ended == "disconnected":
            raise DisconnectedError
        if body.ended in {"stalled", "superseded"}:
            here = self._folder.spooled_bytes(upload.station, upload.sha256)
            headers = {"Upload-Offset": str(here), "Connection": "close"}
            status = 408 if body.ended == "stalled" else 409
            raise Problem(status, "upload-interrupted", headers=headers)

    def _close(self, file: BufferedWriter) -> None:
        try:
            file.flush()
            os.fsync(file.fileno())
            self._folder.hop("spool-synced")
        finally:
            file.close()

    def _offset_or_finish(self, upload: Upload) -> int:
        """The acknowledged offset; a full spool is hashed, stored and entered first."""
        if self._is_held(upload):
            return upload.size
        here = self._folder.spooled_bytes(upload.station, upload.sha256)
        if here < upload.size:
            return here
        self.finish(upload)
        return upload.size

    def finish(self, upload: Upload) -> None:
        """Turn a full spool into a file with a row.

        Raises:
            Problem: 460; the spool is gone then.
        """
        if not self._folder.adopt(upload.station, upload.sha256):
            raise Problem(BLOB_HASH_STATUS, "blob-hash")
        self._dossiers.arrived(upload.station, upload.sha256, upload.size)
        self._arrived(upload.station, upload.sha256)

    def _is_held(self, upload: Upload) -> bool:
        with self._database.read() as tx:
            return bool(
                tx.value(
                    "SELECT 1 FROM blobs WHERE station = ? AND sha256 = ?",
                    upload.station,
                    upload.sha256,
                )
            )

    @asynccontextmanager
    async def _turn(self, upload: Upload) -> AsyncIterator[asyncio.Event]:
        """Sole access to an upload; the event says that somebody newer waits for it."""
        slot = self._slots.setdefault(upload, _Slot())
        slot.newest += 1
        slot.users += 1
        mine = slot.newest
        slot.stop.set()
        try:
            try:
                async with asyncio.timeout(_TURN_S):
                    await slot.lock.acquire()
            except TimeoutError as error:
                raise Problem(423, "upload-busy", headers={"Retry-After": "5"}) from error
            try:
                slot.stop = asyncio.Event()
                if mine != slot.newest:
                    slot.stop.set()
                yield slot.stop
            finally:
                slot.lock.release()
        finally:
            slot.users -= 1
            if not slot.users:
                del self._slots[upload]


class _Body:
    """The pieces of a request body until it ends, is superseded, stalls or is cut off."""

    def __init__(self, receive: Receive, stop: asyncio.Event, stall_s: float) -> None:
        self.ended = ""
        self._receive = receive
        self._stop = stop
        self._stall_s = stall_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Each piece as it arrives; afterwards ``ended`` says how it ended."""
        stopping: asyncio.Future[object] = asyncio.ensure_future(self._stopped())
        try:
            while not self.ended:
                message = await self._next(stopping)
                if message is None:
                    return
                piece = message.get("body", b"")
                if isinstance(piece, bytes):
                    yield piece
                if not message.get("more_body", False):
                    self.ended = "complete"
        finally:
            stopping.cancel()

    async def _stopped(self) -> object:
        return await self._stop.wait()

    async def _next(self, stopping: asyncio.Future[object]) -> Mapping[str, object] | None:
        receiving = asyncio.ensure_future(self._receive())
        both: set[asyncio.Future[Any]] = {receiving, stopping}
        await asyncio.wait(both, timeout=self._stall_s, return_when=asyncio.FIRST_COMPLETED)
        if not receiving.done():
            receiving.cancel()
            self.ended = "superseded" if stopping.done() else "stalled"
            return None
        message = receiving.result()
        if message["type"] != "http.request":
            self.ended = "disconnected"
            return None
        return message
