"""The paper in the simulated feeder: one image file is one side."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

from scanner.errors import ScannerError
from scanner.images.validate import ImageProof, image_facts
from scanner.model import MM_PER_INCH

if TYPE_CHECKING:
    from pathlib import Path

OFFERED_DPI: Final = (200, 300)
A4_MM: Final = (210.0, 297.0)
JPEG_QUALITY: Final = 90
PAGE_ENDINGS: Final = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})
PROVED_AT_ONCE: Final = 64 << 10
SIZE_TOLERANCE: Final = 0.02
LONGEST_SHEET_IN: Final = 17.6
_JPEG_START: Final = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class Capture:
    """How a side is asked for: resolution, colour and the area in pixels (width, height)."""

    dpi: int
    gray: bool
    area_px: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Served:
    """The bytes for one side; `sound` when they make a whole image that fits the asked area."""

    data: bytes
    sound: bool


def page_files(folder: Path) -> tuple[Path, ...]:
    """The picture files of the folder in the order of their names; hidden ones are no pages.

    The ending decides, not the content: a text named ``.jpg`` lies in the feeder too.
    """
    return tuple(
        sorted(
            (
                path
                for path in folder.iterdir()
                if path.is_file() and path.name[0] != "." and path.suffix.lower() in PAGE_ENDINGS
            ),
            key=lambda path: path.name,
        )
    )


def serve(path: Path, capture: Capture) -> Served:
    """The side as a scanner would deliver it.

    A JPEG whose resolution is the asked one passes unchanged. Everything else is converted, and
    resampled when its resolution differs; an image of unknown size is fitted onto the asked area. A
    file that is no image is served as it is.
    """
    data = path.read_bytes()
    if data.startswith(_JPEG_START) and not capture.gray and _jpeg_dpi(data) == capture.dpi:
        return Served(data, sound=_is_sound(data, capture))
    try:
        with Image.open(io.BytesIO(data)) as image:
            found = _believed_dpi(_declared_dpi(image), image.size)
            upright = ImageOps.exif_transpose(image).convert("L" if capture.gray else "RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return Served(data, sound=False)
    return Served(_jpeg(_scaled(upright, found, capture), capture.dpi), sound=True)


class PageCache:
    """Pages prepared once and served again; the first ones that fit into `most_bytes` are kept.

    Nothing is dropped for another page: a stack is read round and round, never at random.
    """

    def __init__(self, most_bytes: int = 0) -> None:
        self._left = most_bytes
        self._lock = threading.Lock()
        self._kept: dict[tuple[Path, int, int, Capture], Served] = {}

    def serve(self, path: Path, capture: Capture) -> Served:
        """The side as `serve` makes it; a file that changed is read anew.

        Raises:
            OSError: The file is gone.
        """
        state = path.stat()
        key = (path, state.st_mtime_ns, state.st_size, capture)
        with self._lock:
            found = self._kept.get(key)
        if found is not None:
            return found
        served = serve(path, capture)
        with self._lock:
            if key not in self._kept and len(served.data) <= self._left:
                self._kept[key] = served
                self._left -= len(served.data)
        return served


def shrunk(data: bytes) -> bytes:
    """The same picture at half its width and height, without any word about its resolution."""
    with Image.open(io.BytesIO(data)) as image:
        return _jpeg(image.convert("RGB").resize((image.width // 2, image.height // 2)), None)


def training_pages(folder: Path, sheets: int = 3) -> None:
    """The folder holds drawn A4 pages to practise with, at 300 dpi."""
    width, height = (round(mm / MM_PER_INCH * 300) for mm in A4_MM)
    for number in range(1, sheets + 1):
        image = Image.new("RGB", (width, height), "white")
        draw = ImageDraw.Draw(image)
        draw.rectangle((120, 120, width - 120, height - 120), outline="navy", width=8)
        draw.text((300, 300), f"MẪU / SAMPLE {number}", "navy", ImageFont.load_default(160))
        for line in range(24):
            top = 700 + line * 100
            draw.rectangle((300, top, width - 300 - (line * 53) % 700, top + 14), fill="gray")
        (folder / f"sample-{number}.jpg").write_bytes(_jpeg(image, 300))


def inferred_dpi(size: tuple[int, int]) -> int | None:
    """The offered resolution at which an image of this size is an A4 page, lying either way."""
    for dpi in OFFERED_DPI:
        page = (round(A4_MM[0] / MM_PER_INCH * dpi), round(A4_MM[1] / MM_PER_INCH * dpi))
        if _near((min(size), max(size)), page):
            return dpi
    return None


def _is_sound(data: bytes, capture: Capture) -> bool:
    try:
        proof = ImageProof(len(data))
        for at in range(0, len(data), PROVED_AT_ONCE):
            proof.feed(data[at : at + PROVED_AT_ONCE])
        proof.prove(capture.area_px, capture.dpi)
    except ScannerError:
        return False
    return True


def _jpeg_dpi(data: bytes) -> int | None:
    try:
        facts = image_facts(data)
    except ScannerError:
        return None
    if facts is None:
        return None
    return _believed_dpi(facts.dpi, (facts.width_px, facts.height_px))


def _believed_dpi(declared: int | None, size: tuple[int, int]) -> int | None:
    """The declared resolution, unless it makes the sheet larger than any feeder takes.

    Cameras and editors write 72 or 96 into every picture.
    """
    if declared is not None and max(size) <= declared * LONGEST_SHEET_IN:
        return declared
    return inferred_dpi(size)


def _declared_dpi(image: Image.Image) -> int | None:
    declared = image.info.get("dpi")
    value = round(float(declared[0])) if isinstance(declared, tuple) else 0
    return value if value > 1 else None


def _scaled(image: Image.Image, dpi: int | None, capture: Capture) -> Image.Image:
    """The image at the asked resolution; smaller paper lies on white, as on a scanner's glass."""
    width, height = capture.area_px
    scale = capture.dpi / dpi if dpi else 0.0
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if any(_near(size, area) for area in (capture.area_px, capture.area_px[::-1])):
        return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
    if dpi and size[0] <= width and size[1] <= height:
        fitted = image.resize(size, Image.Resampling.LANCZOS)
    else:
        fitted = ImageOps.contain(image, (width, height), Image.Resampling.LANCZOS)
    paper = Image.new(image.mode, (width, height), "white")
    paper.paste(fitted, ((width - fitted.width) // 2, (height - fitted.height) // 2))
    return paper


def _near(size: tuple[int, int], area: tuple[int, int]) -> bool:
    pairs = zip(size, area, strict=True)
    return all(abs(pixels - wanted) <= wanted * SIZE_TOLERANCE for pixels, wanted in pairs)


def _jpeg(image: Image.Image, dpi: int | None) -> bytes:
    out = io.BytesIO()
    if dpi is None:
        image.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    else:
        image.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0, dpi=(dpi, dpi))
    return out.getvalue()
