"""Papers drawn on a glass, with a hand of their own: what lies where is known to a hundredth of a mm.

Nothing here is shared with the sample dossier but the font files. Pixels are uint8 H x W x 3 BGR.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.corpus.fonts import font_path

Pixels = np.ndarray
WORDS = str.split(
    "Ủy ban nhân dân xã Khuổi Ngoã thông báo về việc tiếp nhận hồ sơ đề nghị cấp lại giấy chứng "
    "nhận quyền sử dụng đất của hộ gia đình bà Quách Thị Yến trú tại thôn Đồng Mận theo quy định "
    "tại Điều 12 Nghị định số 45 ngày 06 tháng 5 năm 2024 và các văn bản hướng dẫn thi hành có liên "
    "quan đến lĩnh vực đất đai trên địa bàn tỉnh Hải Đằng kính gửi các đơn vị phối hợp thực hiện"
)
A4, A5, A3, CARD = (210.0, 297.0), (148.0, 210.0), (297.0, 420.0), (85.6, 53.98)
RECEIPT = (80.0, 190.0)


@dataclass(frozen=True)
class Scan:
    """A scan, and the corners of the paper in its px: top left, then clockwise on the paper."""

    pixels: Pixels
    quad: np.ndarray
    skew_deg: float
    dpi: float


class Paper:
    """A white sheet of a size in mm, drawn upon in mm."""

    def __init__(self, size_mm=A4, dpi=300, tint=(255, 255, 255), family="Tinos"):
        self.k = dpi / 25.4
        self.size_mm, self.dpi, self.family = size_mm, dpi, family
        size = (round(size_mm[0] * self.k), round(size_mm[1] * self.k))
        self.image = Image.new("RGB", size, tuple(reversed(tint)))
        self.pen = ImageDraw.Draw(self.image)

    def text(self, x, y, text, pt=13.0, *, style="Regular", ink=(28, 28, 30), anchor="ls"):
        face = ImageFont.truetype(str(font_path(self.family, style)), round(pt * self.dpi / 72))
        self.pen.text((x * self.k, y * self.k), text, font=face, fill=ink, anchor=anchor)
        return self

    def line(self, x0, y0, x1, y1, *, width=0.25, ink=(28, 28, 30)):
        ends = [v * self.k for v in (x0, y0, x1, y1)]
        self.pen.line(ends, fill=ink, width=max(1, round(width * self.k)))
        return self

    def bgr(self):
        return np.ascontiguousarray(np.asarray(self.image)[:, :, ::-1])


def _sentence(rng, words):
    start = int(rng.integers(len(WORDS)))
    return [WORDS[(start + i) % len(WORDS)] for i in range(words)]


def letter(rng, size=A4, *, lines=30, pt=13.0, **more):
    paper = Paper(size, **more)
    per_line = max(2, int((size[0] - 45) / (pt * 1.05)))
    for row in range(lines):
        y = 30 + row * pt * 0.48
        if y > size[1] - 20:
            break
        paper.text(25, y, " ".join(_sentence(rng, per_line)), pt)
    return paper


def sparse(rng, words=12, size=A4, *, caps=False, **more):
    """A cover or a note: a few centred lines, ten words or little more."""
    paper = Paper(size, **more)
    rest, y = _sentence(rng, words), float(rng.uniform(60, 130)) * size[1] / 297
    while rest:
        take = min(len(rest), int(rng.integers(2, 6)))
        line = " ".join(rest[:take])
        pt = float(rng.choice([12, 13, 14, 16, 20]))
        anchor, x = ("ms", size[0] / 2) if rng.random() < 0.6 else ("ls", size[0] * 0.17)
        paper.text(
            x,
            y,
            line.upper() if caps else line,
            pt,
            style="Bold" if caps else "Regular",
            anchor=anchor,
        )
        rest, y = rest[take:], y + float(rng.uniform(9, 22))
    return paper


def digits_table(rng, size=A4, *, rows=22, **more):
    paper = Paper(size, **more)
    xs = [20, 35, 80, 120, 155, size[0] - 20]
    for row in range(rows + 1):
        y = 40 + row * 9
        paper.line(xs[0], y, xs[-1], y)
        if row < rows:
            for x in xs[:-1]:
                value = f"{int(rng.integers(1, 10**7)):,}".replace(",", ".")
                paper.text(x + 1.5, y + 6.5, value if x != 20 else str(row + 1), 11)
    for x in xs:
        paper.line(x, 40, x, 40 + rows * 9)
    return paper


def form(rng, size=A4, *, rows=10, **more):
    """Labels over dotted leaders, values by a pen that keeps no line."""
    paper = Paper(size, **more)
    paper.text(size[0] / 2, 40, "TỜ KHAI", 16, style="Bold", anchor="ms")
    for row in range(rows):
        y = 60 + row * 14
        paper.text(25, y, " ".join(_sentence(rng, 3)).capitalize() + ":", 13)
        for x in np.arange(75, size[0] - 20, 1.1):
            paper.line(x, y + 0.8, x + 0.3, y + 0.8)
        paper.text(
            80,
            y - float(rng.uniform(0.2, 1.6)),
            " ".join(_sentence(rng, 4)),
            13,
            style="Italic",
            ink=(60, 50, 150),
        )
    return paper


def card(rng, *, dpi=300, tint=(222, 232, 214)):
    """An ID-1 card of nobody: waves under the text, a grey portrait, label over value."""
    paper = Paper(CARD, dpi, tint, "Arimo")
    for wave in range(-10, 80, 2):
        xs = np.linspace(0, 86, 90)
        ys = wave + 3 * np.sin(xs / 8 + wave / 5)
        paper.pen.line(
            [(x * paper.k, y * paper.k) for x, y in zip(xs, ys, strict=True)], fill=(196, 214, 200)
        )
    paper.pen.rectangle([v * paper.k for v in (5, 18, 26, 46)], fill=(180, 180, 190))
    paper.pen.ellipse([v * paper.k for v in (10, 22, 21, 36)], fill=(110, 100, 96))
    paper.text(56, 7, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 6.5, style="Bold", anchor="ms")
    paper.text(56, 14, "THẺ MẪU", 11, style="Bold", ink=(40, 30, 160), anchor="ms")
    for row in range(4):
        y = 20 + row * 8
        paper.text(30, y, " ".join(_sentence(rng, 3)), 5.5, ink=(70, 70, 80))
        paper.text(30, y + 3.6, " ".join(_sentence(rng, 3)).upper(), 7.5, style="Bold")
    return paper


def lay(
    paper,
    rng,
    *,
    glass_mm=None,
    at_mm=None,
    skew_deg=0.0,
    bed=(250, 250, 250),
    shadow=0.35,
    sides=(1, 1),
    tone=0.955,
    noise=3.0,
    blur=0.6,
    quarter=0,
):
    """Return the paper as scanned: on the glass, turned about its centre, with its edge shadow.

    The lamp stands at one side: ``sides`` says how far (mm) the shadow falls right and down.
    """
    dpi, k = paper.dpi, paper.dpi / 25.4
    sheet = paper.bgr()
    glass = glass_mm or paper.size_mm
    width, height = round(glass[0] * k), round(glass[1] * k)
    x, y = at_mm or (glass[0] / 2, glass[1] / 2)
    h, w = sheet.shape[:2]
    move = cv2.getRotationMatrix2D((w / 2, h / 2), skew_deg, 1)
    move[:, 2] += (x * k - w / 2, y * k - h / 2)
    centred = move.copy()
    centred[:, 2] += move[:, :2] @ (0.5, 0.5) - (0.5, 0.5)
    sheet = cv2.GaussianBlur(sheet, (0, 0), blur) if blur else sheet
    sheet = cv2.convertScaleAbs(sheet, alpha=tone)
    page = cv2.warpAffine(
        sheet, centred, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    cover = cv2.warpAffine(
        np.full((h, w), 255, np.uint8), centred, (width, height), flags=cv2.INTER_LINEAR
    )
    # The shadow is the paper's cover, moved away from the lamp and softened, on the bed only.
    fall = cv2.warpAffine(
        cover,
        np.float32([[1, 0, sides[0] * k], [0, 1, sides[1] * k]]),
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
    )
    fall = cv2.GaussianBlur(fall, (0, 0), 0.35 * k)
    under = np.empty_like(page)
    for c in range(3):
        under[:, :, c] = np.clip(bed[c] * (1 - shadow * (fall.astype(np.float32) / 255)), 0, 255)
    mix = cover[:, :, None].astype(np.float32) / 255
    page = (page * mix + under * (1 - mix)).astype(np.float32)
    grain = (
        cv2.GaussianBlur(rng.standard_normal((height, width), dtype=np.float32), (0, 0), 0.6)
        * noise
        * 1.9
    )
    pixels = np.clip(page + grain[:, :, None], 0, 255).astype(np.uint8)
    quad = cv2.transform(np.float64([[[0, 0], [w, 0], [w, h], [0, h]]]), move)[0]
    if quarter:
        pixels, quad = _turned(pixels, quad, quarter)
    return Scan(np.ascontiguousarray(pixels), quad, skew_deg, dpi)


def _turned(pixels, quad, quarter):
    """Turn the whole counter-clockwise by ``quarter``: a reader must turn it back clockwise."""
    for _ in range(quarter // 90):
        width = pixels.shape[1]
        pixels = np.rot90(pixels)
        quad = np.stack([quad[:, 1], width - quad[:, 0]], axis=1)
    return pixels, quad


def crop_error_mm(scan, geometry):
    """Return how far the worst corner of the displayed page lies from the paper's, in mm."""
    width, height = geometry.width_px, geometry.height_px
    shown = np.array([geometry.point(*corner) for corner in scan.quad])
    worst = 0.0
    for corner in ((0, 0), (width, 0), (width, height), (0, height)):
        worst = max(worst, float(np.hypot(*(shown - corner).T).min()))
    return worst / scan.dpi * 25.4


def side_error_mm(scan, geometry):
    """Return how far the sides of the displayed page lie from the paper's mean sides, in mm."""
    shown = np.array([geometry.point(*corner) for corner in scan.quad])
    xs, ys = np.sort(shown[:, 0]), np.sort(shown[:, 1])
    sides = (xs[:2].mean(), ys[:2].mean(), xs[2:].mean(), ys[2:].mean())
    box = (0, 0, geometry.width_px, geometry.height_px)
    return max(abs(a - b) for a, b in zip(sides, box, strict=True)) / scan.dpi * 25.4


def degrees_apart(a, b):
    return abs(math.remainder(a - b, 180))
