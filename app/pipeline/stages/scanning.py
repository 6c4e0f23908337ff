"""Scanning: sides become blobs, blobs become pages. The only room that imports ``scanner``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import cast

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
from scanner.model import (
    Device,
    Ended,
    Notice,
    ScanRequest,
    SideBegin,
    SideChunk,
    SideDropped,
    SideEnd,
)
from scanner.remote import RemoteSource

__all__ = [
    "Device",
    "Ended",
    "RemoteSource",
    "ScanRequest",
    "SideBegin",
    "SideChunk",
    "SideDropped",
    "SideEnd",
    "devices",
    "scan",
    "source",
]

_RENEW_S = 2.0


def devices(command: Sequence[str]) -> tuple[Device, ...]:
    """Every scanner that answers."""
    source = RemoteSource([*command, "scan-host"])
    try:
        return source.devices()
    finally:
        source.close()


def source(command: Sequence[str]) -> RemoteSource:
    """A driver host, for the ``scan`` verb."""
    return RemoteSource([*command, "scan-host"])


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
        page_mm=(float(page_mm[0]), float(page_mm[1])),
        declared_sheets=declared if isinstance(declared, int) else None,
        first_sheet=context.integer("first_sheet"),
    )
    host = RemoteSource([*context.command, "scan-host"])
    context.on_stop = lambda: host.stop(now=False)
    try:
        _take(context, host, request)
    finally:
        context.on_stop = None
        host.close()


def _take(context: Context, host: RemoteSource, request: ScanRequest) -> None:
    with ExitStack() as stack:
        writer: BlobWriter | None = None
        for event in _watched(context, host, request):
            if isinstance(event, SideBegin):
                writer = stack.enter_context(context.vault.blobs.writer())
            elif isinstance(event, SideChunk) and writer is not None:
                writer.write(event.data)
            elif isinstance(event, SideEnd) and writer is not None:
                _commit(context, writer, event)
                stack.close()
                writer = None
                host.ack(event.seq)
            elif isinstance(event, SideDropped):
                stack.close()
                writer = None
                context.bell("side_dropped", slug=event.slug, sheet=event.sheet)
            elif isinstance(event, Notice):
                context.bell("notice", slug=event.slug)
            elif isinstance(event, Ended):
                _end(context, event)


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
    hop("page.committed")
    context.bell("page", page=page.id, dossier=dossier, n=page.position + 1)


def _end(context: Context, ended: Ended) -> None:
    body: dict[str, str | int] = {"reason": ended.reason, "safe_sheets": ended.safe_sheets}
    with transaction(context.vault.db):
        dossiers.note(
            context.vault.db, context.act(), "scan.ended", str(context.job.dossier), **body
        )
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
