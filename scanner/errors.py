"""The one exception of this package: a slug and its facts, never a sentence."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scanner.model import ParamValue

SLUGS = frozenset(
    {
        "scan.no_device",
        "scan.offline",
        "scan.busy",
        "scan.warming_up",
        "scan.access_denied",
        "scan.unsupported",
        "scan.no_docs",
        "scan.cancelled",
        "scan.ended_with_paper",
        "scan.count_short",
        "scan.count_over",
        "scan.odd_sides",
        "scan.jam",
        "scan.double_feed",
        "scan.mispick",
        "scan.cover_open",
        "scan.page_truncated",
        "scan.page_empty",
        "scan.page_wrong",
        "scan.link_lost",
        "scan.stalled",
        "scan.driver_crash",
        "scan.driver_error",
        "scan.power_cycle",
        "scan.disk_full",
        "scan.file_incomplete",
        "scan.file_rejected",
        "scan.file_repeated",
        "scan.folder_access",
        "scan.identity_changed",
    }
)


class ScannerError(Exception):
    """A trouble with a scanner, named by `slug`; `params` fill the sentence shown for it."""

    def __init__(self, slug: str, **params: ParamValue) -> None:
        super().__init__(slug, params)
        self.slug = slug
        self.params: Mapping[str, ParamValue] = MappingProxyType(params)
