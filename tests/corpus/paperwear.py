"""What happens to a print on its paper: pale ink, tint, the other side, folds, holes, dust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.corpus.scanbed import to_bgr
from tests.corpus.sheet import mm

if TYPE_CHECKING:
    from tests.corpus.drafts import Print
    from tests.corpus.scanbed import Pixels
    from tests.corpus.severity import Plan
    from tests.corpus.sheet import Sheet

_GHOST_BLUR_PX = 5.0


def printed_on_paper(side: Print, plan: Plan, rng: np.random.Generator) -> Pixels:
    """Give the print in its ink on its paper, with the other side showing through."""
    page = to_bgr(side.sheet.image)
    if plan.contrast < 1:
        page = cv2.convertScaleAbs(page, alpha=plan.contrast, beta=255 * (1 - plan.contrast))
    strength = side.through or plan.through
    if strength:
        other = to_bgr(side.other.image) if side.other is not None else cv2.flip(page, 0)
        page = _ghosted(page, other, strength, rng)
    height, width = page.shape[:2]
    coarse = 1 + plan.unevenness * rng.standard_normal((6, 5)).astype(np.float32)
    field = cv2.resize(coarse, (max(width // 8, 8), max(height // 8, 8)), interpolation=2)
    field = np.clip(cv2.resize(field, (width, height)), 0.85, 1.03)
    if "spine" in plan.defects:
        reach = mm(float(rng.uniform(6, 14)))
        field[:, :reach] *= np.linspace(0.55, 1, reach, dtype=np.float32)[None, :]
    tints = (plan.cast - plan.warmth, plan.cast, plan.cast + plan.warmth // 3)
    channels = [
        cv2.multiply(one, field, scale=min(tint, 252) / 255, dtype=cv2.CV_8U)
        for one, tint in zip(cv2.split(page), tints, strict=True)
    ]
    return cv2.merge(channels).astype(np.uint8, copy=False)


def _ghosted(page: Pixels, other: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    """Let the other side shine through: mirrored, blurred by the paper, a little turned."""
    height, width = page.shape[:2]
    turn = float(rng.uniform(-0.6, 0.6))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1)
    mirrored = cv2.resize(cv2.flip(other, 1), (width // 2, height // 2), interpolation=3)
    matrix[:, 2] /= 2
    white = (255, 255, 255)
    laid = cv2.warpAffine(mirrored, matrix, (width // 2, height // 2), borderValue=white)
    soft = cv2.resize(cv2.GaussianBlur(laid, (0, 0), _GHOST_BLUR_PX / 2), (width, height))
    faint = cv2.convertScaleAbs(soft, alpha=strength, beta=255 * (1 - strength))
    return cv2.multiply(page, faint, scale=1 / 255).astype(np.uint8, copy=False)


def wear(
    page: Pixels,
    sheet: Sheet,
    plan: Plan,
    bed: tuple[int, int, int],
    rng: np.random.Generator,
) -> tuple[Pixels, list[str]]:
    """Give the used sheet and the names of what it suffered; print stays readable."""
    height, width = page.shape[:2]
    done = ["spine"] if "spine" in plan.defects else []
    for _ in range(plan.specks):
        x, y = int(rng.integers(6, width - 6)), int(rng.integers(6, height - 6))
        shade = int(rng.integers(90, 200))
        cv2.circle(page, (x, y), int(rng.integers(1, 3)), (shade, shade, shade), -1, cv2.LINE_AA)
    if "fold" in plan.defects:
        _fold(page, rng)
        done.append("fold")
    large = min(width, height) > mm(100)
    boxes = sheet.inked()
    if "holes" in plan.defects and large:
        x, middle = mm(float(rng.uniform(9, 12))), height // 2
        if all(box[0] > x + mm(4) for box in boxes):
            for y in (middle - mm(40), middle + mm(40)):
                cv2.circle(page, (x, y), mm(3), bed, -1, cv2.LINE_AA)
            done.append("holes")
    if "corner" in plan.defects and large:
        cut = mm(float(rng.uniform(8, 20)))
        if all(box[2] < width - cut or box[1] > cut for box in boxes):
            points = np.array([(width - cut, -1), (width, -1), (width, cut)], np.int32)
            cv2.fillConvexPoly(page, points, bed, cv2.LINE_AA)
            done.append("corner")
    return page, done


def _fold(page: Pixels, rng: np.random.Generator) -> None:
    """Crease the sheet once across, at a third or the half: a light ridge beside a dark one."""
    height = page.shape[0]
    at = round(height * (0.5, 1 / 3, 2 / 3)[int(rng.integers(3))])
    reach = 26
    ramp = np.ones(2 * reach, np.float32)
    ramp[:reach] += np.linspace(0, 0.03, reach)
    ramp[reach:] -= np.linspace(float(rng.uniform(0.08, 0.2)), 0, reach)
    strip = page[at - reach : at + reach].astype(np.float32) * ramp[:, None, None]
    page[at - reach : at + reach] = np.clip(strip, 0, 255).astype(np.uint8)
