"""The transfer of one file: resumable, believing only what the portal acknowledged.

Source: tus resumable upload protocol 1.0.0, core and creation.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator

from sync.errors import SyncError
from sync.outbox import BlobSource
from sync.patience import Patience
from sync.protocol import (
    BASE_PATH,
    BLOB_HASH_STATUS,
    METHOD_OVERRIDE_HEADER,
    OFFSET_MEDIA,
    TUS_VERSION,
    Missing,
)
from sync.retry import MIN_PATCH_BYTES, Pacer
from sync.session import Session
from sync.wire import Answer

_TUS = {"Tus-Resumable": TUS_VERSION}
_OK, _CREATED, _NO_CONTENT, _CONFLICT = 200, 201, 204, 409
_GONE = frozenset({404, 410})
_METHOD_REFUSED = frozenset({405, 501})
_TOO_LARGE = 413
_UNKNOWN = -1


class BlobBadError(Exception):
    """The local file is missing, has another size, or does not have its hash."""


class BlobRefusedError(Exception):
    """The portal will not have this file; ``answer`` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Transfer:
    """The sending of one missing file over one session.

    Args:
        session: of the lane.
        blobs: where the bytes come from.
        missing: which file, how long, and where it goes.
        pacer: shared by all transfers of the lane.
        patience: decides whether to go on after a fault.
        on_progress: told the acknowledged offset whenever it moves.
    """

    def __init__(
        self,
        *,
        session: Session,
        blobs: BlobSource,
        missing: Missing,
        pacer: Pacer,
        patience: Patience,
        on_progress: Callable[[int], None],
    ) -> None:
        self._session = session
        self._blobs = blobs
        self._missing = missing
        self._pacer = pacer
        self._patience = patience
        self._on_progress = on_progress
        self._offset = _UNKNOWN
        self._furthest = missing.offset
        self._overrides_method = False
        self._hash_refusals = 0
        self._last_length = 0

    def run(self) -> None:
        """Return once the portal has acknowledged every byte.

        Raises:
            BlobBadError: nothing is wrong with the link but with the file here.
            BlobRefusedError: the portal refuses this file.
            SyncError: a trouble of the link that outlasted the patience.
        """
        if self._blobs.size(self._missing.sha256) != self._missing.size:
            raise BlobBadError
        while self._offset < self._missing.size:
            try:
                self._step()
            except SyncError as error:
                if not self._adapted(error):
                    self._patience.failed(error)
                    self._offset = _UNKNOWN
            if self._offset > self._furthest:
                self._furthest = self._offset
                self._patience.progress()
                self._on_progress(self._offset)

    def _step(self) -> None:
        if self._offset == _UNKNOWN:
            self._offset = self._create()
        else:
            self._patch()

    def _create(self) -> int:
        """The offset of the upload, made new where there is none; nothing is ever cut off."""
        name = base64.b64encode(self._missing.sha256.encode("ascii")).decode("ascii")
        answer = self._session.call(
            "POST",
            "/uploads",
            headers={
                **_TUS,
                "Upload-Length": str(self._missing.size),
                "Upload-Metadata": f"sha256 {name}",
            },
        )
        if answer.status not in {_OK, _CREATED}:
            return self._refused(answer)
        return self._believed(answer)

    def _patch(self) -> None:
        start = self._offset
        length = self._pacer.length(self._missing.size - start)
        begun = time.monotonic()
        try:
            answer = self._session.call(
                "POST" if self._overrides_method else "PATCH",
                self._path(),
                headers={
                    **_TUS,
                    **({METHOD_OVERRIDE_HEADER: "PATCH"} if self._overrides_method else {}),
                    "Content-Type": OFFSET_MEDIA,
                    "Content-Length": str(length),
                    "Upload-Offset": str(start),
                },
                body=lambda: self._bytes(start, length),
                read_timeout_s=self._pacer.read_timeout_s(length),
            )
        except SyncError as error:
            if error.slug == "sync.cut":
                self._resume(start, length, error)
                return
            self._last_length = length
            raise
        if answer.status == _NO_CONTENT:
            self._offset = self._believed(answer)
            self._pacer.acknowledged(self._offset - start, time.monotonic() - begun)
        elif answer.status == _CONFLICT:
            self._offset = self._believed(answer)
        else:
            self._offset = self._refused(answer)

    def _resume(self, start: int, length: int, cut: SyncError) -> None:
        """Ask how much of a broken PATCH arrived and go on there."""
        self._offset = _UNKNOWN
        self._patience.failed(cut)
        answer = self._session.call("HEAD", self._path(), headers=_TUS)
        if answer.status == _OK:
            self._offset = self._believed(answer)
            self._pacer.cut(length, max(0, self._offset - start))

    def _refused(self, answer: Answer) -> int:
        """The offset to go on at after an answer that is no success."""
        if answer.status in _GONE:
            raise BlobRefusedError(answer) if self._offset == _UNKNOWN else SyncError("sync.cut")
        if answer.status == BLOB_HASH_STATUS:
            self._hash_refusals += 1
            if self._hash_refusals > 1 or not self._is_whole():
                raise BlobBadError
            return _UNKNOWN
        raise BlobRefusedError(answer)

    def _is_whole(self) -> bool:
        digest = hashlib.sha256()
        for piece in self._blobs.read(self._missing.sha256, 0):
            digest.update(piece)
        return digest.hexdigest() == self._missing.sha256

    def _believed(self, answer: Answer) -> int:
        offset = answer.offset
        if offset > self._missing.size:
            raise SyncError("sync.answer_bad", status=answer.status, why="offset beyond the end")
        return offset

    def _adapted(self, error: SyncError) -> bool:
        """Whether a middle box refused our manner of sending and another one is left."""
        if error.slug not in {"sync.not_a_portal", "sync.captive"}:
            return False
        if _status(error) in _METHOD_REFUSED and not self._overrides_method:
            self._overrides_method = True
            return True
        if _status(error) == _TOO_LARGE and self._last_length > MIN_PATCH_BYTES:
            self._pacer.refused_as_too_long(self._last_length)
            return True
        return False

    def _path(self) -> str:
        url = self._missing.upload_url
        if not url.startswith(f"{BASE_PATH}/uploads/") or ".." in url:
            raise SyncError("sync.answer_bad", status=_OK, why="upload address elsewhere")
        return url.removeprefix(BASE_PATH)

    def _bytes(self, start: int, length: int) -> Iterator[bytes]:
        rest = length
        for piece in self._blobs.read(self._missing.sha256, start):
            yield piece[:rest]
            rest -= len(piece[:rest])
            if rest <= 0:
                return
        raise BlobBadError


def _status(error: SyncError) -> int:
    value = error.params.get("status", 0)
    return value if isinstance(value, int) else 0
