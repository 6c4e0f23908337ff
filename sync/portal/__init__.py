"""The reference portal: receives what stations send and signs for it."""

from __future__ import annotations

from sync.portal.app import create_app
from sync.portal.dump import DumpPaper, DumpRow, dump, export
from sync.portal.server import PortalServer, serve
from sync.portal.verdict import DocumentVerdict

__all__ = [
    "DocumentVerdict",
    "DumpPaper",
    "DumpRow",
    "PortalServer",
    "create_app",
    "dump",
    "export",
    "serve",
]
