"""A decoded page picture and what was learnt about the file it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class PageImage:
    """One picture in memory with its resolution.

    Args:
        pixels: ``uint8 HxW`` grey or ``uint8 HxWx3`` BGR, C-contiguous.
        dpi_x: dots per inch along a row.
        dpi_y: dots per inch along a column.
    """

    pixels: Pixels
    dpi_x: float
    dpi_y: float

    @property
    def width_px(self) -> int:
        """Pixels in a row."""
        return int(self.pixels.shape[1])

    @property
    def height_px(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def grey(self) -> bool:
        """Whether the picture has one channel."""
        return self.pixels.ndim == 2  # noqa: PLR2004 - two axes mean one channel


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the file said about itself.

    Args:
        format: lower-case name: ``jpeg png tiff bmp webp jpeg2000 ppm``.
        bits: bits per sample in the file.
        colour: ``bilevel grey palette rgb rgba cmyk`` as stored in the file.
        dpi_source: ``file``, ``hint`` or ``default``.
        damage: a slug when the file was readable but not flawless, else None.
        width_px: width of the upright picture.
        height_px: height of the upright picture.
    """

    format: str
    bits: int
    colour: str
    dpi_source: str
    damage: str | None
    width_px: int
    height_px: int
