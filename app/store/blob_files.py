"""The folders of the blobs: names, temporary files, placing and sweeping."""

from __future__ import annotations

import contextlib
import hmac
import re
import threading
from collections.abc import Callable
from pathlib import Path

from app.domain.errors import Defect
from app.domain.ids import BlobId
from app.store.durable import (
    claim_temporary,
    disk_errors,
    fsync_folder,
    make_folder,
    remove_abandoned,
    replace,
)
from app.store.hops import hop
from app.store.keys import Keys

ORPHAN_AGE_S = 3600
_HEX = re.compile(r"[0-9a-f]{64}")


class BlobFiles:
    """``blobs/<2>/<name>`` and ``tmp/`` under a vault's folder.

    Args:
        root: the vault's folder.
        keys: the vault's subkeys.
    """

    def __init__(self, root: Path, keys: Keys) -> None:
        self._folder = root / "blobs"
        self._temporary = root / "tmp"
        self._name_key = keys.name
        self._durable: set[Path] = set()
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Both folders exist.

        Raises:
            OSError: the disk refuses.
        """
        make_folder(self._folder)
        make_folder(self._temporary)

    def name_of(self, blob: BlobId) -> str:
        """The file name of a blob, stored or not: HMAC-SHA256(name key, id) in hex.

        Raises:
            Defect: ``store.blob_id``.
        """
        if not _HEX.fullmatch(blob):
            raise Defect("store.blob_id")
        return hmac.digest(self._name_key, bytes.fromhex(blob), "sha256").hex()

    def path_of(self, blob: BlobId) -> Path:
        """Where the blob lies, if it is stored."""
        name = self.name_of(blob)
        return self._folder / name[:2] / name

    def claim(self) -> tuple[int, Path]:
        """A temporary file for a writer, opened and locked.

        Raises:
            Trouble: the disk refuses.
        """
        with disk_errors():
            try:
                return claim_temporary(self._temporary)
            except FileNotFoundError:
                self.prepare()
                return claim_temporary(self._temporary)

    def place(self, temporary: Path, blob: BlobId) -> None:
        """The finished file has its blob's name, durably.

        Raises:
            OSError: the disk refuses.
        """
        path = self.path_of(blob)
        with self._lock:  # each process makes sure of each folder once, whoever created it
            if path.parent not in self._durable:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                fsync_folder(self._folder)
                self._durable.add(path.parent)
        replace(temporary, path)
        hop("blob.after_rename")
        fsync_folder(path.parent)

    def orphans(self, known: Callable[[str], bool], now_s: float) -> list[str]:
        """Names of files older than an hour that ``known`` does not know.

        Raises:
            OSError: the disk refuses.
        """
        found: list[str] = []
        for path in self._folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                old = now_s - path.stat().st_mtime > ORPHAN_AGE_S
                if old and _HEX.fullmatch(path.name) and not known(path.name):
                    found.append(path.name)
        return found

    def remove(self, name: str) -> None:
        """No file has this name any more."""
        (self._folder / name[:2] / name).unlink(missing_ok=True)

    def sweep_temporary(self) -> int:
        """The number of unfinished files removed whose writers are dead.

        Raises:
            OSError: the disk refuses.
        """
        return sum(remove_abandoned(path) for path in self._temporary.iterdir())
