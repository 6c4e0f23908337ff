"""Where each pixel of the scan lies on the page the clerk sees, and back.

Coordinates are continuous: pixel ``i`` covers ``i`` to ``i + 1``, so that boxes turn without a
half pixel of drift. The displayed page keeps the source's resolution; without a crop its size too
(sides exchanged for quarter turns). In this order: a skew turns the paper about the middle of the
scan, a crop cuts the straightened scan, a quarter turn sets it upright.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeAlias, cast

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ocr.image import PageImage

Box: TypeAlias = tuple[float, float, float, float]
Matrix: TypeAlias = tuple[float, float, float, float, float, float, float, float, float]
Crop: TypeAlias = tuple[float, float, float, float]
QUARTERS = (0, 90, 180, 270)
WHOLE: Crop = (0.0, 0.0, 1.0, 1.0)
_DIGITS = 9
# Turning the scan may carry a paper that lay near its rim over it, never farther than this.
_OUTSIDE = 0.5


@dataclass(frozen=True, slots=True)
class Geometry:
    """The one transformation of a page.

    Args:
        matrix: 3x3 row-major, source px to displayed px.
        width_px: width of the displayed page.
        height_px: height of the displayed page.
        skew_deg: how far the paper lay turned, counter-clockwise positive, now undone.
        rotation_deg: clockwise quarter turn applied: 0, 90, 180 or 270.
        dpi: resolution of the displayed page, equal both ways.
        crop: left, top, right, bottom of what is shown, as shares of the straightened scan before
            the quarter turn, on whole pixels; None for all of it.
    """

    matrix: Matrix
    width_px: int
    height_px: int
    skew_deg: float
    rotation_deg: int
    dpi: float
    crop: Crop | None = None

    @classmethod
    def plan(
        cls,
        image: PageImage,
        *,
        skew_deg: float = 0.0,
        rotation_deg: int = 0,
        crop: Crop | None = None,
    ) -> Self:
        """Return the geometry that undoes a skew, cuts to a crop and applies a quarter turn.

        Unequal resolutions are first stretched to the finer one.

        Args:
            image: the scan.
            skew_deg: how far the paper lies turned, counter-clockwise positive.
            rotation_deg: clockwise quarter turn.
            crop: left, top, right, bottom as shares of the straightened scan before the quarter
                turn, set on whole pixels; it may reach over the rim, where turning carries paper.

        Raises:
            ValueError: if ``rotation_deg`` is not a quarter turn or ``crop`` no rectangle.
        """
        if rotation_deg not in QUARTERS:
            raise ValueError(f"not a quarter turn: {rotation_deg}")
        dpi = float(max(image.dpi_x, image.dpi_y))
        width = max(1, round(image.width_px * dpi / image.dpi_x))
        height = max(1, round(image.height_px * dpi / image.dpi_y))
        stretch = np.diag([width / image.width_px, height / image.height_px, 1.0])
        straighten = _rotation(width / 2, height / 2, skew_deg) @ stretch
        x0, y0, x1, y1 = 0, 0, width, height
        if crop is not None:
            x0, y0, x1, y1 = _whole_pixels(crop, width, height)
            crop = x0 / width, y0 / height, x1 / width, y1 / height
        shift = np.array([[1.0, 0.0, -x0], [0.0, 1.0, -y0], [0.0, 0.0, 1.0]])
        matrix = _quarter(x1 - x0, y1 - y0, rotation_deg) @ shift @ straighten
        wide, tall = x1 - x0, y1 - y0
        if rotation_deg in {90, 270}:
            wide, tall = tall, wide
        angle = round(float(skew_deg), 4)
        kept = None if crop == WHOLE else crop
        return cls(_flat(matrix), wide, tall, angle, rotation_deg, dpi, kept)

    def at(self, image: PageImage) -> Self:
        """Return the same decisions for another resolution of the same scan."""
        return self.plan(
            image, skew_deg=self.skew_deg, rotation_deg=self.rotation_deg, crop=self.crop
        )

    @property
    def identity(self) -> bool:
        """Whether the displayed page is the source pixel by pixel."""
        return self.crop is None and self.matrix == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

    def array(self) -> npt.NDArray[np.float64]:
        """Return the matrix as ``float64 3x3``."""
        return np.array(self.matrix, dtype=np.float64).reshape(3, 3)

    def inverse(self) -> Geometry:
        """Return the way back: displayed px to source px, with the source's size."""
        matrix = self.array()
        width, height = self.straight_px()
        return Geometry(
            _flat(np.linalg.inv(matrix).astype(np.float64)),
            round(width / math.hypot(matrix[0, 0], matrix[1, 0])),
            round(height / math.hypot(matrix[0, 1], matrix[1, 1])),
            -self.skew_deg,
            -self.rotation_deg % 360,
            self.dpi,
        )

    def upright_px(self) -> tuple[int, int]:
        """Return width and height of what is shown, before the quarter turn."""
        if self.rotation_deg in {90, 270}:
            return self.height_px, self.width_px
        return self.width_px, self.height_px

    def straight_px(self) -> tuple[int, int]:
        """Return width and height of the whole straightened scan, before crop and quarter turn."""
        width, height = self.upright_px()
        x0, y0, x1, y1 = self.crop or WHOLE
        return round(width / (x1 - x0)), round(height / (y1 - y0))

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return where a source point lies on the displayed page."""
        a, b, c, d, e, f, _, _, _ = self.matrix
        return a * x + b * y + c, d * x + e * y + f

    def apply(self, box: Box) -> Box:
        """Return the upright box ``(x0, y0, x1, y1)`` around a transformed one."""
        x0, y0, x1, y1 = box
        corners = [self.point(x, y) for x in (x0, x1) for y in (y0, y1)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    def to_dict(self) -> dict[str, float | int | list[float] | None]:
        """Return plain values for JSON."""
        return {
            "matrix": list(self.matrix),
            "width_px": self.width_px,
            "height_px": self.height_px,
            "skew_deg": self.skew_deg,
            "rotation_deg": self.rotation_deg,
            "dpi": self.dpi,
            "crop": None if self.crop is None else list(self.crop),
        }

    @classmethod
    def from_dict(cls, values: dict[str, float | int | list[float] | None]) -> Self:
        """Return the geometry that :meth:`to_dict` wrote; one without a crop shows all.

        Raises:
            ValueError: if a value is missing or of the wrong shape.
        """
        try:
            matrix = cast("list[float]", values["matrix"])
            if len(matrix) != 9:  # noqa: PLR2004 - 3x3
                raise ValueError("matrix is not 3x3")
            crop = cast("list[float] | None", values.get("crop"))
            if crop is not None and len(crop) != 4:  # noqa: PLR2004 - left, top, right, bottom
                raise ValueError("crop has not four sides")
            return cls(
                cast("Matrix", tuple(float(value) for value in matrix)),
                int(cast("int", values["width_px"])),
                int(cast("int", values["height_px"])),
                float(cast("float", values["skew_deg"])),
                int(cast("int", values["rotation_deg"])),
                float(cast("float", values["dpi"])),
                None if crop is None else cast("Crop", tuple(map(float, crop))),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("not a geometry") from error


def _whole_pixels(crop: Crop, width: int, height: int) -> tuple[int, int, int, int]:
    """Return the crop in px of the straightened scan, at least one pixel each way."""
    left, top, right, bottom = crop
    if not (
        -_OUTSIDE <= left < right <= 1 + _OUTSIDE and -_OUTSIDE <= top < bottom <= 1 + _OUTSIDE
    ):
        raise ValueError(f"not a crop: {crop}")
    x0, y0 = round(left * width), round(top * height)
    return x0, y0, max(x0 + 1, round(right * width)), max(y0 + 1, round(bottom * height))


def _rotation(x: float, y: float, clockwise_deg: float) -> npt.NDArray[np.float64]:
    angle = math.radians(clockwise_deg)
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, x - c * x + s * y], [s, c, y - s * x - c * y], [0.0, 0.0, 1.0]])


def _quarter(width: int, height: int, clockwise_deg: int) -> npt.NDArray[np.float64]:
    rows: dict[int, list[list[float]]] = {
        0: [[1, 0, 0], [0, 1, 0]],
        90: [[0, -1, height], [1, 0, 0]],
        180: [[-1, 0, width], [0, -1, height]],
        270: [[0, 1, 0], [-1, 0, width]],
    }
    return np.array([*rows[clockwise_deg], [0.0, 0.0, 1.0]], dtype=np.float64)


def _flat(matrix: npt.NDArray[np.float64]) -> Matrix:
    # Rounded so that the last bit of a cosine does not decide over equal bytes; + 0.0 drops -0.0.
    return cast("Matrix", tuple(round(float(v), _DIGITS) + 0.0 for v in matrix.ravel()))
