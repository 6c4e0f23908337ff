"""What was once read out of blobs: content never changes under its name."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar, cast

from app.domain.ids import BlobId

KEPT = 8000
T = TypeVar("T")


class Known:
    """The most recently used values, by what they are and the blob they were read from."""

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[type, BlobId], object] = OrderedDict()

    def get(self, kind: type[T], blob: BlobId, read: Callable[[], T]) -> T:
        """The value of ``kind`` in ``blob``; ``read`` is called when it is not known yet."""
        key = (kind, blob)
        if key not in self._values:
            self._values[key] = read()
        self._values.move_to_end(key)
        while len(self._values) > KEPT:
            self._values.popitem(last=False)
        return cast("T", self._values[key])
