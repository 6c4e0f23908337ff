"""Which loose pages belong to one paper: by separators, else by text, else by file names.

A proposal only; the clerk (or the demo acting as one) accepts it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.procedure import Component, Procedure
from app.domain.separators import Separator

OTHER = "other"
"""Kind of a paper that nothing is known of."""
_LABEL = re.compile(r"\b(?:trang|tờ)\s*(\d{1,3})\s*(?:/|trên|của)\s*(\d{1,3})\b", re.IGNORECASE)
_NUMBERED = re.compile(r"^[-–—\s]*(\d{1,2})[-–—\s]*$")
_STEM = re.compile(r"^(.+?)(?:[\s_.-]+\d+|\s*\(\d+\))?$")
"""A number that is set off counts the pages of one paper: ``to-khai-1``, ``to-khai (2)``."""
_HEAD_LINES = 14


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A kind of paper: phrases that begin its title, and lines that are a title by themselves."""

    kind: str
    title: str
    phrases: tuple[str, ...]
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoosePage:
    """What is known of a page before it belongs to a paper.

    Attributes:
        lines: its recognised lines.
        blank: whether the engine flagged it as blank.
        name: file name, if it came in a file.
        separator: what it says when it is a separator sheet.
        sheet: equal for both sides of one sheet of paper; None when unknown.
    """

    lines: tuple[str, ...]
    blank: bool
    name: str | None
    separator: Separator | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive pages (indexes) that make one paper.

    Attributes:
        component: id of the component that a separator named, or None.
    """

    kind: str
    title: str
    pages: tuple[int, ...]
    component: str | None = None


def fold(text: str) -> str:
    """``text`` for comparison: lower case, no tone marks, đ as d."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(char for char in plain if not unicodedata.combining(char))


def separator_pages(pages: Sequence[LoosePage]) -> tuple[int, ...]:
    """Indexes of the pages that belong to no paper, in order: to be hidden, never dropped.

    They are the separators and the blank other sides of their sheets; what is printed on the
    back of a separator stays a page like any other.
    """
    sheets = {page.sheet for page in pages if page.separator} - {None}
    return tuple(
        index
        for index, page in enumerate(pages)
        if page.separator or (page.blank and page.sheet in sheets)
    )


def propose(
    pages: Sequence[LoosePage], kinds: Sequence[PaperKind], procedure: Procedure | None = None
) -> tuple[Group, ...]:
    """The papers that ``pages`` seem to make, in order.

    Every page is either in exactly one of them or one of :func:`separator_pages`. A separator
    that names a paper opens one of that kind, to which everything belongs up to the next
    separator. One that names nothing, or what neither ``kinds`` nor ``procedure`` knows, cuts.
    Elsewhere a page opens a paper when its head carries a known title, or when its label says
    page 1; a page without such a sign goes on with the paper before it, unless file names
    disagree.

    Args:
        pages: in the order they were fed.
        kinds: kinds of papers and their titles.
        procedure: what the dossier is received under; finds the components sheets name.
    """
    groups: list[_Open] = []
    aside = frozenset(separator_pages(pages))
    pending: Separator | None = None
    for index, page in enumerate(pages):
        if index in aside:
            # Both sides of one sheet: the side that only cuts does not undo what the other names.
            named = pending is not None and pending.names
            if page.separator is not None and (page.separator.names or not named):
                pending = page.separator
            continue
        if pending is not None:
            groups.append(_separated(pending, page, kinds, procedure, len(groups)))
            pending = None
        elif groups and (groups[-1].closed or not _opens(page, pages, groups[-1], kinds)):
            pass
        else:
            groups.append(_by_itself(page, kinds, len(groups)))
        groups[-1].pages.append(index)
    return tuple(Group(g.kind, g.title, tuple(g.pages), g.component) for g in groups)


@dataclass(slots=True)
class _Open:
    """A paper that still grows; ``closed`` to every opinion but a separator's."""

    kind: str
    title: str
    component: str | None
    closed: bool
    pages: list[int]


def _opens(
    page: LoosePage, pages: Sequence[LoosePage], before: _Open, kinds: Sequence[PaperKind]
) -> bool:
    """Whether ``page`` shows by text or name that the paper before it has ended."""
    label = _label(page)
    if label is not None and label > 1:
        return False
    if label == 1 or (not page.blank and _title(page, kinds) is not None):
        return True
    return not (page.blank or _same_stem(pages, before.pages, page))


def _by_itself(page: LoosePage, kinds: Sequence[PaperKind], number: int) -> _Open:
    """A new paper of the kind its first page shows."""
    found = None if page.blank else _title(page, kinds)
    if found is not None:
        return _Open(found.kind, found.title, None, closed=False, pages=[])
    title = _stem(page.name) or f"Giấy tờ {number + 1}"
    return _Open(OTHER, title, None, closed=False, pages=[])


def _separated(
    separator: Separator,
    page: LoosePage,
    kinds: Sequence[PaperKind],
    procedure: Procedure | None,
    number: int,
) -> _Open:
    """A new paper as its separator names it, or as its first page shows."""
    shown = _by_itself(page, kinds, number)
    component = _component(separator, procedure)
    if component is not None:
        kind = shown.kind if shown.kind in component.kinds else next(iter(component.kinds), OTHER)
        return _Open(kind, component.name, component.id, closed=True, pages=[])
    named = next((kind for kind in kinds if kind.kind == separator.component), None)
    if named is not None:
        return _Open(named.kind, named.title, None, closed=True, pages=[])
    return shown


def _component(separator: Separator, procedure: Procedure | None) -> Component | None:
    """The component a sheet names, if it was printed for this procedure or for any."""
    if procedure is None or separator.procedure not in {"", procedure.code}:
        return None
    return procedure.component(separator.component)


def _title(page: LoosePage, kinds: Sequence[PaperKind]) -> PaperKind | None:
    for line in page.lines[:_HEAD_LINES]:
        folded = re.sub(r"\s+", " ", fold(line)).strip()
        for kind in kinds:
            whole = any(folded == fold(text) for text in kind.lines)
            if whole or any(_stands(folded, fold(phrase)) for phrase in kind.phrases):
                return kind
    return None


def _stands(line: str, phrase: str) -> bool:
    """Whether ``phrase`` is what the line is about: it opens the line and fills most of it."""
    return line.startswith(phrase) and len(line) <= 2.5 * len(phrase) + 20


def _label(page: LoosePage) -> int | None:
    for line in (*page.lines[:2], *page.lines[-2:]):
        match = _LABEL.search(unicodedata.normalize("NFC", line))
        if match:
            return int(match.group(1))
    match = _NUMBERED.match(page.lines[0]) if page.lines else None
    return int(match.group(1)) if match else None


def _stem(name: str | None) -> str:
    if not name:
        return ""
    match = _STEM.match(name.rsplit(".", 1)[0])
    return match.group(1) if match else ""


def _same_stem(pages: Sequence[LoosePage], group: list[int], page: LoosePage) -> bool:
    before = pages[group[0]].name
    return not (before and page.name) or _stem(before) == _stem(page.name)
