"""Upright, straight, and what is known about a page: estimators that never touch a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr.clean.blank import Blankness, judge_blank
from ocr.clean.condition import judge_condition
from ocr.clean.crop import Cut, Paper, cut_to, find_paper
from ocr.clean.deskew import Skew, estimate_skew
from ocr.clean.facts import CleanPage, PageFacts
from ocr.clean.ink import InkMap, ink_map
from ocr.clean.orientation import Orientation, find_orientation
from ocr.clean.quality import sharpness
from ocr.geometry import Geometry

if TYPE_CHECKING:
    from ocr.engine import OcrEngine
    from ocr.geometry import Crop
    from ocr.image import PageImage

_CLEAR_PAPER = 0.3
_SAME_DEG = 0.15
_ALL_SIDES = 0.9
_SAME_CLEAR_DEG = 0.3

__all__ = ["CleanPage", "PageFacts", "clean"]


def clean(
    image: PageImage,
    *,
    rotation_deg: int | None = None,
    skew_deg: float | None = None,
    crop: Crop | None = None,
    osd: OcrEngine | None = None,
    partner: PageImage | None = None,
) -> CleanPage:
    """Return how a scan becomes the displayed page, and what was found out about it.

    Args:
        image: the decoded scan.
        rotation_deg: the clerk's quarter turn, clockwise; it overrides what is found.
        skew_deg: the clerk's skew, counter-clockwise positive; it overrides what is found.
        crop: the clerk's crop, shares of the straightened scan before the quarter turn; it
            overrides what is found, ``(0, 0, 1, 1)`` means all of it.
        osd: tells which way up a text is, by reading it where that is needed; without it a page
            keeps its orientation.
        partner: the other side of the same sheet: what shines through from it is no writing.

    Raises:
        ValueError: if ``rotation_deg`` is not a quarter turn or ``crop`` no rectangle.
        OcrError: what ``osd`` raises.
    """
    inked = ink_map(image)
    paper, uncut = (None, None) if crop is not None else find_paper(inked)
    if paper is not None:
        inked = inked.within(paper.corners)
    blank = judge_blank(inked, None if partner is None else ink_map(partner))
    if skew_deg is not None:
        skew = Skew(skew_deg, 1.0, sideways=False, reason=None)
    else:
        skew = _skew(inked, paper, blank=blank.blank)
    cut = cut_to(paper, inked.grey.shape, skew.skew_deg, inked.px_per_mm)
    if rotation_deg is not None:
        turn = Orientation(rotation_deg, 1.0, None)
    elif blank.blank:
        turn = Orientation(0, 0.0, None)
    else:
        turn = find_orientation(image, inked, skew, osd, cut.crop)
    geometry = Geometry.plan(
        image,
        skew_deg=skew.skew_deg,
        rotation_deg=turn.rotation_deg,
        crop=cut.crop if crop is None else crop,
    )
    seen = _Seen(inked, paper, uncut, blank, skew, cut, turn)
    return CleanPage(geometry, _facts(image, geometry, seen))


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What the estimators found."""

    inked: InkMap
    paper: Paper | None
    uncut: str | None
    blank: Blankness
    skew: Skew
    cut: Cut
    turn: Orientation


def _facts(image: PageImage, geometry: Geometry, seen: _Seen) -> PageFacts:
    """Return the findings as the desk shows them."""
    skew, cut, turn, blank = seen.skew, seen.cut, seen.turn, seen.blank
    edge = sharpness(image, seen.inked)
    condition = judge_condition(
        image, seen.inked, seen.paper, cut, sharpness=edge, blank=blank.blank
    )
    reasons = {skew.reason, turn.reason, blank.reason, seen.uncut, *condition.reasons} - {None}
    return PageFacts(
        skew_deg=geometry.skew_deg,
        skew_conf=skew.confidence,
        rotation_deg=geometry.rotation_deg,
        orientation_conf=turn.confidence,
        blank=blank.blank,
        blank_conf=blank.confidence,
        sharpness=edge,
        ink_components=blank.components,
        reasons=tuple(sorted(reason for reason in reasons if reason)),
        ghost_peak=round(blank.ghost_peak, 4),
        paper=cut.paper,
        width_mm=round(cut.width_mm, 2),
        height_mm=round(cut.height_mm, 2),
        crop_conf=cut.confidence,
        contrast=condition.contrast,
        cut_edges=condition.cut_edges,
        dpi=float(min(image.dpi_x, image.dpi_y)),
    )


def _skew(inked: InkMap, paper: Paper | None, *, blank: bool) -> Skew:
    """Return the skew of the writing; of the paper where it shows better or there is none."""
    found = Skew(0.0, 0.0, sideways=False, reason=None) if blank else estimate_skew(inked)
    if paper is None or paper.confidence < _CLEAR_PAPER:
        return found
    same = _SAME_CLEAR_DEG if paper.confidence >= _ALL_SIDES else _SAME_DEG
    if found.reason is not None or blank or abs(found.skew_deg - paper.angle_deg) <= same:
        trust = max(found.confidence, paper.confidence)
        return Skew(round(paper.angle_deg, 2) + 0.0, trust, found.sideways, None)
    return found
