"""The pages before and behind a page: one of them may be the other side of its sheet.

Loose files do not say which sides belong together, so both neighbours are tried, and only for a
page whose own verdict is in doubt: what shines through comes from the sheet's other side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.errors import DeskError
from app.pipeline.stages.loose import Frame, file_sha256
from app.pipeline.stages.page_source import page_source
from ocr.clean import CleanPage, clean
from ocr.clean.blank import DOUBTS
from ocr.engine import OcrEngine
from ocr.errors import OcrError
from ocr.image import PageImage


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The pages beside one page.

    Attributes:
        frame: the page itself.
        frames: its neighbours, the likelier other side first.
        keep: what this process keeps between pages.
    """

    frame: Frame
    frames: tuple[Frame, ...]
    keep: dict[str, object]

    def digests(self) -> list[str]:
        """What the neighbours are; a page is judged anew when they are others."""
        return [self._digest(frame) for frame in self.frames]

    def _digest(self, frame: Frame) -> str:
        if frame.path == self.frame.path:
            return f"page {frame.index + 1}"
        try:
            return f"{file_sha256(frame.path)} page {frame.index + 1}"
        except DeskError:
            return ""

    def pictures(self) -> Iterator[PageImage]:
        """The neighbours' pixels; a bad one is left out, for it has its own trouble."""
        for frame in self.frames:
            try:
                image, _ = page_source(frame, self.keep, copying=False).image()
            except (DeskError, OcrError):
                continue
            yield image


def judged(found: CleanPage, image: PageImage, beside: Neighbours, warm: OcrEngine) -> CleanPage:
    """The page with its doubt settled by a neighbour, or as it was found.

    Args:
        found: the verdict on the page alone.
        image: the decoded scan.
        beside: its neighbours.
        warm: tells which way up a text is.
    """
    if not DOUBTS & set(found.facts.reasons):
        return found
    for partner in beside.pictures():
        again = clean(image, osd=warm, partner=partner)
        if not DOUBTS & set(again.facts.reasons):
            return again
    return found
