"""Loose files through the same steps as the counter's pages, for ``ocr`` and ``pack``.

Many pages are shared out to processes, one warm engine each; results come back in input order.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import DeskError, Trouble
from app.packaging.compose import compose
from app.packaging.model import Metadata
from app.packaging.validate import gate
from app.pipeline.stages.imaging import engine
from app.pipeline.stages.packing import page_input
from ocr import pictures
from ocr.clean import CleanPage, clean
from ocr.decode import decode, frame_count
from ocr.page import read_page
from ocr.text import PageText
from ocr.warp import render

__all__ = [
    "Frame",
    "Metadata",
    "PageText",
    "ReadPage",
    "first_trouble",
    "frames",
    "pack",
    "read_all",
    "read_frame",
]

PICTURE_QUALITY = 85


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of one input file."""

    path: Path
    index: int
    of: int

    @property
    def name(self) -> str:
        """File stem; numbered where the file holds several pictures."""
        return self.path.stem if self.of == 1 else f"{self.path.stem}-{self.index + 1:04d}"


@dataclass(frozen=True, slots=True)
class ReadPage:
    """What became of one picture.

    Attributes:
        picture: the cleaned page as JPEG, when asked for.
        trouble: slug and parameters instead of a result.
    """

    frame: Frame
    seconds: float
    dpi: tuple[float, float] = (0.0, 0.0)
    clean: bytes = b""
    text: bytes = b""
    picture: bytes = b""
    trouble: tuple[str, dict[str, str | int]] | None = None

    def report(self) -> dict[str, object]:
        """The facts as ``pack`` and ``demo`` report them."""
        facts = CleanPage.from_json(self.clean).facts
        return {
            "source": self.frame.path.name,
            "angle_deg": round(facts.skew_deg, 2),
            "rotation_deg": facts.rotation_deg,
            "blank": facts.blank,
            "mean_confidence": round(PageText.from_json(self.text).mean_confidence, 4),
        }


_KEEP: dict[str, object] = {}


def frames(paths: Sequence[Path]) -> tuple[Frame, ...]:
    """Every picture of every input, in order; a broken file counts as one that will fail."""
    found: list[Frame] = []
    for path in paths:
        try:
            number = frame_count(path.read_bytes()) if path.suffix.lower() in _MANY else 1
        except Exception as error:
            if not isinstance(getattr(error, "slug", None), str) and not isinstance(error, OSError):
                raise
            number = 1
        found += [Frame(path, index, number) for index in range(number)]
    return tuple(found)


_MANY = frozenset({".tif", ".tiff"})


def read_all(found: Sequence[Frame], jobs: int, *, pictures_too: bool) -> Iterator[ReadPage]:
    """Clean and read every frame, in input order.

    Args:
        found: the frames.
        jobs: processes; 1 works in this one.
        pictures_too: whether the cleaned page is wanted as JPEG.
    """
    if jobs <= 1 or len(found) <= 1:
        yield from (read_frame(frame, pictures_too=pictures_too) for frame in found)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(found)), mp_context=context) as pool:
        try:
            with _deaf_children():
                waiting = [
                    pool.submit(read_frame, frame, pictures_too=pictures_too) for frame in found
                ]
            for future in waiting:
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.kill()  # nothing of theirs is wanted any more, and none holds a file open
            raise


@contextlib.contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started inside never hear Ctrl-C: it is the parent that ends them, quietly."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Any thread may receive the signal, so it is not enough that this one does not: half a pool
    # would be left waiting.
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


def read_frame(frame: Frame, *, pictures_too: bool) -> ReadPage:
    """One picture decoded, cleaned and read; a broken one comes back as a trouble."""
    os.environ["OMP_THREAD_LIMIT"] = "1"
    started = time.perf_counter()
    try:
        data = _bytes(frame.path)
        image, _ = decode(data, frame=frame.index)
        warm = engine(_KEEP)
        cleaned = clean(image, osd=warm)
        text = read_page(image, cleaned.geometry, warm)
        picture = b""
        if pictures_too:
            picture = pictures.jpeg(render(image, cleaned.geometry), PICTURE_QUALITY)
    except Exception as error:
        slug = getattr(error, "slug", None)
        if not isinstance(slug, str):
            raise
        params = {"name": frame.path.name, **getattr(error, "params", {})}
        return ReadPage(frame, time.perf_counter() - started, trouble=(slug, params))
    return ReadPage(
        frame,
        time.perf_counter() - started,
        (image.dpi_x, image.dpi_y),
        cleaned.to_json(),
        text.to_json(),
        picture,
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Trouble("file.missing", name=path.name) from error
    except OSError as error:
        raise Trouble("file.io", name=path.name, why=str(error.strerror)) from error


def pack(read: Sequence[ReadPage], meta: Metadata) -> bytes:
    """The proved PDF/A of the pages.

    Raises:
        PackagingError: pack.not_compliant and family.
    """
    pages = [
        page_input(
            _bytes(page.frame.path),
            CleanPage.from_json(page.clean),
            PageText.from_json(page.text),
            page.dpi,
        )
        for page in read
    ]
    pdf = compose(pages, meta)
    gate(pdf)
    return pdf


def first_trouble(read: Sequence[ReadPage]) -> DeskError | None:
    """The first page's trouble, if any page has one."""
    for page in read:
        if page.trouble is not None:
            return Trouble.of(*page.trouble)
    return None
