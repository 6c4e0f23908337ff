"""The rungs below the faithful copy: bytes, processor time and what Tesseract still reads.

The displayed page of each sheet is drawn anew on each rung, put into a PDF, drawn by PDFium at
300 dpi and read; beside it the displayed page itself is read. The peer's files are made once.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tests.bench import machine, peer
from tests.bench.measure import spend
from tests.bench.pack import corpus
from tests.corpus.metrics import line_errors

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from ocr.engine import OcrEngine
    from ocr.image import Pixels
    from tests.corpus.truth import PageTruth

PROFILES = ("standard", "compact")
LEVELS = ("-O1", "-O3")


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give figures by page and rung, and the peer's bytes per page by level."""
    os.environ["OMP_THREAD_LIMIT"] = "1"  # before Tesseract is loaded, or it is too late
    from ocr.clean import clean
    from ocr.decode import decode
    from ocr.engine import open_engine
    from ocr.warp import render

    pages, truth = corpus(options)
    engine, rows = open_engine("api"), []
    try:
        for page in truth.pages:
            image, _ = decode((pages / page.file).read_bytes())
            shown = render(image, clean(image, osd=engine).geometry).pixels
            rows.append({"file": page.file, **_measure(shown, page, engine)})
    finally:
        engine.close()
    return {
        "seed": truth.seed,
        "pages": rows,
        "peer_bytes_per_page": _peer([pages / name for name in truth.files], options.work),
    }


def _measure(page: Pixels, truth: PageTruth, engine: OcrEngine) -> dict[str, object]:
    from app.packaging.ladder import recompressed
    from tests.packaging.layered import as_pdf, shown

    row: dict[str, object] = {"before": _errors(page, truth, engine)}
    for profile in PROFILES:
        start = time.process_time()
        done = recompressed(page, truth.dpi, profile)
        spent = time.process_time() - start
        mask = len(done.layers.mask.data) if done.layers.mask else 0
        drawn = shown(as_pdf(done.layers, page))
        row[profile] = {
            "rung": done.rung,
            "bytes": len(done.layers.picture) + mask,
            "mask_bytes": mask,
            "cpu_s": spent,
            "after": _errors(drawn, truth, engine),
        }
    return row


def _errors(page: Pixels, truth: PageTruth, engine: OcrEngine) -> tuple[int, int]:
    from ocr.geometry import Geometry
    from ocr.image import PageImage
    from ocr.page import read_page

    if truth.blank:
        return (0, 0)
    image = PageImage(page, truth.dpi, truth.dpi)
    return line_errors(truth.texts, read_page(image, Geometry.plan(image), engine).text)


def _peer(images: list[Path], work: Path) -> dict[str, float]:
    programs = peer.environment()
    source, sizes = work / "source.pdf", {}
    peer.join(programs, images, source)
    for level in LEVELS:
        target = work / f"peer{level}.pdf"
        argv = peer.command(programs, source, target, 2)
        spend([level if part == "-O1" else part for part in argv], work)
        sizes[level] = target.stat().st_size / len(images)
    return sizes


def table(result: dict[str, object]) -> str:
    """Give the figures as Markdown."""
    rows, sizes = result["pages"], result["peer_bytes_per_page"]
    text = [
        f"{machine.line(result['machine'])}.",
        "",
        "| page | errors | standard, kB | CPU s | errors | compact, kB | mask | CPU s | errors |",
        "|---|" + "---:|" * 8,
    ]
    for row in rows:
        cells = [row["file"], _share([row["before"]])]
        for profile in PROFILES:
            one = row[profile]
            cells.append(f"{one['bytes'] / 1000:.0f}")
            if profile == "compact":
                cells.append(f"{one['mask_bytes'] / 1000:.0f}")
            cells += [f"{one['cpu_s']:.2f}", _share([one["after"]])]
        text.append("| " + " | ".join(cells) + " |")
    text += ["", "| rung | kB a page | CPU s | errors | of -O1 | of -O3 |", "|---|" + "---:|" * 5]
    text.append(f"| as displayed | | | {_share([row['before'] for row in rows])} | | |")
    for profile in PROFILES:
        size = sum(row[profile]["bytes"] for row in rows) / len(rows)
        cpu_s = sum(row[profile]["cpu_s"] for row in rows) / len(rows)
        shares = " | ".join(f"{size / sizes[level]:.3f}" for level in LEVELS)
        errors = _share([row[profile]["after"] for row in rows])
        text.append(f"| {profile} | {size / 1000:.0f} | {cpu_s:.2f} | {errors} | {shares} |")
    return "\n".join(text)


def _share(counts: list[tuple[int, int]]) -> str:
    characters = sum(count for _, count in counts)
    return f"{sum(errors for errors, _ in counts) / characters:.2%}" if characters else "blank"
