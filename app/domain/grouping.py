"""Which loose pages belong to one paper: by text, else by the stem of the file name.

A proposal only; the clerk (or the demo acting as one) accepts it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

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
    """What is known of a page before it belongs to a paper."""

    lines: tuple[str, ...]
    blank: bool
    name: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive pages (indexes) that make one paper."""

    kind: str
    title: str
    pages: tuple[int, ...]


def fold(text: str) -> str:
    """``text`` for comparison: lower case, no tone marks, đ as d."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(char for char in plain if not unicodedata.combining(char))


def propose(pages: Sequence[LoosePage], kinds: Sequence[PaperKind]) -> tuple[Group, ...]:
    """The papers that ``pages`` seem to make, in order; every page is in exactly one.

    A page opens a paper when its head carries a known title, or when its label says page 1. A
    page without such a sign goes on with the paper before it, unless file names disagree.
    """
    groups: list[tuple[str, str, list[int]]] = []
    for index, page in enumerate(pages):
        found = None if page.blank else _title(page, kinds)
        label = _label(page)
        goes_on = label is not None and label > 1
        opens = (found is not None and not goes_on) or label == 1
        if (
            groups
            and not opens
            and (goes_on or page.blank or _same_stem(pages, groups[-1][2], page))
        ):
            groups[-1][2].append(index)
        elif found is not None:
            groups.append((found.kind, found.title, [index]))
        else:
            stem = _stem(page.name)
            groups.append(("other", stem or f"Giấy tờ {len(groups) + 1}", [index]))
    return tuple(Group(kind, title, tuple(members)) for kind, title, members in groups)


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
