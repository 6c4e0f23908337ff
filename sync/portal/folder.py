"""The portal's folder on disk: lock, key, spool and files; each write durable before it counts.

``blobs/<station>/<aa>/<sha256>`` holds whole, hashed files; ``spool/<station>-<sha256>`` what has
arrived of the others. A file of another station is never shared: possession is proved by sending.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.errors import SyncError
from sync.jws import load_private_key, new_key_pem

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

Hop = Callable[[str], None]
"""Told the name of each step of the storage order as it is passed; tests cut the power there."""

_SPOOL_NAME = re.compile(r"([A-Z0-9]{2,12})-([0-9a-f]{64})", re.ASCII)
_CHUNK_BYTES = 1024 * 1024


def no_hop(_name: str) -> None:
    """Do nothing at a step."""


class Folder:
    """The files of one portal.

    Args:
        root: made when missing, readable for its owner only.
        hop: told each step.
    """

    def __init__(self, root: Path, hop: Hop = no_hop) -> None:
        self.root = root
        self.hop = hop
        self.spool = root / "spool"
        self.blobs = root / "blobs"

    def prepare(self) -> None:
        """Make what is missing."""
        for folder in (self.root, self.spool, self.blobs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def lock(self) -> int:
        """The descriptor of the lock that keeps a second process out until it is closed.

        Raises:
            SyncError: ``sync.portal_in_use``.
        """
        handle = os.open(self.root / "portal.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform == "win32":
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise SyncError("sync.portal_in_use", folder=self.root.name) from error
        return handle

    def has(self, name: str) -> bool:
        """Whether ``name`` stands in the folder."""
        return (self.root / name).is_file()

    def key(self) -> Ed25519PrivateKey:
        """The portal's signing key, made at the first call."""
        path = self.root / "key.pem"
        if not path.is_file():
            fresh = path.with_suffix(".new")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(new_key_pem())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            sync_folder(self.root)
        return load_private_key(path.read_bytes())

    def spool_path(self, station: str, sha256: str) -> Path:
        """Where an upload grows."""
        return self.spool / f"{station}-{sha256}"

    def blob_path(self, station: str, sha256: str) -> Path:
        """Where a whole file lies."""
        return self.blobs / station / sha256[:2] / sha256

    def spooled_bytes(self, station: str, sha256: str) -> int:
        """How much of an upload has arrived."""
        try:
            return self.spool_path(station, sha256).stat().st_size
        except FileNotFoundError:
            return 0

    def adopt(self, station: str, sha256: str) -> bool:
        """Whether the whole upload had its hash and lies among the files now, durably.

        An upload with another hash is deleted.
        """
        spooled = self.spool_path(station, sha256)
        with spooled.open("rb+") as file:
            os.fsync(file.fileno())
        self.hop("blob-synced")
        if file_sha256(spooled) != sha256:
            spooled.unlink()
            sync_folder(self.spool)
            return False
        self.hop("blob-hashed")
        target = self.blob_path(station, sha256)
        for folder in (target.parent.parent, target.parent):
            if not folder.is_dir():
                folder.mkdir(mode=0o700)
                sync_folder(folder.parent)
        spooled.replace(target)
        self.hop("blob-renamed")
        sync_folder(target.parent)
        self.hop("blob-folder-synced")
        return True

    def spooled(self) -> Iterator[tuple[str, str]]:
        """Station and hash of every upload that has begun."""
        for path in sorted(self.spool.iterdir()):
            if match := _SPOOL_NAME.fullmatch(path.name):
                yield match[1], match[2]

    def stored(self) -> Iterator[tuple[str, str]]:
        """Station and hash of every whole file."""
        for path in sorted(self.blobs.glob("*/*/*")):
            station, name = path.parent.parent.name, path.name
            if _SPOOL_NAME.fullmatch(f"{station}-{name}"):
                yield station, name


def file_sha256(path: Path) -> str:
    """Lower-case hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def sync_folder(path: Path) -> None:
    """Return once the names in ``path`` are durable; on Windows the rename is all there is."""
    if sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
