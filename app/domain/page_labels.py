"""What the printed page numbers of a paper say about its completeness.

"Trang 2/5" promises five pages. A number that is jumped over, stands twice, stands too late or is
never reached is a doubt that only a clerk with the paper in hand can settle.

Source: Circular 01/2023/TT-VPCP art. 8(2): the images are the pages handed in, in their order.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["gap", "repeated", "order", "short"]
_MOST = 999
_OF_TOTAL = re.compile(
    r"^(?:trang|tờ|page)?\s*(?:số\s*)?[:.]?\s*(\d{1,3})\s*(?:/|trên|của|of)\s*(\d{1,3})$"
)
_BARE = re.compile(r"^(?:trang|tờ|page)?\s*(?:số\s*)?[:.]?\s*[-–—.\s]*(\d{1,3})[-–—.\s]*$")
_EXTRACT_FROM = 10
"""A paper whose bare numbers begin here or later is taken out of something larger."""


@dataclass(frozen=True, slots=True)
class Label:
    """A printed page number.

    Attributes:
        number: from 1.
        total: how many pages there should be; None where the label does not say.
    """

    number: int
    total: int | None = None


@dataclass(frozen=True, slots=True)
class LabelDoubt:
    """One thing the page numbers of a paper leave open.

    Attributes:
        kind: ``gap``: numbers before this page are missing; ``repeated``: the number stood
            before; ``order``: a larger number stood before; ``short``: the paper ends too early.
        index: the page it is told of, counted from 0 within the paper.
        number: the number printed on that page; for ``short`` the largest one.
        total: the promised pages, for ``short``; else 0.
        missing: how many pages are not there, for ``gap`` and ``short``; else 0.
    """

    kind: Kind
    index: int
    number: int
    total: int = 0
    missing: int = 0

    @property
    def flag(self) -> str:
        """The page flag that settles exactly this doubt; another finding needs another word."""
        return f"label_seen:{self.kind}:{self.number}:{self.missing}"


@dataclass(slots=True)
class _Run:
    """Pages numbered together: a paper, or an annex within it."""

    start: int
    stop: int = 0
    at: dict[int, int] = field(default_factory=dict)
    totals: Counter[int] = field(default_factory=Counter)
    doubts: list[LabelDoubt] = field(default_factory=list)

    @property
    def largest(self) -> int:
        return max(self.at, default=0)

    def complete_from_one(self, unread: Sequence[int]) -> bool:
        """Whether page 1 of this run was seen, or stands unnumbered before its first number."""
        first = min(self.at.values(), default=self.start)
        return 1 in self.at or any(self.start <= index < first for index in unread)


def parse_label(text: str) -> Label | None:
    """The page number that ``text`` is; None when it is none.

    Args:
        text: ``Trang 2/5``, ``2/5``, ``- 3 -``, ``Trang 3`` or ``3``.
    """
    plain = " ".join(unicodedata.normalize("NFC", text).lower().split())
    if match := _OF_TOTAL.match(plain):
        number, total = int(match[1]), int(match[2])
        return Label(number, total) if 1 <= number <= total <= _MOST else None
    if match := _BARE.match(plain):
        return Label(int(match[1])) if int(match[1]) >= 1 else None
    return None


def label_doubts(labels: Sequence[str | None]) -> tuple[LabelDoubt, ...]:
    """Everything the page numbers of one paper leave open, page by page.

    An unnumbered page may be any page: it fills a gap where it stands in one. Numbers that begin
    anew are an annex.

    Args:
        labels: what stands on its pages in their order; None where nothing was read. Blank
            pages are left out by the caller, for they are no page of the count.
    """
    read = [parse_label(label) if label else None for label in labels]
    unread = [index for index, label in enumerate(read) if label is None]
    doubts: list[LabelDoubt] = []
    for run in _runs(read, unread):
        inside = [index for index in unread if run.start <= index < run.stop]
        doubts += [*run.doubts, *_gaps(run, inside), *_short(run, inside)]
    return tuple(sorted(doubts, key=lambda doubt: (doubt.index, doubt.kind)))


def _runs(read: Sequence[Label | None], unread: Sequence[int]) -> list[_Run]:
    runs = [_Run(0)]
    for index, label in enumerate(read):
        if label is None:
            continue
        run = runs[-1]
        if (begin := _begins(run, index, label, unread)) is not None:
            run.stop = begin
            run = _Run(begin)
            runs.append(run)
        if label.number in run.at:
            run.doubts.append(LabelDoubt("repeated", index, label.number))
        else:
            if label.number < run.largest:
                run.doubts.append(LabelDoubt("order", index, label.number))
            run.at[label.number] = index
        if label.total is not None:
            run.totals[label.total] += 1
    runs[-1].stop = len(read)
    return runs


def _begins(run: _Run, index: int, label: Label, unread: Sequence[int]) -> int | None:
    """The index at which ``label`` shows that a new count began; None when it goes on."""
    if not run.at or label.number > run.largest or not run.complete_from_one(unread):
        return None
    other_total = label.total is not None and run.totals and label.total not in run.totals
    if label.number == 1 and (run.largest > 1 or other_total):
        return index
    # The first page of an annex bears no number: a second "2" after an unnumbered page.
    if label.number == 2 and label.total is None and index - 1 in unread and run.at.get(2):  # noqa: PLR2004 - the first printed number
        return index - 1
    return None


def _gaps(run: _Run, unread: Sequence[int]) -> list[LabelDoubt]:
    """Numbers that are jumped over and that no unnumbered page can stand for."""
    found = []
    before, before_at = 0, run.start - 1
    for number, index in sorted(run.at.items()):
        low, high = sorted((before_at, index))
        missing = number - before - 1 - sum(low < free < high for free in unread)
        extract = before == 0 and not run.totals and number >= _EXTRACT_FROM
        if missing > 0 and not extract:
            found.append(LabelDoubt("gap", index, number, missing=missing))
        before, before_at = number, index
    return found


def _short(run: _Run, unread: Sequence[int]) -> list[LabelDoubt]:
    """Pages that were promised and do not follow the last number."""
    if not run.totals:
        return []
    total = run.totals.most_common(1)[0][0]
    last = run.at[run.largest]
    missing = total - run.largest - sum(free > last for free in unread)
    if missing <= 0:
        return []
    return [LabelDoubt("short", run.stop - 1, run.largest, total, missing)]
