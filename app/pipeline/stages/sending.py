"""Sending: a sealed dossier reaches the portal once. The only room that imports ``sync``.

Two lanes: ``register`` (manifests and receipts) never waits for ``deliver`` (bytes).
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from app.clock import now
from app.domain.errors import Trouble
from app.domain.ids import BlobId, DossierId
from app.pipeline.context import Context
from app.store import dossiers
from app.store.database import transaction
from app.store.vault import Vault
from sync.client import DossierRev, Missing, Reason, Registered, Sealed, SyncClient
from sync.identity import StationIdentity, enrol
from sync.jws import new_key_pem
from sync.receipt import parse_receipt

IDENTITY = "sync.identity"
KEY = "sync.key"
URL = "sync.url"


def enrol_station(vault: Vault, url: str, code: str | None) -> StationIdentity:
    """Make this station known to a portal and keep what it answered.

    Raises:
        SyncError: sync.offline, sync.enrol_refused and family.
    """
    key = dossiers.setting(vault.db, KEY).encode() or new_key_pem()
    with transaction(vault.db):
        dossiers.set_setting(vault.db, KEY, key.decode())
    identity = enrol(
        url,
        code=code,
        label=dossiers.setting(vault.db, "station.name"),
        office=dossiers.setting(vault.db, "station.office"),
        now=now(),
        private_key_pem=key,
    )
    with transaction(vault.db):
        dossiers.set_setting(vault.db, IDENTITY, identity.to_bytes().decode())
        dossiers.set_setting(vault.db, URL, url)
    return identity


def identity_for(vault: Vault) -> StationIdentity:
    """This station's identity at the configured portal; on loopback it enrols by itself.

    Raises:
        Trouble: sync.not_configured, sync.not_enrolled.
    """
    url = dossiers.setting(vault.db, URL)
    if not url:
        raise Trouble("sync.not_configured")
    kept = dossiers.setting(vault.db, IDENTITY)
    if kept:
        identity = StationIdentity.from_bytes(kept.encode())
        return dataclasses.replace(identity, portal_url=url)
    if urlsplit(url).hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise Trouble("sync.not_enrolled", url=url)
    return enrol_station(vault, url, None)


def register(context: Context) -> None:
    """Register a manifest; the reception receipt is stored before this returns.

    Raises:
        SyncError: sync.offline and family; the worker tries again later.
    """
    _run(context, "register")


def deliver(context: Context) -> None:
    """Send what the portal lacks until its custody receipt is stored.

    Raises:
        SyncError: sync.offline and family; the worker tries again later.
    """
    _run(context, "deliver")


def _run(context: Context, lane: str) -> None:
    identity = identity_for(context.vault)
    outbox = _OneDossier(context, lane, identity)
    client = SyncClient(
        identity,
        outbox,
        _Blobs(context.vault),
        clock=now,
        wait=context.stopping.wait,
        rng=random.Random(),  # noqa: S311 - jitter
    )
    report = client.run_once()
    if report.trouble is not None:
        raise report.trouble


class _Blobs:
    """The vault's blobs as the sync room reads them."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def size(self, sha256: str) -> int:
        blob = BlobId(sha256)
        return self._vault.blobs.size(blob) if self._vault.blobs.exists(blob) else -1

    def read(self, sha256: str, offset: int) -> Iterator[bytes]:
        return self._vault.blobs.chunks(BlobId(sha256), offset)


class _OneDossier:
    """One dossier as the sync room's outbox; every answer is one transaction."""

    def __init__(self, context: Context, lane: str, identity: StationIdentity) -> None:
        self._identity = identity
        self._context = context
        self._lane = lane
        self._db = context.vault.db
        self._dossier = DossierId(context.text("dossier"))
        self._rev = context.integer("rev")
        self._manifest = context.vault.blobs.read(context.job.inputs[0])

    def to_register(self, n: int) -> Sequence[Sealed]:
        due = self._lane == "register" and self._state() == "sealed"
        return [Sealed(self._dossier, self._rev, self._manifest)][: n if due else 0]

    def to_deliver(self, n: int) -> Sequence[Registered]:
        due = self._lane == "deliver" and self._state() in {"registered", "uploading"}
        return [Registered(self._dossier, self._rev, self._manifest)][: n if due else 0]

    def waiting(self) -> int:
        return len(self.to_register(1)) + len(self.to_deliver(1))

    def registered(self, key: DossierRev, receipt: bytes, missing: Sequence[Missing]) -> None:
        del key, missing
        claims = parse_receipt(receipt, self._identity.portal_keys, self._identity.issuer)
        with transaction(self._db):
            found = dossiers.get(self._db, self._dossier)
            dossiers.add_receipt(self._db, found, "reception", receipt, now())
            rebound = found.official_code is not None and (
                claims.official_code not in {None, found.official_code}
            )
            dossiers.set_dossier(
                self._db,
                self._dossier,
                official_code=found.official_code or claims.official_code,
                portal_received_at=claims.received_at.isoformat(),
                trouble="sync.code_rebound" if rebound else None,
            )
            if found.state == "sealed":
                act = self._context.act()
                dossiers.move_state(self._db, self._dossier, "registered", act)
        self._context.bell("progress", dossier=self._dossier)

    def progress(self, key: DossierRev, bytes_left: int) -> None:
        del key
        with transaction(self._db):
            if self._state() == "registered":
                dossiers.move_state(self._db, self._dossier, "uploading", self._context.act())
            dossiers.set_setting(self._db, f"left.{self._dossier}.{self._rev}", str(bytes_left))
        self._context.bell("progress", dossier=self._dossier, bytes_left=bytes_left)

    def delivered(self, key: DossierRev, receipt: bytes) -> None:
        del key
        with transaction(self._db):
            found = dossiers.get(self._db, self._dossier)
            dossiers.add_receipt(self._db, found, "custody", receipt, now())
            dossiers.set_setting(self._db, f"left.{self._dossier}.{self._rev}", "0")
            dossiers.set_dossier(self._db, self._dossier, trouble=None)
            if found.state in {"registered", "uploading"}:
                dossiers.move_state(self._db, self._dossier, "delivered", self._context.act())

    def rejected(self, key: DossierRev, reasons: Sequence[Reason]) -> None:
        del key
        first = reasons[0].code if reasons else "unknown"
        with transaction(self._db):
            dossiers.move_state(self._db, self._dossier, "rejected", self._context.act())
            dossiers.set_dossier(self._db, self._dossier, trouble=f"sync.rejected:{first}")

    def conflict(self, key: DossierRev) -> None:
        del key
        self._trouble("sync.conflict")

    def blob_bad(self, key: DossierRev, sha256: str) -> None:
        del key, sha256
        self._trouble("sync.blob_bad")

    def held(self, why: str) -> None:
        del why
        self._trouble("sync.station_held")

    def _trouble(self, slug: str) -> None:
        with transaction(self._db):
            dossiers.set_dossier(self._db, self._dossier, trouble=slug)
            dossiers.note(self._db, self._context.act(), slug, self._dossier)

    def _state(self) -> str:
        return dossiers.get(self._db, self._dossier).state
