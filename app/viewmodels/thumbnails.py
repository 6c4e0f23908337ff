"""Pictures of pages: decoded off the UI thread, kept in a small cache, by blob and size."""

from __future__ import annotations

import contextlib
from collections import OrderedDict

from PySide6.QtCore import QBuffer, QObject, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QImageReader, QPixmap

from app.domain.errors import DeskError
from app.domain.ids import BlobId
from app.store.blobs import BlobStore

KEPT_THUMBNAILS = 300
KEPT_SCREENS = 8
Key = tuple[str, int, int]


class _Load(QRunnable):
    """Read one blob and decode it as large as it will be shown."""

    def __init__(self, owner: Pictures, key: Key) -> None:
        super().__init__()
        self._owner, self._key = owner, key

    def run(self) -> None:
        """Hand the image to the UI thread; a blob that cannot be read is an empty image."""
        image = QImage()
        blob, width, height = self._key
        with contextlib.suppress(DeskError):
            data = self._owner.blobs.read(BlobId(blob))
            buffer = QBuffer()
            buffer.setData(data)
            reader = QImageReader(buffer)
            size = reader.size()
            if width and size.width() > width:
                room = QSize(width, height)
                reader.setScaledSize(size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio))
            image = reader.read()
        with contextlib.suppress(RuntimeError):  # the window is gone
            self._owner.loaded.emit(self._key, image)


class Pictures(QObject):
    """A cache of pixmaps; asking for one that is missing loads it.

    Args:
        blobs: the vault's blobs.
        kept: how many pixmaps stay in memory.
    """

    loaded = Signal(object, QImage)
    ready = Signal()

    def __init__(self, blobs: BlobStore, kept: int) -> None:
        super().__init__()
        self.blobs = blobs
        self._kept = kept
        self._pixmaps: OrderedDict[Key, QPixmap] = OrderedDict()
        self._asked: set[Key] = set()
        self._pool = QThreadPool(self, maxThreadCount=1)
        self.loaded.connect(self._on_loaded)

    def get(self, blob: BlobId | None, room: QSize | None = None) -> QPixmap | None:
        """The pixmap; while it is being loaded another size of it, or None.

        Args:
            blob: a picture.
            room: device pixels it must fit into; None keeps its own size.
        """
        if blob is None:
            return None
        key = (str(blob), room.width() if room else 0, room.height() if room else 0)
        found = self._pixmaps.get(key)
        if found is not None:
            self._pixmaps.move_to_end(key)
            return None if found.isNull() else found
        if key not in self._asked:
            self._asked.add(key)
            self._pool.start(_Load(self, key))
        return next((known for other, known in self._pixmaps.items() if other[0] == blob), None)

    @property
    def waits(self) -> bool:
        """Whether a picture is being loaded."""
        return bool(self._asked)

    def close(self) -> None:
        """Wait for loads under way."""
        self._pool.clear()
        self._pool.waitForDone(2000)

    def _on_loaded(self, key: Key, image: QImage) -> None:
        self._asked.discard(key)
        self._pixmaps[key] = QPixmap.fromImage(image)
        while len(self._pixmaps) > self._kept:
            self._pixmaps.popitem(last=False)
        self.ready.emit()
