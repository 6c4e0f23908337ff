"""A sheet being printed: text, justified paragraphs, dotted forms, tables, and their truth."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal

from PIL import Image, ImageDraw

from tests.corpus.fonts import font
from tests.corpus.truth import Box, TruthCode, TruthLine, TruthMark, nfc

if TYPE_CHECKING:
    from collections.abc import Sequence

DPI = 300
WIDTH_PX, HEIGHT_PX = 2480, 3508
BLACK = (30, 29, 32)
TYPED_BLUE = (38, 44, 120)
Align = Literal["left", "centre", "right"]
Leader = Literal["fine", "period"]


def mm(value: float) -> int:
    """Millimetres on paper as pixels at 300 dpi."""
    return round(value * DPI / 25.4)


@functools.lru_cache(maxsize=20_000)
def _length(family: str, style: str, size_px: int, text: str) -> float:
    return font(family, style, size_px).getlength(text)


class Sheet:
    """A white page (A4 unless told) at 300 dpi with a cursor that moves down.

    Everything printed is recorded.
    """

    def __init__(
        self,
        family: str = "Tinos",
        size_pt: float = 13,
        *,
        margins_mm: tuple[float, float, float] = (20, 30, 18),
        leading: float = 1.28,
        size_mm: tuple[float, float] | None = None,
    ) -> None:
        top, left, right = margins_mm
        self.family, self.size_pt, self.leading = family, size_pt, leading
        self.width_px, self.height_px = (
            (WIDTH_PX, HEIGHT_PX) if size_mm is None else (mm(size_mm[0]), mm(size_mm[1]))
        )
        self.left, self.right = mm(left), self.width_px - mm(right)
        self.y = mm(top)
        self.foot = mm(8)
        self.image = Image.new("RGB", (self.width_px, self.height_px), "white")
        self.draw = ImageDraw.Draw(self.image)
        self.lines: list[TruthLine] = []
        self.seals: list[Box] = []
        self.signatures: list[Box] = []
        self.codes: list[TruthCode] = []
        self.marks: list[TruthMark] = []
        self.fields: dict[str, str] = {}

    # -- single lines ------------------------------------------------------------------------

    def pitch(self, size_pt: float | None = None) -> int:
        """Distance of two baselines in pixels."""
        return round((size_pt or self.size_pt) * DPI / 72 * self.leading)

    def width(self, text: str, style: str = "Regular", size_pt: float | None = None) -> float:
        """Width of a text in pixels."""
        return _length(self.family, style, self._px(size_pt), text)

    def _px(self, size_pt: float | None) -> int:
        return round((size_pt or self.size_pt) * DPI / 72)

    def put(
        self,
        words: Sequence[tuple[float, str]],
        baseline: int,
        style: str = "Regular",
        size_pt: float | None = None,
        ink: tuple[int, int, int] = BLACK,
    ) -> Box:
        """Print words at their x on one baseline and give the box of the ink; nothing recorded."""
        if baseline > self.height_px - self.foot:
            raise ValueError(f"the page is full before {words[0][1]!r}")
        face = font(self.family, style, self._px(size_pt))
        boxes = []
        for x, word in words:
            self.draw.text((round(x), baseline), word, font=face, fill=ink, anchor="ls")
            boxes.append(self.draw.textbbox((round(x), baseline), word, font=face, anchor="ls"))
        x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
        return (int(min(x0s)), int(min(y0s)), int(max(x1s)), int(max(y1s)))

    def record(self, text: str, *boxes: Box) -> None:
        """Add one printed line to the truth."""
        x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
        self.lines.append(TruthLine(nfc(text), (min(x0s), min(y0s), max(x1s), max(y1s))))

    def line(
        self,
        text: str,
        align: Align = "left",
        style: str = "Regular",
        size_pt: float | None = None,
        span: tuple[int, int] | None = None,
    ) -> Box:
        """Print and record one line between `span` (default: the margins); the cursor moves on."""
        x0, x1 = span or (self.left, self.right)
        width = self.width(text, style, size_pt)
        if width > x1 - x0 + 2:
            raise ValueError(f"line too wide for its place: {text!r}")
        x = {"left": x0, "centre": (x0 + x1 - width) / 2, "right": x1 - width}[align]
        self.y += self.pitch(size_pt)
        box = self.put([(x, text)], self.y, style, size_pt)
        self.record(text, box)
        return box

    def inked(self) -> list[Box]:
        """Give the boxes of everything that a reader is asked for."""
        boxes = [line.box for line in self.lines] + [code.box for code in self.codes]
        return boxes + self.seals + self.signatures

    def gap(self, height_mm: float) -> None:
        """Leave white space."""
        self.y += mm(height_mm)

    def rule(self, x0: float, x1: float, y: float, thick: int = 3) -> None:
        """Draw a horizontal rule."""
        self.draw.rectangle((round(x0), round(y), round(x1), round(y) + thick - 1), fill=BLACK)

    # -- paragraphs --------------------------------------------------------------------------

    def wrap(self, text: str, width_px: float, style: str, size_pt: float | None) -> list[str]:
        """Break a text into lines no wider than `width_px`."""
        lines: list[str] = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.width(longer, style, size_pt) <= width_px:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def paragraph(
        self,
        text: str,
        style: str = "Regular",
        size_pt: float | None = None,
        *,
        indent_mm: float = 10,
        after_mm: float = 1.4,
    ) -> None:
        """Print a justified paragraph with an indented first line."""
        indent = mm(indent_mm)
        # The indent is a blank word of that width, so that wrapping needs no second rule.
        words = text.split()
        x, row = self.left + indent, list[str]()
        rows: list[tuple[int, list[str]]] = []
        for word in words:
            if row and x + self.width(" ".join([*row, word]), style, size_pt) > self.right:
                rows.append((x, row))
                x, row = self.left, []
            row.append(word)
        for start, full in rows:
            self.justified(start, full, style, size_pt)
        self.line(" ".join(row), "left", style, size_pt, (x, self.right + 4))
        self.gap(after_mm)

    def justified(
        self, x: int, words: Sequence[str], style: str = "Regular", size_pt: float | None = None
    ) -> None:
        """Print and record one full line from `x` to the right margin; the cursor moves on."""
        widths = [self.width(word, style, size_pt) for word in words]
        space = (self.right - x - sum(widths)) / max(len(words) - 1, 1)
        places, at = [], float(x)
        for word, width in zip(words, widths, strict=True):
            places.append((at, word))
            at += width + space
        self.y += self.pitch(size_pt)
        self.record(" ".join(words), self.put(places, self.y, style, size_pt))

    # -- forms and tables --------------------------------------------------------------------

    def dotted(self, label: str, value: str, leader: Leader = "fine") -> None:
        """Print a form line: a label, then a value typed in blue over dots that reach the margin.

        `fine` dots are a faint dotted rule under the value, `period` are full stops after it, as
        old word-processor forms have them: far harder to read, for they join the words.
        """
        x1 = self.right
        self.y += self.pitch() + mm(2)
        boxes = [self.put([(self.left, label)], self.y)]
        start = self.left + self.width(label + " ")
        if value:
            at = start + (mm(1.5) if leader == "fine" else 0)
            boxes.append(self.put([(at, value)], self.y - 2, ink=TYPED_BLUE))
            if boxes[-1][2] > x1:
                raise ValueError(f"value too wide for its line: {value!r}")
        self.record(f"{label} {value}", *boxes)
        if leader == "period":
            start = boxes[-1][2] + 8
            self.put([(start, "." * int((x1 - start) / self.width(".")))], self.y)
            return
        for x in range(round(start), x1, 10):
            self.draw.ellipse((x, self.y + 12, x + 2, self.y + 14), fill=(120, 120, 122))

    def table_row(
        self,
        cells: Sequence[str],
        widths_mm: Sequence[float],
        aligns: Sequence[Align],
        style: str = "Regular",
        size_pt: float | None = None,
    ) -> None:
        """Print one ruled row; cells wrap, each line of a cell is a line of the truth."""
        pad, pitch = mm(1.5), self.pitch(size_pt)
        xs = [self.left]
        for width in widths_mm:
            xs.append(xs[-1] + mm(width))
        wrapped = [
            self.wrap(cell, xs[i + 1] - xs[i] - 2 * pad, style, size_pt)
            for i, cell in enumerate(cells)
        ]
        top = self.y
        bottom = top + max(len(lines) for lines in wrapped) * pitch + 3 * pad
        for i, lines in enumerate(wrapped):
            self.y = top + pad
            for text in lines:
                self.line(text, aligns[i], style, size_pt, (xs[i] + pad, xs[i + 1] - pad))
        for x in xs:
            self.draw.rectangle((x, top, x + 2, bottom), fill=BLACK)
        self.rule(xs[0], xs[-1], top)
        self.rule(xs[0], xs[-1] + 2, bottom)
        self.y = bottom
