"""What is drawn and not printed: handwriting, pencil, highlighter, notes, patterns and photographs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageDraw

from tests.corpus.marks import multiply
from tests.corpus.sheet import mm
from tests.corpus.truth import TruthMark

if TYPE_CHECKING:
    from tests.corpus.sheet import Sheet
    from tests.corpus.truth import Box

BLUE_PEN, BLACK_PEN, PENCIL = (34, 52, 150), (40, 40, 46), (150, 150, 152)


def handwriting(
    sheet: Sheet,
    at: tuple[int, int],
    width_mm: float,
    rng: np.random.Generator,
    *,
    ink: tuple[int, int, int] = BLUE_PEN,
    pen_px: int = 4,
    kind: str = "handwriting",
) -> Box:
    """Write joined letters that say nothing along a baseline from `at`, as a pen does."""
    x0, baseline = at
    x, end = float(x0), x0 + mm(width_mm)
    top = bottom = baseline
    while x < end:
        letters = int(rng.integers(2, 7))
        points: list[tuple[float, float]] = []
        for _ in range(letters):
            wide, tall = mm(rng.uniform(1.3, 2.3)), mm(rng.uniform(1.4, 2.2))
            if rng.random() < 0.25:
                tall *= 1.9
            t = np.linspace(0, 2 * math.pi, 9)
            loop = rng.uniform(0.1, 0.45) * wide
            xs = x + wide * t / (2 * math.pi) + loop * np.sin(t)
            ys = baseline - tall * (1 - np.cos(t)) / 2 + rng.uniform(-2, 2)
            if rng.random() < 0.12:
                ys = 2 * baseline - ys - mm(0.6)
            points += list(zip(xs.tolist(), ys.tolist(), strict=True))
            x += wide
            if x > end:
                break
        sheet.draw.line(points, fill=ink, width=pen_px, joint="curve")
        if rng.random() < 0.7:  # a tone or a hook above the word
            mx, my = points[len(points) // 2][0], baseline - mm(3.4)
            sheet.draw.line((mx, my, mx + mm(1), my - mm(0.8)), fill=ink, width=pen_px)
        ys_all = [round(y) for _, y in points]
        top, bottom = min(top, *ys_all), max(bottom, *ys_all)
        x += mm(rng.uniform(1.6, 2.8))
    box = (x0, top, min(round(x), sheet.width_px), bottom)
    sheet.marks.append(TruthMark(kind, box))
    return box


def highlighter(sheet: Sheet, box: Box, rng: np.random.Generator) -> None:
    """Draw a highlighter over a printed line."""
    x0, y0, x1, y1 = box
    inks = ((255, 244, 90), (180, 255, 150), (255, 190, 210))
    layer = Image.new("RGB", (x1 - x0 + 16, y1 - y0 + 14), inks[int(rng.integers(3))])
    multiply(sheet, layer, x0 - 8, y0 - 7)
    sheet.marks.append(TruthMark("highlighter", (x0 - 8, y0 - 7, x1 + 8, y1 + 7)))


def sticky_note(sheet: Sheet, rng: np.random.Generator) -> bool:
    """Stick a written note where nothing is printed; without such a place none, and False."""
    side = mm(rng.uniform(32, 48))
    taken = sheet.inked()
    for _ in range(40):
        x = int(rng.integers(mm(8), max(sheet.width_px - side - mm(8), mm(9))))
        y = int(rng.integers(mm(8), max(sheet.height_px - side - mm(8), mm(9))))
        if all(x1 < x or x0 > x + side or y1 < y or y0 > y + side for x0, y0, x1, y1 in taken):
            sheet.draw.rectangle((x, y, x + side, y + side), fill=(250, 232, 120))
            for row in range(1, 4):
                at = (x + mm(3), y + row * mm(8))
                handwriting(sheet, at, side * 25.4 / 300 - 8, rng, kind="sticky_note")
            sheet.marks.append(TruthMark("sticky_note", (x, y, x + side, y + side)))
            return True
    return False


def photograph(sheet: Sheet, box: Box, rng: np.random.Generator) -> None:
    """Print a coloured photograph: smooth shapes at several scales, and some grain."""
    x0, y0, x1, y1 = box
    size = (x1 - x0, y1 - y0)
    picture = np.full((size[1], size[0], 3), rng.uniform(80, 170, 3), np.float32)
    for cells, depth in ((3, 60), (9, 38), (40, 22), (160, 10)):
        coarse = rng.standard_normal((cells, cells, 1)) + 0.35 * rng.standard_normal(
            (cells, cells, 3)
        )
        coarse = (coarse * depth).astype(np.float32)
        picture += cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    sheet.image.paste(Image.fromarray(np.clip(picture, 8, 247).astype(np.uint8)), (x0, y0))
    sheet.marks.append(TruthMark("photo", box))


def portrait(sheet: Sheet, box: Box) -> None:
    """Print the likeness of nobody: a head and shoulders."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    layer = Image.new("RGB", (w, h), (206, 214, 228))
    draw = ImageDraw.Draw(layer)
    draw.pieslice((w * 0.06, h * 0.62, w * 0.94, h * 1.5), 180, 360, fill=(66, 74, 112))
    draw.ellipse((w * 0.27, h * 0.16, w * 0.73, h * 0.68), fill=(142, 122, 112))
    draw.pieslice((w * 0.25, h * 0.1, w * 0.75, h * 0.58), 180, 360, fill=(48, 44, 46))
    sheet.image.paste(layer, (x0, y0))
    sheet.marks.append(TruthMark("photo", box))


def pattern(
    size: tuple[int, int], tint: tuple[int, int, int], rng: np.random.Generator, *, depth: int = 26
) -> Image.Image:
    """Give a tinted ground with two families of fine waves across each other."""
    width, height = size
    ground = np.full((height, width, 3), tint, np.uint8)
    x = np.arange(-6, width + 6, 6)
    for step, bend, lean in ((17, 38.0, 0.0), (23, 27.0, 0.12)):
        shade = [max(c - depth + int(rng.integers(-8, 8)), 0) for c in tint]
        phase, stretch = float(rng.uniform(0, 6)), float(rng.uniform(70, 130))
        waves = []
        for base in range(-120, height + 120, step):
            y = base + bend * np.sin(x / stretch + phase + base / 80) + lean * x
            waves.append(np.stack([x, y], axis=1).astype(np.int32))
        cv2.polylines(ground, waves, isClosed=False, color=shade, thickness=1, lineType=cv2.LINE_AA)
    return Image.fromarray(ground)
