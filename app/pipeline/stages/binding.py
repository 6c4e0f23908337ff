"""Pages that a crew reads, bound into one proved PDF/A while the rest is still being read.

Neither the pictures nor the words of more than a page are held: what is finished waits in parts
on disk, and the package is written from them in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, overload

from app.domain.errors import Trouble
from app.packaging.compose import compose_to
from app.packaging.model import Flavour, Metadata, PageInput
from app.packaging.validate import gate
from app.pipeline.stages import parts
from app.pipeline.stages.loose import Frame, read_file
from app.pipeline.stages.parts import Part

if TYPE_CHECKING:
    from app.pipeline.stages.page_task import Outcome

__all__ = ["BadPagesError", "Flavour", "Metadata", "bind"]

BOUND: Final = "whole.pdf"


class BadPagesError(Exception):
    """At least one page is bad, so there is no package."""


@dataclass(frozen=True, slots=True)
class _Pages(Sequence[PageInput]):
    """The pages in order; asking for one waits until it is read."""

    frames: Sequence[Frame]
    workshop: Path
    outcome: Callable[[int], Outcome]

    def __len__(self) -> int:
        return len(self.frames)

    @overload
    def __getitem__(self, at: int) -> PageInput: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[PageInput]: ...
    def __getitem__(self, at: int | slice) -> PageInput | Sequence[PageInput]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        done = self.outcome(at)
        if done.trouble is not None:
            raise BadPagesError
        part = parts.load(self.workshop / done.part)
        if part is None:
            raise Trouble("file.changed", name=done.part)
        return _page(self.frames[at], part)


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
    compose_to(whole, _Pages(frames, workshop, outcome), meta, flavour=flavour)
    gate(whole, flavour)
    return whole


def _page(frame: Frame, part: Part) -> PageInput:
    if part.page.image or part.page.layers is not None:
        return part.page
    image = read_file(frame.path)
    if sha256(image).hexdigest() != part.source_sha256:
        raise Trouble("file.changed", name=frame.path.name)
    return replace(part.page, image=image)
