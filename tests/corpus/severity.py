"""How badly a page is scanned, drawn by chance: `clean`, `office` (an ordinary day) or `hard`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SEVERITIES = ("clean", "office", "hard")
Rgb = tuple[int, int, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """How one side lies under the scanner and what the scanner makes of it.

    Lengths in mm on paper, `blur_px` and `noise` in px and levels of the finished picture. `skew_deg`
    counter-clockwise; `rotation_deg` the clockwise cure. `bed` `none`: paper and picture are of one
    size. `cast`: the paper's whiteness. `contrast`: 1 is full black.
    """

    skew_deg: float
    rotation_deg: int
    bed: str
    bed_level: int
    margins_mm: tuple[float, float, float, float]
    glass: bool
    dpi: tuple[int, int]
    colour: str
    quality: int
    cast: int
    warmth: int
    contrast: float
    noise: float
    blur_px: float
    unevenness: float
    specks: int
    through: float
    defects: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class _Range:
    """What one severity draws from; shares are of pages."""

    steep_share: float
    skew_sd_deg: float
    quarter_share: float
    beds: tuple[float, float, float, float]
    dpi: tuple[tuple[int, float], ...]
    unequal_share: float
    grey_share: float
    bilevel_share: float
    quality: tuple[int, int]
    cast: tuple[int, int]
    contrast: tuple[float, float]
    noise: tuple[float, float]
    blur_px: tuple[float, float]
    unevenness: tuple[float, float]
    specks: int
    through_share: float
    through: tuple[float, float]
    defects: tuple[tuple[str, float], ...]


_CLEAN = _Range(
    *(0.0, 0.5, 0.0, (0.7, 0.3, 0.0, 0.0), ((300, 1.0),), 0.0, 0.0, 0.0, (86, 92), (242, 250)),
    *((0.94, 1.0), (1.0, 3.0), (0.0, 0.6), (0.0, 0.01), 3, 0.0, (0.0, 0.0), ()),
)
_OFFICE = _Range(
    *(0.25, 1.3, 0.12, (0.4, 0.25, 0.17, 0.18)),
    *(((300, 0.78), (200, 0.08), (240, 0.06), (400, 0.06), (600, 0.02)), 0.0, 0.14, 0.0),
    *((75, 92), (232, 249), (0.8, 1.0), (3.0, 6.0), (0.4, 1.1), (0.005, 0.02), 12, 0.12),
    (0.05, 0.08),
    (("holes", 0.15), ("fold", 0.08), ("corner", 0.04), ("streaks", 0.05), ("spine", 0.03)),
)
_HARD = _Range(
    *(0.7, 2.5, 0.35, (0.2, 0.25, 0.25, 0.3)),
    *(((300, 0.5), (200, 0.2), (150, 0.14), (400, 0.1), (600, 0.06)), 0.1, 0.2, 0.08),
    *((55, 85), (205, 248), (0.45, 0.9), (5.0, 14.0), (0.6, 3.0), (0.01, 0.05), 60, 0.4),
    (0.05, 0.15),
    (
        *(("holes", 0.3), ("fold", 0.3), ("corner", 0.15), ("streaks", 0.25), ("spine", 0.15)),
        ("finger", 0.15),
    ),
)
_RANGES = {"clean": _CLEAN, "office": _OFFICE, "hard": _HARD}
_BEDS = ("none", "white", "grey", "black")
_LEVELS = {"none": (238, 252), "white": (247, 253), "grey": (120, 208), "black": (8, 52)}
_OVERLAP_DEG = 3.0


def draw_plan(
    rng: np.random.Generator,
    severity: str,
    *,
    max_skew_deg: float = 10.0,
    fed: tuple[int, ...] = (),
    loose: bool = False,
) -> Plan:
    """Draw how a page is scanned.

    Args:
        rng: chance; every call takes the same number of draws, whatever it draws.
        severity: `clean`, `office` or `hard`.
        max_skew_deg: no page lies more turned than this.
        fed: the quarter turns that come from how such a sheet is fed, if not any.
        loose: the paper is smaller than the glass, so there always is a bed.
    """
    r = _RANGES[severity]
    chance = rng.random(24)
    skew = _skew(rng, r, steep=bool(chance[0] < r.steep_share), limit=max_skew_deg)
    quarter = int(rng.integers(1, 4)) * 90 if chance[1] < r.quarter_share else 0
    if fed:
        quarter = fed[int(chance[2] * len(fed))]
    bed = _BEDS[_index(chance[3], r.beds)]
    if bed == "none" and (loose or abs(skew) > _OVERLAP_DEG):
        bed = _BEDS[1 + int(chance[4] * 3)]  # with its corners cut off, the truth would be untrue
    low, high = _LEVELS[bed]
    dpi = r.dpi[_index(chance[5], tuple(share for _, share in r.dpi))][0]
    unequal = chance[6] < r.unequal_share
    colour = "grey" if chance[7] < r.grey_share else "colour"
    contrast = _between(chance[8], r.contrast)
    if chance[9] < r.bilevel_share and contrast > 0.7:
        colour = "bilevel"
    margins = tuple(round(float(v), 1) for v in rng.uniform(2.5, 22, 4))
    shares = rng.random(len(_HARD.defects))
    wished = {n for (n, share), one in zip(r.defects, shares, strict=False) if one < share}
    return Plan(
        skew_deg=skew,
        rotation_deg=quarter,
        bed=bed,
        bed_level=round(_between(chance[10], (low, high))),
        margins_mm=(margins[0], margins[1], margins[2], margins[3]),
        glass=bool(chance[11] < 0.5),
        dpi=(dpi, dpi // 2 if unequal and dpi >= 300 else dpi),
        colour=colour,
        quality=round(_between(chance[12], r.quality)),
        cast=round(_between(chance[13], r.cast)),
        warmth=round(_between(chance[14], (-4, 9))),
        contrast=contrast,
        noise=_between(chance[15], r.noise),
        blur_px=_between(chance[16], r.blur_px),
        unevenness=_between(chance[17], r.unevenness),
        specks=int(chance[18] * (r.specks + 1)),
        through=_between(chance[19], r.through) if chance[20] < r.through_share else 0.0,
        defects=frozenset(wished),
    )


def _skew(rng: np.random.Generator, r: _Range, *, steep: bool, limit: float) -> float:
    wide, narrow = float(rng.uniform(-limit, limit)), float(rng.normal(0, r.skew_sd_deg))
    # Hundredths, never a coarser grid: a reader that tries tenths must not be flattered.
    return round(wide if steep else max(-limit, min(limit, narrow)), 2)


def _between(share: float, ends: tuple[float, float]) -> float:
    return float(ends[0] + share * (ends[1] - ends[0]))


def _index(share: float, shares: tuple[float, ...]) -> int:
    total = 0.0
    for number, one in enumerate(shares):
        total += one
        if share < total:
            return number
    return len(shares) - 1
