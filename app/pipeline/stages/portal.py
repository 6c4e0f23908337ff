"""The reference portal as a process: ``sync.portal`` with our own checks of each paper."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from app.clock import now
from app.packaging.validate import claims
from app.signing.verify import verify
from sync.portal.server import serve as serve_portal
from sync.portal.storage import dump as dump_portal
from sync.portal.storage import DumpRow, export
from sync.portal.checks import DocumentVerdict


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
        announce: told the URL once it answers.
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
        flavour, pages = claims(pdf)
    except Exception as error:
        slug = getattr(error, "slug", None)
        if not isinstance(slug, str):
            raise
        return DocumentVerdict(pdf=False, pdfa=None, signed=False, pages=None, reason=slug)
    signed = bool(report.signatures) and all(item.intact for item in report.signatures)
    whole = signed and "sign.suspicious_tail" not in report.problems
    return DocumentVerdict(pdf=True, pdfa=flavour, signed=whole, pages=pages, reason=None)


def dump(data: Path, out: Path | None) -> Sequence[DumpRow]:
    """What the portal holds; with ``out`` the files are written there too."""
    if out is not None:
        export(data, out)
    return dump_portal(data)
