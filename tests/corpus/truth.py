"""What is printed on a generated page and how it lies: the truth that readers are measured by."""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of the upright, straight page at its own dpi."""


def nfc(text: str) -> str:
    """Give the text in NFC with single blanks."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


@dataclasses.dataclass(frozen=True, slots=True)
class TruthLine:
    """One printed line (in a table: one line of a cell) and where its ink stands."""

    text: str
    box: Box


@dataclasses.dataclass(frozen=True, slots=True)
class TruthCode:
    """One bar code or matrix code: its format as zxing names it in lower case, and what it says."""

    format: str
    text: str
    box: Box


@dataclasses.dataclass(frozen=True, slots=True)
class TruthMark:
    """Something on the paper that is neither print nor code: `handwriting`, `pencil`, `photo` …"""

    kind: str
    box: Box


@dataclasses.dataclass(frozen=True, slots=True)
class PageTruth:
    """One image file of a generated dossier.

    `skew_deg`: how far the paper lies turned, counter-clockwise positive, quarter turns apart.
    `rotation_deg`: the clockwise turn (0/90/180/270) that makes the image upright.
    `width_px`, `height_px`: of the upright page, which `lines`, `seals`, `signatures` refer to.

    Pages of `make_pages` (see `kinds.py`) know more; the sample dossier leaves it out:
    `dpi` and the boxes are those of the paper as printed, 300 dpi, whatever it was scanned at.
    `scan_dpi`: resolution of the image file, across and down. `paper_quad`: the corners of the
    paper (its own top left first, clockwise) in px of the image file, outside of it where the paper
    is cut. `bed`: `none` when the paper fills the image. `through`: how strongly the other side
    shows, 0 to 1. `partner`: the file of the other side. `defects`: what the scan suffered from.
    """

    file: str
    paper: int
    kind: str
    title: str
    page: int
    label: str | None
    blank: bool
    skew_deg: float
    rotation_deg: int
    dpi: int
    width_px: int
    height_px: int
    lines: tuple[TruthLine, ...]
    seals: tuple[Box, ...] = ()
    signatures: tuple[Box, ...] = ()
    codes: tuple[TruthCode, ...] = ()
    marks: tuple[TruthMark, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    severity: str = ""
    scan_dpi: tuple[float, float] = ()
    paper_mm: tuple[float, float] = ()
    paper_quad: tuple[tuple[float, float], ...] = ()
    bed: str = ""
    colour: str = ""
    through: float = 0.0
    partner: str | None = None
    defects: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """How many words are printed."""
        return sum(len(line.text.split()) for line in self.lines)

    @property
    def texts(self) -> tuple[str, ...]:
        """The printed lines without their boxes, in reading order."""
        return tuple(line.text for line in self.lines)


@dataclasses.dataclass(frozen=True, slots=True)
class SampleTruth:
    """A generated dossier: its seed and its pages in feeder order."""

    seed: int
    pages: tuple[PageTruth, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the image files in feeder order."""
        return tuple(page.file for page in self.pages)

    def page(self, file: str) -> PageTruth:
        """Give the truth of one image file."""
        return next(page for page in self.pages if page.file == file)

    def write(self, path: Path) -> None:
        """Write the truth as JSON, the same bytes for the same truth."""
        value = {"seed": self.seed, "pages": [_plain(page) for page in self.pages]}
        text = json.dumps(value, ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


def load_truth(path: Path) -> SampleTruth:
    """Read a `truth.json` written by `SampleTruth.write`."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return SampleTruth(raw["seed"], tuple(_page(page) for page in raw["pages"]))


def _plain(page: PageTruth) -> dict[str, Any]:
    """Give the page as plain values, without what only pages of `make_pages` know and this lacks."""
    value = dataclasses.asdict(page)
    for field in dataclasses.fields(page):
        if field.name in _MORE and value[field.name] == field.default:
            del value[field.name]
    return value


_MORE = frozenset(
    {
        *("codes", "marks", "fields", "severity", "scan_dpi", "paper_mm", "paper_quad", "bed"),
        *("colour", "through", "partner", "defects"),
    }
)


def _page(raw: dict[str, Any]) -> PageTruth:
    known: dict[str, Any] = {
        "lines": tuple(TruthLine(line["text"], _box(line["box"])) for line in raw["lines"]),
        "seals": tuple(_box(box) for box in raw["seals"]),
        "signatures": tuple(_box(box) for box in raw["signatures"]),
        "codes": tuple(
            TruthCode(code["format"], code["text"], _box(code["box"]))
            for code in raw.get("codes", ())
        ),
        "marks": tuple(TruthMark(mark["kind"], _box(mark["box"])) for mark in raw.get("marks", ())),
        "fields": tuple((name, value) for name, value in raw.get("fields", ())),
        "paper_quad": tuple((x, y) for x, y in raw.get("paper_quad", ())),
    }
    for name in ("scan_dpi", "paper_mm", "defects"):
        known[name] = tuple(raw.get(name, ()))
    return PageTruth(**(raw | known))


def _box(raw: list[int]) -> Box:
    x0, y0, x1, y1 = raw
    return (x0, y0, x1, y1)
