"""One page of a loose file through the same steps as a page of the counter, in a process of a crew.

What comes of it goes to disk at once: the three files of ``ocr``, or a part of ``pack``. The caller
gets a few figures, so a thousand pages weigh no more than ten.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Final, cast

os.environ.setdefault("OMP_THREAD_LIMIT", "1")

from app import paths
from app.files import write_whole
from app.packaging.model import PageInput
from app.pipeline.stages import parts
from app.pipeline.stages.leaf import page_input
from app.pipeline.stages.loose import Frame
from app.pipeline.stages.neighbours import Neighbours, judged
from app.pipeline.stages.page_source import PageSource, lossless, page_source
from app.pipeline.stages.page_task import ForPackage, ForText, Outcome, Profile, Reader, Task
from app.pipeline.stages.parts import Part
from ocr import pictures
from ocr.clean import CleanPage, clean
from ocr.clean.orientation import UNDECIDED
from ocr.engine import OcrEngine, open_engine
from ocr.findings import PageReading
from ocr.image import PageImage
from ocr.page import recognise
from ocr.warp import render

PICTURE_QUALITY: Final = 85
_LIBRARIES: Final = (
    *("opencv-python-headless", "tesserocr", "numpy", "Pillow", "simplejpeg"),
    *("pikepdf", "pypdfium2"),
)
REVISION: Final = 2
"""Counted up when a page is cleaned, read or drawn in another way than before."""
_ENGINE: Final = "engine"


Keep = dict[str, object]


def read(task: Task, keep: Keep) -> Outcome:
    """The page read and written down; what is wrong with it comes back as a trouble."""
    started = time.perf_counter()
    try:
        done = _read(task, keep)
    except MemoryError:
        return Outcome(trouble=("page.gave_up", {"name": task.frame.label}))
    except Exception as error:
        slug = getattr(error, "slug", None)
        if isinstance(error, OSError):
            why = str(error.strerror or type(error).__name__)
            told = ("file.io", {"name": Path(str(error.filename or "")).name, "why": why})
            return Outcome(trouble=told, hopeless=True)
        if not isinstance(slug, str):
            raise
        params = {"name": task.frame.label, **getattr(error, "params", {})}
        hopeless = slug in {"ocr.no_engine", "ocr.no_language"}
        return Outcome(trouble=(slug, params), hopeless=hopeless)
    return dataclasses.replace(done, seconds=round(time.perf_counter() - started, 3))


def _read(task: Task, keep: Keep) -> Outcome:
    purpose = task.purpose
    source = page_source(task.frame, keep, copying=isinstance(purpose, ForPackage))
    warm = engine(task.reader, keep)
    beside = Neighbours(task.frame, task.beside, keep)
    made: dict[str, object] = {
        "source_sha256": source.sha256,
        "page": task.frame.index + 1,
        "engine": warm.identity(),
        "with": versions(),
        "beside": beside.digests(),
    }
    if isinstance(purpose, ForText):
        return _for_text(purpose, source, beside, warm, made)
    return _for_package(purpose, source, beside, warm, made)


def _for_text(
    purpose: ForText,
    source: PageSource,
    beside: Neighbours,
    warm: OcrEngine,
    made: dict[str, object],
) -> Outcome:
    frame = beside.frame
    if not purpose.again:
        before = _made_before(purpose.out, frame.name)
        if before is not None and before[0] == made:
            return Outcome({**before[1], "source": frame.path.name}, reused=True)
    image, damage = source.image()
    cleaned, found = _findings(image, source, beside, warm)
    picture = pictures.jpeg(render(image, cleaned.geometry), PICTURE_QUALITY)
    report = report_of(frame, cleaned, found)
    body = {
        "source": frame.path.name,
        **json.loads(found.to_json()),
        "words": [
            {"text": word.text, "box": word.box, "conf": word.conf, "line": word.line}
            for word in found.text.words
        ],
        "facts": {**json.loads(cleaned.to_json())["facts"], **report, "damage": damage},
        "made": made,
    }
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1)
    files = {
        f"{frame.name}.jpg": picture,
        f"{frame.name}.txt": found.text.text.encode() + b"\n",
        f"{frame.name}.json": text.encode(),  # last: it says that the page is done
    }
    for name, content in files.items():
        write_whole(purpose.workshop / name, content)
    for name in files:
        (purpose.workshop / name).replace(purpose.out / name)
    return Outcome(report)


def _made_before(out: Path, name: str) -> tuple[dict[str, object], dict[str, object]] | None:
    """From what an earlier run made a page that is whole, and its report; None without one."""
    try:
        found = json.loads((out / f"{name}.json").read_bytes())
        made, report = found["made"], {key: found["facts"][key] for key in REPORTED}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    whole = all((out / f"{name}.{kind}").is_file() for kind in ("jpg", "txt"))
    return (made, report) if whole else None


def _for_package(
    purpose: ForPackage,
    source: PageSource,
    beside: Neighbours,
    warm: OcrEngine,
    made: dict[str, object],
) -> Outcome:
    frame = beside.frame
    name = parts.part_name({**made, "kind": frame.kind, "profile": purpose.profile})
    part = parts.load(purpose.workshop / name)
    if part is not None:
        return Outcome({**part.report, "source": frame.path.name}, name, reused=True)
    part = _part(beside, purpose.profile, source, warm)
    write_whole(purpose.workshop / name, part.to_bytes(), durable=False)
    return Outcome(dict(part.report), name)


def _part(beside: Neighbours, profile: Profile, source: PageSource, warm: OcrEngine) -> Part:
    frame = beside.frame
    image, _ = source.image()
    cleaned, found = _findings(image, source, beside, warm)
    leaf = page_input(b"", cleaned, found.text, (image.dpi_x, image.dpi_y))
    if profile != "faithful":
        from app.pipeline.stages.redrawing import redrawn  # noqa: PLC0415 - faithful pages need none

        leaf = redrawn(leaf, render(image, cleaned.geometry), profile)
    if leaf.layers is None:
        leaf = dataclasses.replace(leaf, image=_own_file(frame, source, image))
    size = picture_bytes(leaf) or len(source.data)
    codes = tuple((code.format, code.text) for code in found.codes)
    return Part(source.sha256, {**report_of(frame, cleaned, found), "bytes": size}, leaf, codes)


def _own_file(frame: Frame, source: PageSource, image: PageImage) -> bytes:
    """The page's picture as a file; nothing where that is the input file itself."""
    if frame.kind == "pdf":
        return source.data
    return lossless(image) if frame.kind == "tiff" and frame.of > 1 else b""


def picture_bytes(page: PageInput) -> int:
    """What the page's picture takes in the package; 0 when it is the input file itself."""
    if page.layers is None:
        return len(page.image)
    mask = page.layers.mask
    return len(page.layers.picture) + (len(mask.data) if mask else 0)


def _findings(
    image: PageImage, source: PageSource, beside: Neighbours, warm: OcrEngine
) -> tuple[CleanPage, PageReading]:
    """The page cleaned and read; where the text does not say which way is up, the PDF does."""
    cleaned = judged(clean(image, osd=warm), image, beside, warm)
    if source.turn_deg and UNDECIDED in cleaned.facts.reasons:
        cleaned = clean(image, rotation_deg=source.turn_deg, osd=warm)
    return cleaned, recognise(image, cleaned, warm)


REPORTED: Final = ("source", "angle_deg", "rotation_deg", "blank", "mean_confidence")


def report_of(frame: Frame, cleaned: CleanPage, found: PageReading) -> dict[str, object]:
    """The facts as ``ocr``, ``pack`` and ``demo`` report them."""
    facts = cleaned.facts
    values = (
        frame.path.name,
        round(facts.skew_deg, 2),
        facts.rotation_deg,
        facts.blank,
        round(found.text.mean_confidence, 4),
    )
    return dict(zip(REPORTED, values, strict=True))


def engine(reader: Reader, keep: Keep) -> OcrEngine:
    """The warm engine of this process; made once.

    Raises:
        OcrError: ocr.no_engine, ocr.no_language.
    """
    found = keep.get(_ENGINE)
    if found is None:
        folder = reader.models or paths.tessdata()
        found = keep[_ENGINE] = open_engine(language=reader.language, tessdata=folder)
    return cast("OcrEngine", found)


@lru_cache(maxsize=1)
def versions() -> str:
    """The libraries that have a say in a page, and the revision of these steps."""
    found = [f"{name}-{importlib.metadata.version(name)}" for name in _LIBRARIES]
    return " ".join([str(REVISION), *found])
