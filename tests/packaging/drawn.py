"""Pages drawn here, upright, with the true box of each word, and the ways they may be scanned."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.packaging.model import IDENTITY, Matrix, PageInput, WordBox

FONTS = Path(__file__).resolve().parents[2] / "resources" / "fonts"
LINES = (
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
    "Số: 12/QĐ-UBND ngày 05 tháng 11 năm 2026",
    "Căn cứ Luật Tổ chức chính quyền địa phương;",
    "Xét đề nghị của ông Nguyễn Thử Nghiệm, thường trú tại thôn Mẫu,",
    "Điều 1. Cấp giấy chứng nhận cho hộ gia đình có tên nêu trên.",
    "ẨẪẬ ẲẴẶ ỂỄỆ ỔỖỘ ỞỠỢ ỬỮỰ ỶỸỴ ẩẫậ ẳẵặ ểễệ ổỗộ ởỡợ ửữự ỷỹỵ",
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """An upright page and its words in its own px, which are the displayed px."""

    picture: Image.Image
    words: tuple[WordBox, ...]
    dpi: int

    @property
    def text(self) -> str:
        return "\n".join(LINES)


def draw(dpi: int = 150, mm: tuple[float, float] = (210, 297)) -> Drawn:
    width, height = (round(side * dpi / 25.4) for side in mm)
    picture = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(picture)
    size = round(13 * dpi / 72)
    font = ImageFont.truetype(FONTS / "Tinos-Vietnamese.ttf", size)
    words = []
    baseline = round(height * 0.1)
    for number, line in enumerate(LINES):
        x = width * 0.1
        for word in line.split():
            pen.text((x, baseline), word, font=font, fill="black", anchor="ls")
            box = pen.textbbox((x, baseline), word, font=font, anchor="ls")
            words.append(WordBox(word, *box, baseline, number))
            x += pen.textlength(word + " ", font=font)
        baseline += round(size * 1.9)
    red = round(height * 0.8), round(height * 0.9)
    pen.ellipse(
        (width * 0.6, red[0], width * 0.6 + red[1] - red[0], red[1]), outline="red", width=6
    )
    return Drawn(picture, tuple(words), dpi)


def jpeg(picture: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88, **options)
    return out.getvalue()


def stored(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def straight(drawn: Drawn, image: bytes | None = None) -> PageInput:
    return PageInput(
        image=jpeg(drawn.picture) if image is None else image,
        dpi_x=drawn.dpi,
        dpi_y=drawn.dpi,
        matrix=IDENTITY,
        width_px=drawn.picture.width,
        height_px=drawn.picture.height,
        words=drawn.words,
    )


def crooked(drawn: Drawn, skew_deg: float, quarter: int = 0) -> PageInput:
    """The page as scanned: laid ``skew_deg`` counter-clockwise, then the feed turned.

    Args:
        drawn: the upright page.
        skew_deg: counter-clockwise angle of the paper.
        quarter: the clockwise turn that makes it upright again.
    """
    width, height = drawn.picture.size
    turned = drawn.picture.rotate(skew_deg, Image.Resampling.BICUBIC, fillcolor="white")
    back = {
        0: turned,
        90: turned.transpose(Image.Transpose.ROTATE_90),
        180: turned.transpose(Image.Transpose.ROTATE_180),
        270: turned.transpose(Image.Transpose.ROTATE_270),
    }[quarter]
    turn = {
        0: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        90: [[0, -1, width], [1, 0, 0], [0, 0, 1]],
        180: [[-1, 0, width], [0, -1, height], [0, 0, 1]],
        270: [[0, 1, 0], [-1, 0, height], [0, 0, 1]],
    }[quarter]
    angle = math.radians(skew_deg)
    c, s = math.cos(angle), math.sin(angle)
    x, y = width / 2, height / 2
    straighten = np.array([[c, -s, x - c * x + s * y], [s, c, y - s * x - c * y], [0, 0, 1]])
    matrix: Matrix = tuple(float(v) for v in (straighten @ np.array(turn)).ravel())
    return PageInput(jpeg(back), drawn.dpi, drawn.dpi, matrix, width, height, drawn.words)
