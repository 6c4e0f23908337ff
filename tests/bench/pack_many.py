"""A folder of a thousand pages: the memory of `pack` at a quarter of them and at all of them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from tests.bench.measure import MeasuredError
from tests.corpus.sample import SEED, make_sample

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
_DPI = 150
_EVERY_S = 0.2


def run(work: Path, count: int, jobs: int) -> dict[str, object]:
    """Give the largest memory of the program and of its workers, for a quarter and for all."""
    rows = []
    for number in (max(1, count // 4), count):
        folder = work / f"pages-{number}"
        _draw(work, folder, number)
        rows.append({"pages": number, **_watch(folder, work / f"{number}.pdf", jobs)})
    return {"jobs": jobs, "dpi": _DPI, "rows": rows}


def _draw(work: Path, folder: Path, count: int) -> None:
    """Write pages of the sample at half the resolution, each with a number of its own."""
    folder.mkdir()
    source = work / "sample"
    if not source.exists():
        make_sample(source, SEED)
    originals = []
    for path in sorted(source.glob("*.jpg")):
        with Image.open(path) as whole:
            originals.append(whole.convert("L").reduce(2))
    font = ImageFont.load_default(size=24)
    for number in range(count):
        page = originals[number % len(originals)].copy()
        ImageDraw.Draw(page).text((40, 20), f"{number + 1}", font=font, fill=0)
        page.save(folder / f"{number + 1}.jpg", quality=75, dpi=(_DPI, _DPI))


def _watch(folder: Path, out: Path, jobs: int) -> dict[str, float]:
    argv = [sys.executable, str(ROOT / "main.py"), "--home", str(out.parent / "home"), "pack"]
    argv += [str(folder), "-o", str(out), "--jobs", str(jobs), "--json"]
    started = time.monotonic()
    pause = threading.Event()
    own = worker = 0.0
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            own = max(own, _peak_mb(process.pid))
            worker = max([worker, *map(_peak_mb, _children(process.pid))])
            pause.wait(_EVERY_S)
        said = process.stderr.read().decode() if process.stderr else ""
    if process.returncode:
        raise MeasuredError(f"pack of {folder.name} failed: {said[-600:]}")
    return {
        "wall_s": time.monotonic() - started,
        "own_mb": own,
        "worker_mb": worker,
        "pdf_mb": out.stat().st_size / 2**20,
    }


def _children(pid: int) -> Iterator[int]:
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, listed.read_text().split()):
                yield child
                yield from _children(child)


def _peak_mb(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def table(result: dict[str, object], machine: str) -> str:
    """Give the figures as Markdown."""
    rows = [
        f"{machine}.",
        "",
        f"`pack` of a folder of A4 pages at {result['dpi']} dpi, {result['jobs']} jobs.",
        "",
        "| pages | wall, s | pages a minute | program, MB | largest worker, MB | file, MB |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for row in result["rows"]:
        pace = row["pages"] / row["wall_s"] * 60
        rows.append(
            f"| {row['pages']} | {row['wall_s']:.0f} | {pace:.0f} | {row['own_mb']:.0f} |"
            f" {row['worker_mb']:.0f} | {row['pdf_mb']:.1f} |"
        )
    return "\n".join(rows)
