"""One open portal: its folder, database, pen and the parts that work on them."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import uuid
from collections.abc import Callable
from pathlib import Path

from sync.errors import SyncError
from sync.portal.checks import CheckDocument, Checker
from sync.portal.database import Database
from sync.portal.dossiers import Dossiers
from sync.portal.folder import Folder, Hop, file_sha256, no_hop
from sync.portal.problems import Problem
from sync.portal.receipts import Pen
from sync.portal.stations import Stations
from sync.portal.uploads import Uploads
from sync.portal.verdict import DocumentVerdict


class Portal:
    """Everything behind the endpoints.

    Args:
        data: the folder; made when missing, kept by one process at a time.
        clock: the wall clock.
        check_document: looks at each received file; None leaves signatures unchecked.
        require_code: whether even a station on this machine needs a one-time code.
        hop: told each step of the storage order.

    Raises:
        SyncError: ``sync.portal_in_use``, ``sync.portal_data_bad``, ``sync.portal_folder``.
    """

    def __init__(
        self,
        data: Path,
        *,
        clock: Callable[[], dt.datetime],
        check_document: CheckDocument | None = None,
        require_code: bool = False,
        hop: Hop = no_hop,
    ) -> None:
        self.clock = clock
        self.require_code = require_code
        self.folder = Folder(data, hop)
        self._checker = Checker(check_document, self._judged) if check_document else None
        with contextlib.ExitStack() as undo:
            try:
                self.folder.prepare()
                self._lock = self.folder.lock()
                undo.callback(os.close, self._lock)
                if self.folder.has("portal.db") and not self.folder.has("key.pem"):
                    raise SyncError("sync.portal_data_bad", folder=data.name)
                key = self.folder.key()
            except OSError as error:
                raise SyncError("sync.portal_folder", folder=data.name) from error
            self.database = Database(data / "portal.db")
            undo.callback(self.database.close)
            self.id = self._own_id()
            undo.pop_all()
        self.pen = Pen(key, f"urn:counter-portal:{self.id}")
        self.stations = Stations(self.database, self.folder, self.pen.issuer, clock)
        self.dossiers = Dossiers(
            self.database,
            self.folder,
            self.pen,
            clock,
            checks_documents=check_document is not None,
        )
        self.uploads = Uploads(self.database, self.folder, self.dossiers, self._arrived)

    def start(self) -> None:
        """Put right what an abrupt end left behind and begin to look at files."""
        self._sweep()
        if self._checker is not None:
            self._checker.start()
            for station, sha256 in self.dossiers.unjudged():
                self._arrived(station, sha256)

    def close(self) -> None:
        """Let go of child, database and lock."""
        if self._checker is not None:
            self._checker.stop()
        self.database.close()
        os.close(self._lock)

    def _arrived(self, station: str, sha256: str) -> None:
        if self._checker is not None:
            path = self.folder.blob_path(station, sha256)
            self._checker.submit(station, sha256, path)

    def _judged(self, station: str, sha256: str, verdict: DocumentVerdict) -> None:
        self.dossiers.judged(station, sha256, verdict)

    def _own_id(self) -> str:
        with self.database.write() as tx:
            tx.run(
                "INSERT OR IGNORE INTO meta (key, value) VALUES ('portal_id', ?)",
                str(uuid.uuid4()),
            )
            return str(tx.value("SELECT value FROM meta WHERE key = 'portal_id'"))

    def _sweep(self) -> None:
        """Enter files without a row, ask again for rows without a file, finish full uploads."""
        with self.database.read() as tx:
            known = {(row[0], row[1]) for row in tx.all("SELECT station, sha256 FROM blobs")}
        for station, sha256 in self.folder.stored():
            path = self.folder.blob_path(station, sha256)
            if (station, sha256) in known:
                continue
            if file_sha256(path) == sha256:
                self.dossiers.arrived(station, sha256, path.stat().st_size)
            else:
                path.unlink()
        for station, sha256 in known:
            if not self.folder.blob_path(station, sha256).is_file():
                self.dossiers.vanished(station, sha256)
        for station, sha256 in self.folder.spooled():
            self._finish(station, sha256)
        self.dossiers.settle_open()

    def _finish(self, station: str, sha256: str) -> None:
        try:
            upload = self.uploads.find(station, sha256)
            if self.folder.spooled_bytes(station, sha256) >= upload.size:
                self.uploads.finish(upload)
        except Problem:
            return
