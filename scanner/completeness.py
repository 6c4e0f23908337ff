"""Which sheets are safe: the pure account of one pass, side by side.

A device that says 'finished' only hints. A simplex sheet is safe with its side, a duplex sheet with
both; a sheet drawn together with another is not. A front is handed on at once, so that it can be
seen, but marked `half_sheet`: the caller takes the mark off when the back of that sheet has come.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from scanner.errors import strongest
from scanner.model import (
    Ended,
    Event,
    Notice,
    ParamValue,
    ScanRequest,
    SideBegin,
    SideChunk,
    SideDropped,
    SideEnd,
    SideEvent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

COMPLETE: Final = "complete"
HALF_SHEET: Final = "half_sheet"
DOUBLE_FEED: Final = "double_feed"
_SAID_AFTER: Final = frozenset(
    {"cancelled", "scan.stalled", "scan.driver_crash", "scan.driver_error", "scan.link_lost"}
)


def unmarked(front: SideEnd) -> SideEnd:
    """The front whose back has come."""
    return replace(front, flags=tuple(flag for flag in front.flags if flag != HALF_SHEET))


def with_side(kept: Sequence[SideEnd], side: SideEnd) -> list[SideEnd]:
    """The sides kept in one pass and this one; a back takes the mark off the front of its sheet."""
    *before, last = kept or (side,)
    if kept and side.side == "back" and (last.sheet, last.side) == (side.sheet, "front"):
        return [*before, unmarked(last), side]
    return [*kept, side]


class SheetLedger:
    """Takes the events of one pass and gives them back with sheets paired and counted."""

    def __init__(self, request: ScanRequest) -> None:
        self._request = request
        self._open: SideBegin | None = None
        self._front: SideEnd | None = None
        self._pages = 0
        self._double_fed = False
        self._safe_sheets = request.first_sheet - 1

    @property
    def side_open(self) -> bool:
        """Whether a side has begun and not ended."""
        return self._open is not None

    @property
    def sides_begun(self) -> bool:
        """Whether any side of this pass was kept or has begun."""
        return self._pages > 0 or self._open is not None

    def take(self, event: SideEvent | Notice) -> Event:
        """The event as it may be handed on: a front that waits for its back is marked."""
        if isinstance(event, Notice):
            return replace(event, params={**event.params, **self._so_far()})
        if isinstance(event, SideBegin):
            self._open = event
            return event
        if isinstance(event, SideChunk):
            return event
        self._open = None
        if isinstance(event, SideDropped):
            self._front = None
            return event
        self._pages += 1
        self._double_fed |= DOUBLE_FEED in event.flags
        if self._request.duplex and event.side == "front":
            self._front = event
            return replace(event, flags=(*event.flags, HALF_SHEET))
        front, self._front = self._front, None
        paired = front is not None and front.sheet == event.sheet
        flags = (*event.flags, *(front.flags if front is not None else ()))
        whole = (paired or not self._request.duplex) and DOUBLE_FEED not in flags
        if whole and event.sheet == self._safe_sheets + 1:
            self._safe_sheets = event.sheet
        return event

    def end(self, reason: str, params: Mapping[str, ParamValue]) -> Iterator[Event]:
        """The last events of the pass; the final one is `Ended`.

        `reason` is what the device or the host says; a clean end is believed only when the counts
        agree with it.
        """
        if self._open is not None:
            begin = self._open
            slug = reason if reason != COMPLETE else "scan.page_truncated"
            slug = "scan.cancelled" if slug == "cancelled" else slug
            yield self.take(SideDropped(begin.seq, begin.sheet, begin.side, slug))
        elif self._all_declared and reason in _SAID_AFTER:
            # The last declared sheet is safe: what befell the device later concerns no paper.
            reason = COMPLETE
        verdict = self._verdict() if reason == COMPLETE else reason
        if self._double_fed and verdict != "cancelled":
            # Two sheets drawn together are also felt as a jam, or as nothing at all.
            verdict = strongest((verdict, "scan.double_feed"))
        refeed = None if verdict == COMPLETE else self._safe_sheets + 1
        told: dict[str, ParamValue] = {**params, **self._so_far(), "pages": self._pages}
        if refeed is None:
            del told["refeed_sheet"]
        if self._request.declared_sheets is not None:
            told["declared"] = self._request.declared_sheets
        yield Ended(verdict, self._pages, self._safe_sheets, refeed, told)

    def _so_far(self) -> dict[str, ParamValue]:
        return {"safe_sheets": self._safe_sheets, "refeed_sheet": self._safe_sheets + 1}

    @property
    def _all_declared(self) -> bool:
        return self._front is None and self._safe_sheets == self._request.declared_sheets

    def _verdict(self) -> str:
        declared = self._request.declared_sheets
        if self._pages == 0:
            return "scan.no_docs"
        if self._front is not None:
            return "scan.odd_sides"
        if declared is not None and self._safe_sheets != declared:
            return "scan.count_short" if self._safe_sheets < declared else "scan.count_over"
        return COMPLETE
