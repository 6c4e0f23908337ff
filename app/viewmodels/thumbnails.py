"""Pictures of pages: decoded off the UI thread, kept in a small cache, by blob."""

from __future__ import annotations

import contextlib
from collections import OrderedDict

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap

from app.domain.errors import DeskError
from app.domain.ids import BlobId
from app.store.blobs import BlobStore

KEPT_THUMBNAILS = 300
KEPT_SCREENS = 4


class _Load(QRunnable):
    """Read and decode one blob."""

    def __init__(self, owner: Pictures, blob: BlobId) -> None:
        super().__init__()
        self._owner, self._blob = owner, blob

    def run(self) -> None:
        """Hand the image to the UI thread; a blob that cannot be read is an empty image."""
        image = QImage()
        with contextlib.suppress(DeskError):
            image.loadFromData(self._owner.blobs.read(self._blob))
        self._owner.loaded.emit(self._blob, image)


class Pictures(QObject):
    """A cache of pixmaps by blob; asking for one that is missing loads it.

    Args:
        blobs: the vault's blobs.
        kept: how many pixmaps stay in memory.
    """

    loaded = Signal(str, QImage)
    ready = Signal(str)

    def __init__(self, blobs: BlobStore, kept: int) -> None:
        super().__init__()
        self.blobs = blobs
        self._kept = kept
        self._pixmaps: OrderedDict[str, QPixmap] = OrderedDict()
        self._asked: set[str] = set()
        self._pool = QThreadPool(self, maxThreadCount=1)
        self.loaded.connect(self._on_loaded)

    def get(self, blob: BlobId | None) -> QPixmap | None:
        """The pixmap, or None while it is being loaded."""
        if blob is None:
            return None
        found = self._pixmaps.get(blob)
        if found is not None:
            self._pixmaps.move_to_end(blob)
            return found
        if blob not in self._asked:
            self._asked.add(blob)
            self._pool.start(_Load(self, blob))
        return None

    def close(self) -> None:
        """Wait for loads under way."""
        self._pool.clear()
        self._pool.waitForDone(2000)

    def _on_loaded(self, blob: str, image: QImage) -> None:
        self._asked.discard(blob)
        self._pixmaps[blob] = QPixmap.fromImage(image)
        while len(self._pixmaps) > self._kept:
            self._pixmaps.popitem(last=False)
        self.ready.emit(blob)
