"""The one exception of this package: a slug and its facts, never a sentence."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scanner.model import ParamValue

Cure: TypeAlias = Literal["none", "alone", "clerk", "technician"]

CURES: Final[Mapping[str, Cure]] = MappingProxyType(
    {
        "scan.cancelled": "none",
        "scan.busy": "alone",
        "scan.warming_up": "alone",
        "scan.stalled": "alone",
        "scan.driver_crash": "alone",
        "scan.no_device": "clerk",
        "scan.offline": "clerk",
        "scan.unsupported": "clerk",
        "scan.no_docs": "clerk",
        "scan.ended_with_paper": "clerk",
        "scan.count_short": "clerk",
        "scan.count_over": "clerk",
        "scan.count_undeclared": "clerk",
        "scan.odd_sides": "clerk",
        "scan.jam": "clerk",
        "scan.double_feed": "clerk",
        "scan.mispick": "clerk",
        "scan.cover_open": "clerk",
        "scan.page_truncated": "clerk",
        "scan.page_empty": "clerk",
        "scan.page_wrong": "clerk",
        "scan.link_lost": "clerk",
        "scan.driver_error": "clerk",
        "scan.power_cycle": "clerk",
        "scan.file_incomplete": "clerk",
        "scan.file_rejected": "clerk",
        "scan.file_repeated": "clerk",
        "scan.folder_access": "technician",
        "scan.access_denied": "technician",
        "scan.disk_full": "technician",
        "scan.identity_changed": "technician",
    }
)
"""Who cures each trouble: it passes by itself or is tried alone first, the clerk, a technician."""

SLUGS: Final = frozenset(CURES)

RANK: Final = (
    "scan.double_feed",
    "scan.cover_open",
    "scan.jam",
    "scan.mispick",
    "scan.stalled",
    "scan.driver_error",
)
"""Of several signals at once the first of these is the cause: a double feed also looks like a jam,
a jam like silence."""


class ScannerError(Exception):
    """A trouble with a scanner, named by `slug`; `params` fill the sentence shown for it."""

    def __init__(self, slug: str, **params: ParamValue) -> None:
        super().__init__(slug, params)
        self.slug = slug
        self.params: Mapping[str, ParamValue] = MappingProxyType(params)


def strongest(slugs: Iterable[str]) -> str:
    """The cause among signals that came together; a signal outside `RANK` says more than the last.

    Raises:
        ValueError: No signal was given.
    """
    unranked = len(RANK) - 1.5
    return min(slugs, key=lambda slug: RANK.index(slug) if slug in RANK else unranked)
