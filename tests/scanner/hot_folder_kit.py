"""What the hot-folder tests share: one pass over a folder, and files as copiers write them."""

from __future__ import annotations

import io
import os
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pikepdf
from PIL import Image

from scanner.drivers.folder.inbox import INBOX
from scanner.drivers.folder.source import HotFolderSource
from scanner.drivers.source import Delivered, Over, Stop
from scanner.model import Notice, ScanRequest, SideBegin, SideChunk
from tests.scanner.scan_kit import A4_200, page_jpeg

PAUSE = threading.Event()


def wait(seconds: float) -> None:
    PAUSE.wait(seconds)


@dataclass
class Got:
    """What one pass gave, as a careful caller sees it."""

    begins: list[SideBegin] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    ends: list[Delivered] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    over: Over | None = None

    @property
    def reason(self) -> str:
        assert self.over is not None
        return self.over.reason

    @property
    def names(self) -> list[str | None]:
        return [end.name for end in self.ends]

    def images(self) -> list[Image.Image]:
        found = []
        for data in self.data:
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                found.append(image.copy())
        return found


def ask(folder: Path, **options: object) -> ScanRequest:
    fields: dict[str, object] = {
        "source": "feeder",
        "duplex": False,
        "dpi": 200,
        "stall_s": 0.5,
        **options,
    }
    return ScanRequest(f"folder:{folder}", **fields)  # type: ignore[arg-type]


def run(
    folder: Path,
    *,
    commit: bool = True,
    stop: Stop | None = None,
    act: Callable[[object, Got], None] | None = None,
    **options: object,
) -> Got:
    """One whole pass; `act` hears every event after it was taken."""
    got, stop = Got(), stop or Stop()
    for event in HotFolderSource().scan(ask(folder, **options), stop):
        assert got.over is None, f"{event} after the end"
        if isinstance(event, SideBegin):
            got.begins.append(event)
            got.data.append(b"")
        elif isinstance(event, SideChunk):
            assert event.seq == got.begins[-1].seq
            got.data[-1] += event.data
        elif isinstance(event, Delivered):
            got.ends.append(event)
            if commit:
                stop.committed(got.begins[-1].seq)
        elif isinstance(event, Notice):
            got.notices.append((event.slug, str(event.params["name"])))
        elif isinstance(event, Over):
            got.over = event
            if not commit:
                stop.request(now=True)
        if act is not None:
            act(event, got)
    return got


def put(folder: Path, name: str, data: bytes, age_s: float = 0) -> Path:
    """A whole file that came this long ago."""
    part = folder / f".{zlib.crc32(os.fsencode(name)):08x}.put"
    part.write_bytes(data)
    if age_s:
        stat = part.stat()
        os.utime(part, (stat.st_atime - age_s, stat.st_mtime - age_s))
    part.rename(folder / name)
    return folder / name


def inside(folder: Path, part: str = "taken") -> list[Path]:
    """The files in that part of the inbox."""
    return [path for path in (folder / INBOX / part).rglob("*") if path.is_file()]


def left(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.name != INBOX)


def picture(number: int, size: tuple[int, int] = A4_200, mode: str = "RGB") -> Image.Image:
    with Image.open(io.BytesIO(page_jpeg(number, size))) as image:
        return image.convert(mode)


def png(number: int, dpi: int | None = 200, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    picture(number, mode=mode).save(out, "PNG", **({"dpi": (dpi, dpi)} if dpi else {}))
    return out.getvalue()


def tiff(*pages: Image.Image, compression: str = "group4", dpi: int = 200) -> bytes:
    out = io.BytesIO()
    pages[0].save(
        out, "TIFF", save_all=True, append_images=pages[1:], compression=compression, dpi=(dpi, dpi)
    )
    return out.getvalue()


def pdf(*jpegs: bytes, content: bytes | None = None, **page_keys: object) -> bytes:
    """A PDF as a copier makes it: each page one JPEG on A4."""
    made = pikepdf.new()
    for jpeg in jpegs:
        with Image.open(io.BytesIO(jpeg)) as image:
            width, height, gray = *image.size, image.mode == "L"
        page = made.add_blank_page(page_size=(595.3, 841.9))
        picture_object = pikepdf.Stream(made, jpeg)
        picture_object.Type, picture_object.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        picture_object.Width, picture_object.Height = width, height
        picture_object.ColorSpace = pikepdf.Name.DeviceGray if gray else pikepdf.Name.DeviceRGB
        picture_object.BitsPerComponent = 8
        picture_object.Filter = pikepdf.Name.DCTDecode
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=picture_object))
        page.Contents = pikepdf.Stream(made, content or b"q 595.3 0 0 841.9 0 0 cm /Im0 Do Q")
        for key, value in page_keys.items():
            page[f"/{key}"] = value
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()
