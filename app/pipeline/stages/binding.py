"""Pages that a crew reads, bound into one proved PDF/A while the rest is still being read.

Neither the pictures nor the words of more than a page are held: what is finished waits in parts
on disk, and the package is written from them in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.domain.errors import Trouble
from app.domain.grouping import LoosePage, propose
from app.domain.separators import from_codes
from app.packaging.compose import compose_to
from app.packaging.model import Bookmark, Flavour, Metadata, PageInput
from app.packaging.validate import gate
from app.pipeline.stages import parts
from app.pipeline.stages.leaf import Leaves
from app.pipeline.stages.loose import Frame, read_file
from app.pipeline.stages.parts import Part
from app.store import catalogue

if TYPE_CHECKING:
    from app.pipeline.stages.page_task import Outcome

__all__ = ["BadPagesError", "Flavour", "Metadata", "bind"]

BOUND: Final = "whole.pdf"
LEAST_PAPERS: Final = 2


class BadPagesError(Exception):
    """At least one page is bad, so there is no package."""


@dataclass(frozen=True, slots=True)
class _Pages(Leaves):
    """The pages in order; asking for one waits until it is read.

    Attributes:
        loose: what tells of each page that was asked for to which paper it belongs.
    """

    frames: Sequence[Frame]
    workshop: Path
    outcome: Callable[[int], Outcome]
    loose: list[LoosePage] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.frames)

    def made(self, at: int) -> PageInput:
        """The page at this place, from 0."""
        done = self.outcome(at)
        if done.trouble is not None:
            raise BadPagesError
        part = parts.load(self.workshop / done.part)
        if part is None:
            raise Trouble("file.changed", name=done.part)
        self.loose.append(_loose(self.frames[at], part))
        return _page(self.frames[at], part)

    def papers(self) -> list[Bookmark]:
        """Where each paper begins, when there is more than one."""
        groups = propose(self.loose, catalogue.paper_kinds())
        if len(groups) < LEAST_PAPERS:
            return []
        return [Bookmark(group.title, group.pages[0] + 1) for group in groups]


def bind(
    frames: Sequence[Frame],
    workshop: Path,
    outcome: Callable[[int], Outcome],
    meta: Metadata,
    flavour: Flavour,
) -> Path:
    """The proved PDF/A of the pages, in the workshop.

    Args:
        frames: the pages in order.
        workshop: where the parts are, and where the package is made.
        outcome: what became of the page with this number; it may take its time.
        meta: what the file says of itself.
        flavour: of PDF/A.

    Raises:
        BadPagesError: a page has a trouble instead of a part.
        Trouble: file.changed when an input is no longer what was read.
        PackagingError: pack.not_compliant and family.
    """
    whole = workshop / BOUND
    pages = _Pages(frames, workshop, outcome)
    compose_to(whole, pages, meta, flavour=flavour, bookmarks=pages.papers)
    gate(whole, flavour)
    return whole


def _loose(frame: Frame, part: Part) -> LoosePage:
    lines: dict[int, list[str]] = {}
    for word in part.page.words:
        lines.setdefault(word.line, []).append(word.text)
    return LoosePage(
        lines=tuple(" ".join(words) for words in lines.values()),
        blank=bool(part.report["blank"]),
        name=frame.path.name if frame.of == 1 else None,
        separator=from_codes(part.codes),
    )


def _page(frame: Frame, part: Part) -> PageInput:
    if part.page.image or part.page.layers is not None:
        return part.page
    image = read_file(frame.path)
    if sha256(image).hexdigest() != part.source_sha256:
        raise Trouble("file.changed", name=frame.path.name)
    return replace(part.page, image=image)
