"""The reference portal as a process: ``sync.portal`` with our own checks of each paper."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pikepdf

from app.clock import now
from app.signing.verify import verify
from sync.portal.dump import DumpRow, export
from sync.portal.dump import dump as holdings
from sync.portal.server import serve as serve_portal
from sync.portal.verdict import DocumentVerdict

REASONS = {"sign.pdf_encrypted": "pdf-encrypted"}


def serve(
    data: Path,
    host: str,
    port: int,
    *,
    require_code: bool,
    until_stdin_closes: bool,
    announce: Callable[[str], None],
) -> int:
    """Serve until told to stop.

    Args:
        data: the portal's own folder.
        host: address to bind.
        port: 0 picks a free one.
        require_code: whether a station needs a one-time code.
        until_stdin_closes: end with the parent that holds our stdin.
        announce: told ``url ADDRESS`` once it answers, then ``open`` or ``code CODE``.
    """
    if until_stdin_closes:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    return serve_portal(
        data,
        host,
        port,
        require_code=require_code,
        check_document=check_document,
        announce=announce,
        clock=now,
    )


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def check_document(path: Path) -> DocumentVerdict:
    """What the portal finds in a file: PDF/A as claimed, signed over the whole file.

    Trust needs anchors of the portal's own: ``signed`` means intact, no more.
    """
    pdf = path.read_bytes()
    try:
        report = verify(pdf, anchors=(), crls=(), now=now())
        flavour, pages = _claims(pdf)
    except Exception as error:
        slug = getattr(error, "slug", None)
        if not isinstance(slug, str):
            raise
        why = REASONS.get(slug, "pdf-unreadable")
        return DocumentVerdict(pdf=False, pdfa=None, signed=False, pages=None, reason=why)
    signed = bool(report.signatures) and all(item.intact for item in report.signatures)
    whole = signed and "sign.suspicious_tail" not in report.problems
    reason = "signature-broken" if report.signatures and not whole else None
    return DocumentVerdict(pdf=True, pdfa=flavour, signed=whole, pages=pages, reason=reason)


def _claims(pdf: bytes) -> tuple[str | None, int]:
    """The PDF/A flavour a file claims in its XMP, for example ``2u``, and its pages."""
    with pikepdf.open(io.BytesIO(pdf)) as document, document.open_metadata() as meta:
        part, level = meta.get("pdfaid:part"), meta.get("pdfaid:conformance")
        flavour = f"{part}{level}".lower() if part and level else None
        return flavour, len(document.pages)


def dump(data: Path, out: Path | None) -> Sequence[DumpRow]:
    """What the portal holds; with ``out`` the files are written there too."""
    return holdings(data) if out is None else export(data, out)
