"""Single pages for tests that need one quickly: text, blank, an identity card, a small dossier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageDraw

from tests.corpus.fonts import font
from tests.corpus.people import person
from tests.corpus.sample import TRUTH_FILE, jpeg
from tests.corpus.scanbed import WHITE_BED, Look, scan, show_through, to_bgr
from tests.corpus.sheet import DPI, HEIGHT_PX, WIDTH_PX, Sheet, mm
from tests.corpus.truth import PageTruth, SampleTruth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.corpus.scanbed import Pixels

__all__ = ["blank_page", "draw_page", "identity_card_sheet", "jpeg", "make_small", "print_sheet"]

_PAPER = (244, 244, 243)


def print_sheet(
    lines: Sequence[str], *, family: str = "Tinos", size_pt: float = 13, style: str = "Regular"
) -> Sheet:
    """Print lines under each other from the top margin; an empty one leaves a gap.

    Raises:
        ValueError: a line is wider than the page; nothing is wrapped, so the truth is `lines`.
    """
    sheet = Sheet(family, size_pt)
    for text in lines:
        if text.strip():
            sheet.line(text, "left", style)
        else:
            sheet.gap(5)
    return sheet


def draw_page(
    lines: Sequence[str],
    *,
    skew_deg: float = 0.0,
    rotation_deg: int = 0,
    noise: float = 3.0,
    seed: int = 1,
    family: str = "Tinos",
    size_pt: float = 13,
    bed: tuple[int, int, int] = WHITE_BED,
) -> Pixels:
    """Give a scanned A4 page with these lines: uint8 H×W×3 BGR at 300 dpi.

    `skew_deg` turns the paper counter-clockwise; `rotation_deg` is the clockwise turn that a reader
    must apply to make it upright.
    """
    sheet = print_sheet(lines, family=family, size_pt=size_pt)
    look = Look(
        skew_deg=skew_deg, rotation_deg=rotation_deg, bed=bed, paper=_PAPER, noise=noise, specks=0
    )
    return scan(to_bgr(sheet.image), look, seed)


def blank_page(
    partner: Sequence[str] | Sheet | None = None,
    *,
    strength: float = 0.1,
    skew_deg: float = 0.0,
    noise: float = 3.0,
    seed: int = 2,
) -> Pixels:
    """Give an unprinted page; with a partner (its front) that shines through, mirrored and faint."""
    white = np.full((HEIGHT_PX, WIDTH_PX, 3), 255, np.uint8)
    if partner is not None:
        front = partner if isinstance(partner, Sheet) else print_sheet(partner)
        white = show_through(to_bgr(front.image), strength)
    return scan(white, Look(skew_deg=skew_deg, paper=_PAPER, noise=noise), seed)


def identity_card_sheet(seed: int = 1) -> Pixels:
    """Give an A4 copy of both sides of an identity card of an invented person, marked as a sample.

    For the test that such a sheet is refused; the card carries no code.
    """
    rng = np.random.default_rng([seed, 3])
    who = person(rng, woman=bool(rng.integers(2)), year=int(rng.integers(1970, 2004)))
    image = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), "white")
    front = _guilloche((203, 228, 214))
    draw = ImageDraw.Draw(front)
    for text, y, size_pt, style in (
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 5, 6.5, "Bold"),
        ("Độc lập - Tự do - Hạnh phúc", 8.4, 6, "Bold"),
        ("CĂN CƯỚC", 14, 11, "Bold"),
    ):
        _card_text(draw, text, (56, y), size_pt, style, anchor="mm", ink=(150, 30, 40))
    draw.rectangle((mm(5), mm(19), mm(26), mm(47)), fill=(214, 214, 222))
    draw.ellipse((mm(10), mm(23), mm(21), mm(36)), fill=(120, 108, 102))
    draw.pieslice((mm(6.5), mm(36), mm(24.5), mm(58)), 180, 360, fill=(70, 76, 110))
    for row, (label, value) in enumerate(
        (
            ("Số định danh cá nhân:", who.number),
            ("Họ, chữ đệm và tên:", who.name.upper()),
            ("Ngày, tháng, năm sinh:", who.born_text),
            ("Giới tính:", who.sex),
            ("Quốc tịch:", "Việt Nam"),
        )
    ):
        _card_text(draw, label, (30, 21 + row * 6.4), 5.5, "Regular", ink=(60, 60, 70))
        _card_text(draw, value, (30, 24 + row * 6.4), 7, "Bold")
    back = _guilloche((226, 221, 204))
    draw = ImageDraw.Draw(back)
    _card_text(draw, "Nơi cư trú: thôn Đồng Mận, xã Phú Lẫm", (5, 8), 6.5, "Regular", ink=(40,) * 3)
    _card_text(draw, "CẢNH SÁT QUẢN LÝ HÀNH CHÍNH", (54, 20), 6, "Bold", anchor="mm", ink=(40,) * 3)
    for y, text in ((40, f"IDVNM{who.number[3:]}<<<<<<<<<<<<<<<<"), (44, "<" * 30), (48, "<" * 30)):
        _card_text(draw, text, (5, y), 8, "Regular")
    for side, y in ((front, 40), (back, 120)):
        _card_text(
            ImageDraw.Draw(side), "MẪU", (72, 47), 12, "Bold", anchor="mm", ink=(190, 190, 190)
        )
        image.paste(side, (mm(62), mm(y)))
    return scan(to_bgr(image), Look(paper=_PAPER, noise=3.0), seed)


def _card_text(
    draw: ImageDraw.ImageDraw,
    text: str,
    at_mm: tuple[float, float],
    size_pt: float,
    style: str,
    *,
    anchor: str = "ls",
    ink: tuple[int, ...] = (25, 25, 30),
) -> None:
    face = font("Arimo", style, round(size_pt * DPI / 72))
    draw.text((mm(at_mm[0]), mm(at_mm[1])), text, font=face, fill=ink, anchor=anchor)


def _guilloche(tint: tuple[int, int, int]) -> Image.Image:
    """Give an ID-1 card face (85.6 by 54 mm) covered with fine waves."""
    width, height = mm(85.6), mm(54)
    face = np.full((height, width, 3), tint, np.uint8)
    x = np.arange(0, width, 4)
    for wave in range(0, height + 120, 14):
        y = wave - 60 + 42 * np.sin(x / 95 + wave / 70)
        points = np.stack([x, y], axis=1).astype(np.int32)
        shade = (tint[0] - 26, tint[1] - 14, tint[2] - 22)
        cv2.polylines(
            face, [points], isClosed=False, color=shade, thickness=1, lineType=cv2.LINE_AA
        )
    return Image.fromarray(face)


_SMALL = (
    ("01-don", "Đơn", None, ("ĐƠN ĐỀ NGHỊ", "Kính gửi: Ủy ban nhân dân xã Suối Vặc")),
    (
        "02-bien-ban",
        "Biên bản",
        "Trang 1/2",
        ("BIÊN BẢN", "Ghi nhận thiệt hại do gió lốc", "Trang 1/2"),
    ),
    ("02-bien-ban", "Biên bản", "Trang 2/2", ("Các bên cùng ký tên xác nhận.", "Trang 2/2")),
)


def make_small(out: Path, seed: int = 1) -> SampleTruth:
    """Write a dossier of two papers on three pages with very little text, for tests that kill."""
    out.mkdir(parents=True, exist_ok=True)
    pages: list[PageTruth] = []
    for index, (stem, title, label, lines) in enumerate(_SMALL):
        number = 1 if label is None else int(label.split()[1].split("/")[0])
        skew_deg = (0.8, -1.3, 0.0)[index]
        sheet = print_sheet(lines, size_pt=14)
        look = Look(skew_deg=skew_deg, paper=_PAPER, noise=2.0, specks=0)
        file = f"{stem}-{number}.jpg"
        (out / file).write_bytes(jpeg(scan(to_bgr(sheet.image), look, seed + index)))
        pages.append(
            PageTruth(
                file=file,
                paper=1 if index == 0 else 2,
                kind=stem[3:],
                title=title,
                page=number,
                label=label,
                blank=False,
                skew_deg=skew_deg,
                rotation_deg=0,
                dpi=DPI,
                width_px=WIDTH_PX,
                height_px=HEIGHT_PX,
                lines=tuple(sheet.lines),
            )
        )
    truth = SampleTruth(seed, tuple(pages))
    truth.write(out / TRUTH_FILE)
    return truth
