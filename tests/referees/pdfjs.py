"""Asks pdf.js, the reader inside browsers, which text it finds; one Node process for all files."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.referees.setup import BUILD_LIMIT_S, CACHE, RefereeMissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = Path(__file__).resolve().parent / "node"
FILES = ("package.json", "package-lock.json", "text.mjs")
INSTALL = ("npm", "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund")
LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class Page:
    """What pdf.js finds on one page.

    Args:
        text: as a reader copies it, lines parted by line feeds.
        boxes: each piece with its left end, baseline, width and height in pt from the lower left.
    """

    text: str
    boxes: tuple[tuple[str, float, float, float, float], ...]


def install() -> Path:
    """The folder of pdf.js, fetched from npm's registry the first time, exact versions.

    Raises:
        RefereeMissingError: no Node, no npm, or the registry could not be reached.
    """
    if shutil.which("node") is None:
        raise RefereeMissingError("no node on this machine")
    digest = hashlib.sha256(b"".join((PROJECT / name).read_bytes() for name in FILES))
    ready = CACHE / f"node-{digest.hexdigest()[:16]}"
    if ready.is_dir():
        return ready
    if shutil.which("npm") is None:
        raise RefereeMissingError("no npm on this machine")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock-node").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ready.is_dir():  # another one fetched it while we waited
            return ready
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            fresh = Path(work) / "node"
            fresh.mkdir()
            for name in FILES:
                shutil.copy(PROJECT / name, fresh)
            _npm(fresh)
            fresh.rename(ready)
    return ready


def _npm(folder: Path) -> None:
    try:
        done = subprocess.run(
            INSTALL, cwd=folder, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as e:
        raise RefereeMissingError(f"fetching pdf.js took over {BUILD_LIMIT_S} s") from e
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise RefereeMissingError(f"fetching pdf.js failed: {said[:300]}")


def pdfjs_pages(files: Sequence[str | Path]) -> list[list[Page]]:
    """The pages of each file as pdf.js reads them.

    Raises:
        RefereeMissingError: when pdf.js cannot be had on this machine.
        RuntimeError: when it cannot read a file.
    """
    folder = install()
    done = subprocess.run(
        ["node", "text.mjs"],
        cwd=folder,
        input="".join(f"{Path(file).resolve()}\n" for file in files),
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or len(answers) != len(files):
        raise RuntimeError(f"pdf.js ended with {done.returncode}: {done.stderr[-2000:]}")
    for answer in answers:
        if "error" in answer:
            raise RuntimeError(answer["error"])
    return [
        [
            Page(page["text"], tuple((text, *numbers) for text, *numbers in page["boxes"]))
            for page in answer["pages"]
        ]
        for answer in answers
    ]
