"""Which sheets are safe: the pure account of one pass, side by side.

A device that says 'finished' only hints. A simplex sheet is safe with its side, a duplex sheet with
both; a sheet drawn together with another is not. A front is therefore held back until its back is
proved, so that a front left alone can be handed over marked `half_sheet`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

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
    from collections.abc import Iterator, Mapping

COMPLETE = "complete"


class SheetLedger:
    """Takes the events of one pass and gives them back with sheets paired and counted."""

    def __init__(self, request: ScanRequest) -> None:
        self._request = request
        self._open: SideBegin | None = None
        self._front: SideEnd | None = None
        self._behind_front: list[SideEvent] = []
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
        return self._pages > 0 or self._front is not None or self._open is not None

    def take(self, event: SideEvent | Notice) -> Iterator[Event]:
        """The events that may be handed on now, in order."""
        if isinstance(event, Notice):
            yield event
            return
        self._open = event if isinstance(event, SideBegin) else self._open
        if isinstance(event, SideBegin | SideChunk):
            if self._front is None:
                yield event
            else:
                self._behind_front.append(event)
            return
        self._open = None
        if isinstance(event, SideDropped):
            yield from self._release_front(alone=True)
            yield event
        elif self._request.duplex and event.side == "front":
            yield from self._release_front(alone=True)
            self._front = event
        else:
            double_fed = "double_feed" in (
                *event.flags,
                *(self._front.flags if self._front is not None else ()),
            )
            whole = not self._request.duplex or self._front is not None
            yield from self._release_front(alone=False)
            self._pages += 1
            self._double_fed |= double_fed
            if whole and not double_fed and event.sheet == self._safe_sheets + 1:
                self._safe_sheets = event.sheet
            yield event

    def end(self, reason: str, params: Mapping[str, ParamValue]) -> Iterator[Event]:
        """The last events of the pass; the final one is `Ended`.

        `reason` is what the device or the host says; a clean end is believed only when the counts
        agree with it.
        """
        if self._open is not None:
            begin = self._open
            slug = reason if reason != COMPLETE else "scan.page_truncated"
            slug = "scan.cancelled" if slug == "cancelled" else slug
            yield from self.take(SideDropped(begin.seq, begin.sheet, begin.side, slug))
        odd = self._front is not None
        yield from self._release_front(alone=True)
        verdict = self._verdict(odd=odd) if reason == COMPLETE else reason
        if self._double_fed and verdict != "cancelled":
            # Two sheets drawn together are also felt as a jam, or as nothing at all.
            verdict = strongest((verdict, "scan.double_feed"))
        refeed = None if verdict == COMPLETE else self._safe_sheets + 1
        told: dict[str, ParamValue] = {**params, "safe_sheets": self._safe_sheets}
        told["pages"] = self._pages
        if refeed is not None:
            told["refeed_sheet"] = refeed
        if self._request.declared_sheets is not None:
            told["declared"] = self._request.declared_sheets
        yield Ended(verdict, self._pages, self._safe_sheets, refeed, told)

    def _verdict(self, *, odd: bool) -> str:
        declared = self._request.declared_sheets
        if self._pages == 0:
            return "scan.no_docs"
        if odd:
            return "scan.odd_sides"
        if declared is not None and self._safe_sheets != declared:
            return "scan.count_short" if self._safe_sheets < declared else "scan.count_over"
        return COMPLETE

    def _release_front(self, *, alone: bool) -> Iterator[Event]:
        front, behind = self._front, self._behind_front
        self._front, self._behind_front = None, []
        if front is None:
            return
        self._pages += 1
        self._double_fed |= alone and "double_feed" in front.flags
        yield replace(front, flags=(*front.flags, "half_sheet")) if alone else front
        yield from behind
