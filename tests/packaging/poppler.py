"""Poppler's programs as counterparts: what another reader sees in our files."""

from __future__ import annotations

import html
import io
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

_WORD = re.compile(
    r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>'
)
_SIZE = re.compile(r"^Page +\d+ size: +([\d.]+) x ([\d.]+) pts", re.MULTILINE)
_PAGE = re.compile(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Found:
    """A word as pdftotext finds it, in pt from the upper left corner."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


def _run(program: str, pdf: bytes, *arguments: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "in.pdf"
        file.write_bytes(pdf)
        done = subprocess.run(
            [program, *(str(file) if each == "FILE" else each for each in arguments)],
            capture_output=True,
            check=True,
            timeout=120,
        )
        said = done.stderr.replace(b"no word list\n", b"")  # of a page without words
        assert not said, said
        return done.stdout


def raw_text(pdf: bytes) -> str:
    """The text in the order of the content, pages parted by form feeds."""
    return _run("pdftotext", pdf, "-raw", "FILE", "-").decode()


def layout_text(pdf: bytes) -> str:
    """The text in the order that poppler thinks a person reads."""
    return _run("pdftotext", pdf, "FILE", "-").decode()


def words(pdf: bytes) -> list[list[Found]]:
    """The words of each page."""
    report = _run("pdftotext", pdf, "-bbox", "FILE", "-").decode()
    return [
        [Found(html.unescape(text), *map(float, box)) for *box, text in _WORD.findall(page)]
        for _, _, page in _PAGE.findall(report)
    ]


def page_sizes(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of each page in pt."""
    report = _run("pdfinfo", pdf, "-f", "1", "-l", "-1", "FILE").decode()
    return [(float(w), float(h)) for w, h in _SIZE.findall(report)]


def render(pdf: bytes, page: int, dpi: int) -> Image.Image:
    """One page, counted from 1, as pdftoppm draws it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "in.pdf"
        file.write_bytes(pdf)
        command = ["pdftoppm", "-r", str(dpi), "-f", str(page), "-l", str(page), str(file)]
        done = subprocess.run(command, capture_output=True, check=True, timeout=120)
        assert not done.stderr, done.stderr
    return Image.open(io.BytesIO(done.stdout)).convert("RGB")
