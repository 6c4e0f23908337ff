"""What a process holds of the store: a database, the blobs, the jobs, the keys.

Layout of the folder: ``vault.db`` (with ``-wal`` and ``-shm``), ``blobs/``, ``tmp/``, ``vault_id``.
Nothing under it can be read without the key, which is not under it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from app.store.blob_rows import referenced
from app.store.blobs import BlobStore
from app.store.database import connect, transaction
from app.store.driver import Database
from app.store.durable import disk_errors, fsync_folder, make_folder
from app.store.jobs import Jobs
from app.store.keys import Keys, MasterKey
from app.store.migrations import migrate

DATABASE = "vault.db"


@dataclass(frozen=True, slots=True)
class Vault:
    """An opened vault. ``db`` and ``jobs`` belong to the thread that opened it."""

    db: Database
    blobs: BlobStore
    jobs: Jobs
    keys: Keys = field(repr=False)
    home: Path

    def connect(self) -> Database:
        """A connection of its own for the calling thread, which closes it.

        Raises:
            Trouble: the disk.
        """
        return connect(self.home / DATABASE, self.keys)

    def close(self) -> None:
        """The opening thread's connection is closed."""
        self.db.close()

    def sweep_orphans(self, now_s: float) -> int:
        """The number of blob files removed that no row speaks of and that are over an hour old.

        Args:
            now_s: wall clock, seconds since 1970.

        Raises:
            Trouble: the disk.
        """
        known = {self.blobs.name_of(blob) for blob in referenced(self.db)}
        if not self.blobs.orphans(known.__contains__, now_s):
            return 0
        with transaction(self.db):  # under the write lock nobody adds a row meanwhile
            known = {self.blobs.name_of(blob) for blob in referenced(self.db)}
            return self.blobs.sweep(known.__contains__, now_s)


def open_vault(home: Path, master: MasterKey | bytes) -> Vault:
    """The vault in ``home``, made or migrated as needed, rid of dead writers' unfinished files.

    Args:
        home: the vault's folder.
        master: the master key (see `app.store.keys.load_or_create_master`).

    Raises:
        Trouble: wrong key, newer schema, damage, or the disk (``store.*``).
        Defect: a guard of the database is missing.
    """
    keys = Keys.derive(master.value if isinstance(master, MasterKey) else master)
    path = home / DATABASE
    blobs = BlobStore(home, keys)
    with disk_errors():
        make_folder(home)
        _create_private(path)
    blobs.prepare()
    db = connect(path, keys)
    try:
        migrate(db, path)
        blobs.sweep_temporary()
    except BaseException:
        db.close()
        raise
    return Vault(db, blobs, Jobs(db, blobs), keys, home)


def _create_private(path: Path) -> None:
    """An empty database file that only its owner may read; SQLite gives its companions the same."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        fsync_folder(path.parent)
