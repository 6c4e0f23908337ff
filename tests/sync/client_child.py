"""A station as a process of its own: everything it knows it reads from its folder."""

from __future__ import annotations

import os
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from sync.client import SyncClient
from sync.identity import StationIdentity
from sync.wire import Timeouts
from tests.sync.kit import FileOutbox, now


class FolderShelf:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def size(self, name: str) -> int:
        return (self.folder / name).stat().st_size

    def read(self, name: str, offset: int) -> Iterator[bytes]:
        with (self.folder / name).open("rb") as file:
            file.seek(offset)
            while piece := file.read(16 * 1024):
                yield piece


def main(folder: Path) -> int:
    rest = threading.Event()
    one = SyncClient(
        StationIdentity.from_bytes((folder / "identity").read_bytes()),
        FileOutbox(folder / "outbox"),
        FolderShelf(folder / "files"),
        clock=now,
        wait=lambda seconds: rest.wait(min(seconds, 0.05)),
        rng=random.Random(os.getpid()),
        timeouts=Timeouts(2.0, 5.0, 5.0),
    )
    while not one.run_once().done:
        rest.wait(0.05)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
