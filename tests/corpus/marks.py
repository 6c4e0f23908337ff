"""What hands leave on paper: the red round seal and the blue signature, printed over the text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from tests.corpus.fonts import font
from tests.corpus.sheet import mm

if TYPE_CHECKING:
    from tests.corpus.sheet import Sheet

_RED = (214, 40, 52)
_BLUE = (30, 52, 158)


def seal(sheet: Sheet, x: int, y: int, *, outer: str, inner: str, seed: int) -> None:
    """Press a 36 mm round red seal with its centre at x, y: it multiplies over the black text."""
    rng = np.random.default_rng(seed)
    side = mm(38)
    layer = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(layer)
    centre, radius = side / 2, mm(18)
    for shrink, thick in ((0, 9), (mm(1.3), 4), (mm(7.2), 4)):
        r = radius - shrink
        draw.ellipse((centre - r, centre - r, centre + r, centre + r), outline=_RED, width=thick)
    _star(draw, centre, centre, mm(4.2))
    _ring_text(layer, outer, centre, radius - mm(4.3))
    face = font("Arimo", "Bold", mm(1.55))
    draw.text((centre, centre + mm(6.9)), inner, font=face, fill=_RED, anchor="mm")
    layer = layer.rotate(float(rng.uniform(-12, 12)), Image.Resampling.BICUBIC, fillcolor="white")
    # A stamp pad never inks evenly: fade by a smooth random field.
    field = rng.uniform(0.62, 1.0, (7, 7)).astype(np.float32)
    fade = Image.fromarray((field * 255).astype(np.uint8)).resize((side, side), 3)
    white = Image.new("RGB", (side, side), "white")
    layer = Image.composite(layer, white, fade)
    multiply(sheet, layer, x - side // 2, y - side // 2)
    sheet.seals.append((x - radius, y - radius, x + radius, y + radius))


def _star(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    points = []
    for corner in range(10):
        r = radius if corner % 2 == 0 else radius * 0.4
        angle = math.pi * (corner / 5 - 0.5)
        points.append((x + r * math.cos(angle), y + r * math.sin(angle)))
    draw.polygon(points, fill=_RED)


def _ring_text(layer: Image.Image, text: str, centre: float, radius: float) -> None:
    face = font("Arimo", "Bold", mm(2.5))
    widths = [face.getlength(letter) * 1.12 for letter in text]
    angle = -sum(widths) / radius / 2
    for letter, width in zip(text, widths, strict=True):
        angle += width / radius / 2
        glyph = Image.new("L", (mm(5), mm(5)), 0)
        ImageDraw.Draw(glyph).text((mm(2.5), mm(2.5)), letter, font=face, fill=255, anchor="mm")
        glyph = glyph.rotate(-math.degrees(angle), Image.Resampling.BICUBIC)
        at_x = centre + radius * math.sin(angle) - mm(2.5)
        at_y = centre - radius * math.cos(angle) - mm(2.5)
        layer.paste(_RED, (round(at_x), round(at_y)), glyph)
        angle += width / radius / 2


def signature(sheet: Sheet, x: int, y: int, width_mm: float, seed: int) -> None:
    """Write a blue pen signature starting at x around the height y."""
    rng = np.random.default_rng(seed)
    width, height = mm(width_mm), mm(17)
    t = np.linspace(0, 1, 700)
    loops = rng.uniform(3.2, 5.5)
    phase = rng.uniform(0, 2 * math.pi, 4)
    swing = 0.34 + 0.12 * np.sin(2 * math.pi * t + phase[0])
    xs = t * 0.82 + 0.09 * np.sin(2 * math.pi * loops * t + phase[1]) + 0.09
    ys = 0.5 + swing * np.sin(2 * math.pi * loops * t + phase[2]) * (1 - 0.55 * t)
    ys += 0.1 * np.sin(2 * math.pi * 1.3 * t + phase[3])
    pressure = 5.5 + 2.5 * np.sin(2 * math.pi * loops * 2 * t + phase[1])
    layer = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(layer)
    for px, py, r in zip(xs * width, ys * height, pressure, strict=True):
        draw.ellipse((px - r / 2, py - r / 2, px + r / 2, py + r / 2), fill=_BLUE)
    draw.line(
        (width * 0.1, height * 0.86, width * 0.96, height * rng.uniform(0.62, 0.8)),
        fill=_BLUE,
        width=5,
    )
    multiply(sheet, layer, x, y - height // 2)
    sheet.signatures.append((x, y - height // 2, x + width, y + height // 2))


def multiply(sheet: Sheet, layer: Image.Image, x: int, y: int) -> None:
    """Lay a picture over the sheet as ink lies over ink."""
    place = (x, y, x + layer.width, y + layer.height)
    sheet.image.paste(ImageChops.multiply(sheet.image.crop(place), layer), place)
