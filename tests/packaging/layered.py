"""Scanned pages with known inks, and what a reader sees of them when they were drawn anew."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pypdfium2

from app.packaging.compose import compose
from app.packaging.model import IDENTITY, Metadata, PageInput
from tests.corpus.scanbed import Look, scan, to_bgr
from tests.corpus.sheet import Sheet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.packaging.model import Layers

DPI = 300
LINE = "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015;"
WAVE = (190, 205, 225)


@dataclass(frozen=True, slots=True)
class Marked:
    """A scanned page, ``uint8 HxWx3`` BGR, and where only one ink lies on it."""

    page: NDArray[np.uint8]
    red: NDArray[np.bool_]
    blue: NDArray[np.bool_]
    black: NDArray[np.bool_]


def printed(lines: int = 30, size_pt: float = 13, family: str = "Tinos") -> Sheet:
    sheet = Sheet(family, size_pt)
    for _ in range(lines):
        sheet.line(LINE)
    return sheet


def press(page: NDArray[np.uint8], cover: NDArray[np.float32], ink: tuple[int, int, int]) -> None:
    """Lay an ink (red, green, blue) over the page in place, as light passes through both."""
    for channel, level in zip((2, 1, 0), ink, strict=True):
        page[..., channel] = (page[..., channel] * (1 - cover * (1 - level / 255))).astype(np.uint8)


def seal_cover(shape: tuple[int, int], centre: tuple[int, int], seed: int) -> NDArray[np.float32]:
    """A round seal of 36 mm, unevenly inked: 0 to 1."""
    drawn, (x, y) = np.zeros(shape, np.uint8), centre
    for radius, thick in ((212, 9), (196, 4), (128, 4)):
        cv2.circle(drawn, centre, radius, 255, thick, cv2.LINE_AA)
    cv2.circle(drawn, (x, y - 30), 48, 255, -1, cv2.LINE_AA)
    for row, text in enumerate(("UY BAN NHAN DAN", "XA SUOI VAC")):
        cv2.putText(drawn, text, (x - 105, y + 50 + 40 * row), 0, 0.8, 255, 3, cv2.LINE_AA)
    field = np.random.default_rng(seed).uniform(0.62, 1, (7, 7)).astype(np.float32)
    return drawn / np.float32(255) * cv2.resize(field, shape[::-1])


def pen_cover(shape: tuple[int, int], start: tuple[int, int], seed: int) -> NDArray[np.float32]:
    """A signature of 50 mm in a stroke of half a millimetre: 0 to 1."""
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    t = np.linspace(0, 1, 400)
    xs = start[0] + 520 * t + 60 * np.sin(25 * t + phase[0])
    ys = start[1] + 80 * np.sin(27 * t + phase[1]) * (1 - 0.5 * t) + 20 * np.sin(7 * t + phase[2])
    drawn = np.zeros(shape, np.uint8)
    path = np.stack([xs, ys], axis=1).round().astype(np.int32)
    cv2.polylines(drawn, [path], isClosed=False, color=255, thickness=6, lineType=cv2.LINE_AA)
    return drawn / np.float32(255)


def marked(
    red: tuple[int, int, int] = (214, 40, 52),
    blue: tuple[int, int, int] = (30, 52, 158),
    look: Look | None = None,
    seed: int = 5,
) -> Marked:
    """A page of print under three seals and four signatures."""
    page = to_bgr(printed().image).copy()
    shape = page.shape[:2]
    print_ = page.max(axis=2)
    seals, pens = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for at in ((900, 1000), (1800, 1500), (800, 2500)):
        seals = np.maximum(seals, seal_cover(shape, at, seed))
    for at in ((500, 700), (1300, 1200), (1100, 2000), (300, 2900)):
        pens = np.maximum(pens, pen_cover(shape, at, seed + at[0]))
    press(page, seals, red)
    press(page, pens, blue)
    free = print_ > 240
    return Marked(
        scan(page, look or Look(), seed),
        (seals > 0.4) & (pens == 0) & free,
        (pens > 0.6) & (seals == 0) & free,
        print_ < 100,
    )


def as_jpeg(
    page: NDArray[np.uint8], quality: int, *, chroma_blur_px: float = 0
) -> NDArray[np.uint8]:
    """The page as a scanner's own JPEG gives it back: colour at half resolution, or worse."""
    if chroma_blur_px:
        parts = cv2.cvtColor(page, cv2.COLOR_BGR2YCrCb)
        parts[..., 1:] = cv2.GaussianBlur(parts[..., 1:], (0, 0), chroma_blur_px)
        page = cv2.cvtColor(parts, cv2.COLOR_YCrCb2BGR)
    half = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    how = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, half]
    return cv2.imdecode(cv2.imencode(".jpg", page, how)[1], cv2.IMREAD_COLOR)


def patterned() -> NDArray[np.uint8]:
    """A page of print on fine coloured waves."""
    page = np.full((3508, 2480, 3), (225, 235, 240), np.uint8)
    x = np.arange(0, 2480, 4)
    for down in range(0, 3600, 26):
        wave = np.stack([x, down + 20 * np.sin(x / 60 + down / 70)], axis=1).astype(np.int32)
        cv2.polylines(page, [wave], isClosed=False, color=WAVE, thickness=2, lineType=cv2.LINE_AA)
    return scan(cv2.min(page, to_bgr(printed(18).image)), Look(), 1)


def photo(height: int, width: int, brightest: int, seed: int = 3) -> NDArray[np.uint8]:
    """A grainy picture with tones from nearly black up to ``brightest``."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(0, 1, (9, 7)).astype(np.float32), (width, height))
    grey = np.clip(5 + coarse * brightest + rng.normal(0, 3, (height, width)), 0, 255)
    return cv2.merge([grey.astype(np.uint8)] * 3)


def as_pdf(layers: Layers, page: NDArray[np.uint8], dpi: int = DPI) -> bytes:
    height, width = page.shape[:2]
    drawn = PageInput(layers.picture, dpi, dpi, IDENTITY, width, height, layers=layers)
    return compose([drawn], Metadata("Giấy"))


def shown(pdf: bytes, dpi: int = DPI) -> NDArray[np.uint8]:
    """What PDFium draws of the first page, BGR."""
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    try:
        picture = document[0].render(scale=dpi / 72 * (1 - 1e-6)).to_numpy()
        return np.ascontiguousarray(picture[..., :3])
    finally:
        document.close()
