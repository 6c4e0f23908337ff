"""Pages as the packaging room takes them: one at a time, with what was found out about each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import overload

from app.packaging.model import PageInput, WordBox
from ocr.clean import CleanPage
from ocr.text import PageText


def page_input(
    image: bytes,
    clean: CleanPage,
    text: PageText,
    dpi: tuple[float, float],
) -> PageInput:
    """One page for packaging: captured bytes, matrix, words.

    Args:
        image: the picture file, as captured.
        clean: how it becomes the displayed page.
        text: the words of the displayed page.
        dpi: of the picture, along its rows and its columns.
    """
    geometry = clean.geometry
    return PageInput(
        image=image,
        dpi_x=dpi[0],
        dpi_y=dpi[1],
        matrix=geometry.matrix,
        width_px=geometry.width_px,
        height_px=geometry.height_px,
        words=tuple(
            WordBox(
                text=word.text,
                x0=word.box[0],
                y0=word.box[1],
                x1=word.box[2],
                y1=word.box[3],
                baseline_y=word.baseline_y,
                line=word.line,
            )
            for word in text.words
        ),
    )


class Leaves(Sequence[PageInput]):
    """Pages that are made when they are asked for, so that one picture is held at a time."""

    @abstractmethod
    def made(self, at: int) -> PageInput:
        """The page at this place, from 0."""

    @overload
    def __getitem__(self, at: int) -> PageInput: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[PageInput]: ...
    def __getitem__(self, at: int | slice) -> PageInput | Sequence[PageInput]:
        if isinstance(at, slice):
            return [self.made(place) for place in range(*at.indices(len(self)))]
        return self.made(at)
