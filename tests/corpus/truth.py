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
class PageTruth:
    """One image file of a generated dossier.

    `skew_deg`: how far the paper lies turned, counter-clockwise positive, quarter turns apart.
    `rotation_deg`: the clockwise turn (0/90/180/270) that makes the image upright.
    `width_px`, `height_px`: of the upright page, which `lines`, `seals`, `signatures` refer to.
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
        text = json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


def load_truth(path: Path) -> SampleTruth:
    """Read a `truth.json` written by `SampleTruth.write`."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return SampleTruth(raw["seed"], tuple(_page(page) for page in raw["pages"]))


def _page(raw: dict[str, Any]) -> PageTruth:
    lines = tuple(TruthLine(line["text"], _box(line["box"])) for line in raw["lines"])
    seals = tuple(_box(box) for box in raw["seals"])
    signatures = tuple(_box(box) for box in raw["signatures"])
    return PageTruth(**(raw | {"lines": lines, "seals": seals, "signatures": signatures}))


def _box(raw: list[int]) -> Box:
    x0, y0, x1, y1 = raw
    return (x0, y0, x1, y1)
