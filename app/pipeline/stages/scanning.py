"""Scanning: sides become blobs, blobs become pages. The only room that imports ``scanner``."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self, cast

from app.clock import unix_ms
from app.domain.errors import Cancelled, Defect, Trouble
from app.domain.ids import BlobId, DossierId, PageId, uuid7
from app.domain.page import Page
from app.pipeline import flow, leases
from app.pipeline.context import Context
from app.store import dossiers
from app.store.blob_rows import record
from app.store.blobs import BlobWriter
from app.store.database import transaction
from app.store.hops import hop
from scanner.completeness import HALF_SHEET, unmarked
from scanner.model import (
    Device,
    Ended,
    ModeName,
    Notice,
    ScanRequest,
    SideBegin,
    SideChunk,
    SideDropped,
    SideEnd,
)
from scanner.remote import RemoteSource

__all__ = [
    "HALF_SHEET",
    "Device",
    "Ended",
    "Notice",
    "RemoteSource",
    "ScanRequest",
    "SideBegin",
    "SideChunk",
    "SideDropped",
    "SideEnd",
    "devices",
    "scan",
    "source",
    "unmarked",
]

_RENEW_S = 2.0
_MODES: dict[str, ModeName] = {"gray": "gray", "lineart": "lineart"}
_HOST = "scan-host"
_HUNG = frozenset({"scan.stalled", "scan.driver_crash"})
LEAST_FREE_BYTES = 500_000_000
"""A sheet is not begun with less on the disk: both its sides, as large as they come, must fit."""


def devices(home: Path, command: Sequence[str]) -> tuple[Device, ...]:
    """Every scanner that answers."""
    scanners = source(home, command)
    try:
        return scanners.devices()
    finally:
        scanners.close()


def source(home: Path, command: Sequence[str]) -> RemoteSource:
    """The driver hosts of this station; certificates seen first are remembered in ``home``."""
    return RemoteSource([*command, _HOST], {"SCANNER_PINS": str(home / "trust" / "scanners.json")})


def stand_by(home: Path, command: Sequence[str], keep: dict[str, object]) -> RemoteSource:
    """The driver hosts of this worker, one of them started before it is needed."""
    scanners = cast("RemoteSource", keep.setdefault(_HOST, source(home, command)))
    scanners.stand_by()
    return scanners


def scan(context: Context) -> None:
    """One batch into the vault, side by side; a side counts when its row is committed.

    Raises:
        Trouble: the scanner's slug, with ``safe_sheets`` and ``refeed_sheet``.
        Cancelled: scan.cancelled.
    """
    params = context.job.params
    declared = params.get("declared_sheets")
    page_mm = cast("list[int]", params["page_mm"])
    request = ScanRequest(
        device_id=context.text("device"),
        source="flatbed" if params.get("source") == "flatbed" else "feeder",
        duplex=bool(params.get("duplex")),
        dpi=context.integer("dpi"),
        mode=_MODES.get(str(params.get("mode")), "color"),
        multifeed="off" if params.get("multifeed") == "off" else "stop",
        page_mm=(float(page_mm[0]), float(page_mm[1])),
        declared_sheets=declared if isinstance(declared, int) else None,
        first_sheet=context.integer("first_sheet"),
    )
    host = stand_by(context.home, context.command, context.keep)
    gone = threading.Event()

    def stop() -> None:
        gone.set()
        host.stop(now=False)

    context.on_stop = stop
    try:
        ended = _take(context, host, request)
        _note(context, ended)
        if ended.reason in _HUNG and not (
            host.answers_again(request.device_id, gone, context.progress) or gone.is_set()
        ):
            ended = replace(ended, reason="scan.power_cycle")
        _tell(ended)
    finally:
        context.on_stop = None
        host.stand_by()


def _take(context: Context, host: RemoteSource, request: ScanRequest) -> Ended:
    if _free(context.home) < LEAST_FREE_BYTES:
        first = request.first_sheet
        raise Trouble("scan.disk_full", safe_sheets=first - 1, refeed_sheet=first)
    with _Intake(context, host) as intake:
        for event in _watched(context, host, request):
            if isinstance(event, Notice):
                _notice(context, event)
            elif isinstance(event, Ended):
                if event.reason in _HUNG:
                    # Told before the host is taken down and the device tried again.
                    context.bell("notice", slug=event.reason, **event.params)
                stopped = intake.full and event.reason == "cancelled"
                return replace(event, reason="scan.disk_full") if stopped else event
            else:
                intake.take(event)
    raise Defect("scan.no_end")


class _Intake:
    """The side on its way into the vault; one that is not ended in here leaves nothing behind."""

    def __init__(self, context: Context, host: RemoteSource) -> None:
        self._context = context
        self._host = host
        self._stack = ExitStack()
        self._writer: BlobWriter | None = None
        self.full = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._forget()

    def take(self, event: SideBegin | SideChunk | SideEnd | SideDropped) -> None:
        """One event of a side; at its end it is a page, and then the host may go on."""
        if isinstance(event, SideBegin):
            self._writer = self._stack.enter_context(self._context.vault.blobs.writer())
        elif self._writer is None:
            return
        elif isinstance(event, SideChunk):
            self._writer.write(event.data)
        elif isinstance(event, SideEnd):
            _commit(self._context, self._writer, event)
            self._forget()
            self._host.ack(event.seq)
            if not self.full and _free(self._context.home) < LEAST_FREE_BYTES:
                self.full = True
                self._host.stop(now=False)
        else:
            self._forget()
            self._context.bell("side_dropped", slug=event.slug, sheet=event.sheet)

    def _forget(self) -> None:
        self._stack.close()
        self._writer = None


def _free(home: Path) -> int:
    return shutil.disk_usage(home).free


def _notice(context: Context, notice: Notice) -> None:
    with transaction(context.vault.db):
        dossiers.note(
            context.vault.db,
            context.act(),
            "scan.notice",
            str(context.job.dossier),
            slug=notice.slug,
            **notice.params,
        )
    context.bell("notice", slug=notice.slug, **notice.params)


def _watched(
    context: Context, host: RemoteSource, request: ScanRequest
) -> Iterator[SideBegin | SideChunk | SideEnd | SideDropped | Notice | Ended]:
    renewed = time.monotonic()
    for event in host.scan(request):
        if isinstance(event, SideChunk) and time.monotonic() - renewed > _RENEW_S:
            context.progress()
            renewed = time.monotonic()
        yield event


def _commit(context: Context, writer: BlobWriter, side: SideEnd) -> None:
    info = writer.commit()
    hop("page.stored")
    if info.id != side.sha256:
        raise Defect("scan.hash", seq=side.seq)
    dossier = DossierId(str(context.job.dossier))
    db = context.vault.db
    with transaction(db):
        if not leases.owned(db, context.job.id, context.owner):
            raise Trouble("scan.lease_lost", sheet=side.sheet)
        record(db, context.vault.blobs, info.id)
        page = Page(
            id=PageId(uuid7(unix_ms())),
            dossier=dossier,
            document=None,
            position=dossiers.next_position(db, dossier),
            job=context.job.id,
            seq=side.seq,
            sheet=side.sheet,
            side=side.side,
            blob=BlobId(info.id),
            media=side.media,
            width_px=side.width_px,
            height_px=side.height_px,
            dpi=side.dpi,
            name=side.name,
            flags=side.flags,
        )
        flow.page_arrived(db, page, context.act())
        if side.side == "back":
            dossiers.complete_sheet(db, context.job.id, side.sheet)
    hop("page.committed")
    context.bell("page", page=page.id, dossier=dossier, n=page.position + 1)


def _note(context: Context, ended: Ended) -> None:
    body: dict[str, str | int] = {"reason": ended.reason, "safe_sheets": ended.safe_sheets}
    with transaction(context.vault.db):
        dossiers.note(
            context.vault.db, context.act(), "scan.ended", str(context.job.dossier), **body
        )


def _tell(ended: Ended) -> None:
    """Raise what did not end well.

    Raises:
        Trouble: the scanner's slug.
        Cancelled: scan.cancelled.
    """
    if ended.reason == "complete":
        return
    params = {
        **ended.params,
        "safe_sheets": ended.safe_sheets,
        "refeed_sheet": ended.refeed_sheet or 1,
    }
    if ended.reason == "cancelled":
        raise Cancelled.of("scan.cancelled", params)
    raise Trouble.of(ended.reason, params)
