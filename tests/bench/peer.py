"""OCRmyPDF in an environment of its own, made once under `.cache/bench`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.machine import LackingError

VERSION = "17.13.0"
_PLACE = Path(__file__).resolve().parents[2] / ".cache" / "bench" / f"ocrmypdf-{VERSION}"


def environment() -> Path:
    """Give the folder of the peer's programs, installing them at first use.

    Raises:
        LackingError: a program or the network is missing.
    """
    for program, package in (("tesseract", "tesseract-ocr-vie"), ("pdftotext", "poppler-utils")):
        _need(program, package)
    programs = _PLACE / "bin"
    if not (programs / "ocrmypdf").exists():
        # Built beside and renamed: an interrupted installation must not look finished. The
        # programs are started through the interpreter, for scripts remember where they were made.
        part = _PLACE.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(part)])
        _run([str(part / "bin" / "python"), "-m", "pip", "install", "-q", f"ocrmypdf=={VERSION}"])
        part.rename(_PLACE)
    return programs


VARIANTS = ("plain", "O1", "O3")


def command(
    programs: Path,
    source: Path,
    target: Path,
    jobs: int,
    variant: str = "O1",
    *,
    clean: bool = False,
) -> list[str]:
    """Give the peer's command line.

    Its `auto` backend for PDF/A writes the file itself and keeps Ghostscript for the case that the
    result does not hold; without Ghostscript it will not start, so it is told to do without.

    Args:
        programs: the folder of `environment`.
        source: the PDF to read.
        target: the PDF to make.
        jobs: pages at once.
        variant: `plain` reads and changes nothing (`-O0`); `O1` and `O3` deskew, turn and optimise.
        clean: whether `unpaper` cleans the copy that is read; not for `plain`.

    Raises:
        LackingError: a program that the variant calls is missing.
    """
    options = ["-l", "vie"]
    if variant == "plain":
        options += ["-O0"]
    else:
        options += ["--deskew", "--rotate-pages"]
        if clean:
            _need("unpaper", "unpaper")
            options += ["--clean"]
        if variant == "O3":
            _need("pngquant", "pngquant")
        options += [f"-{variant}"]
    options += ["--output-type", "pdfa-2"]
    if shutil.which("gs") is None:
        options += ["--pdfa-backend", "internal"]
    python = str(programs / "python")
    return [python, "-m", "ocrmypdf", *options, "--jobs", str(jobs), str(source), str(target)]


def _need(program: str, package: str) -> None:
    if shutil.which(program) is None:
        raise LackingError(f"{program} not found: apt-get install {package}")


def join(programs: Path, images: list[Path], target: Path) -> None:
    """Make the peer's input: the same JPEGs in a PDF, byte for byte."""
    _run([str(programs / "python"), "-m", "img2pdf", *map(str, images), "-o", str(target)])


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise LackingError(f"{' '.join(argv[:4])} … failed: {done.stderr.strip()[-400:]}")
