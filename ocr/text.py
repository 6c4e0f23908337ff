"""The words of a page with their places: what recognition hands on."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

WordBox: TypeAlias = tuple[float, float, float, float]
_PX_DIGITS = 2
_CONF_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Args:
        text: composed (NFC), never empty, no white space.
        box: ``(x0, y0, x1, y1)`` in px of the picture the text belongs to.
        conf: the engine's trust, 0 to 1.
        line: number of its line in reading order, from 0, over the whole page.
        block: number of its block, from 0.
        baseline_y: height of the writing line under the word's middle, in px.
    """

    text: str
    box: WordBox
    conf: float
    line: int
    block: int
    baseline_y: float


@dataclass(frozen=True, slots=True)
class PageText:
    """All words of a page in reading order.

    Args:
        words: in the engine's reading order.
        width_px: width of the picture the boxes are measured in.
        height_px: its height.
        engine: identity of the engine that read it.
    """

    words: tuple[Word, ...]
    width_px: int
    height_px: int
    engine: str

    @property
    def text(self) -> str:
        """The words, a space between them, a line break after each line."""
        lines: list[list[str]] = []
        last: int | None = None
        for word in self.words:
            if word.line != last:
                lines.append([])
                last = word.line
            lines[-1].append(word.text)
        return "\n".join(" ".join(line) for line in lines)

    @property
    def mean_confidence(self) -> float:
        """Mean trust over the letters, 0 to 1; 0 when there is no word."""
        letters = sum(len(word.text) for word in self.words)
        if not letters:
            return 0.0
        return round(sum(word.conf * len(word.text) for word in self.words) / letters, _CONF_DIGITS)

    def scaled(self, sx: float, sy: float) -> PageText:
        """Return the same words in px of a picture ``sx`` wider and ``sy`` taller."""
        return replace(
            self,
            words=tuple(_scaled(word, sx, sy) for word in self.words),
            width_px=round(self.width_px * sx),
            height_px=round(self.height_px * sy),
        )

    def to_json(self) -> bytes:
        """Return canonical UTF-8 JSON: equal texts, equal bytes."""
        value = {
            "engine": self.engine,
            "height_px": self.height_px,
            "width_px": self.width_px,
            "words": [[w.text, *w.box, w.conf, w.line, w.block, w.baseline_y] for w in self.words],
        }
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Return the text that :meth:`to_json` wrote.

        Raises:
            ValueError: if ``data`` is not such a text.
        """
        try:
            value = json.loads(data)
            words = tuple(
                Word(
                    str(text),
                    (float(x0), float(y0), float(x1), float(y1)),
                    float(conf),
                    int(line),
                    int(block),
                    float(baseline),
                )
                for text, x0, y0, x1, y1, conf, line, block, baseline in value["words"]
            )
            return cls(words, int(value["width_px"]), int(value["height_px"]), str(value["engine"]))
        except (KeyError, TypeError) as error:
            raise ValueError("not a page text") from error


def _scaled(word: Word, sx: float, sy: float) -> Word:
    x0, y0, x1, y1 = word.box
    return replace(
        word,
        box=(
            round(x0 * sx, _PX_DIGITS),
            round(y0 * sy, _PX_DIGITS),
            round(x1 * sx, _PX_DIGITS),
            round(y1 * sy, _PX_DIGITS),
        ),
        baseline_y=round(word.baseline_y * sy, _PX_DIGITS),
    )


def joined(parts: list[list[Word]]) -> tuple[Word, ...]:
    """Return the words of several parts of one page, lines and blocks numbered through."""
    words: list[Word] = []
    line = block = -1
    for part in parts:
        last: tuple[int, int] | None = None
        for word in part:
            if last is None or word.line != last[0]:
                line += 1
            if last is None or word.block != last[1]:
                block += 1
            last = word.line, word.block
            words.append(replace(word, line=line, block=block))
    return tuple(words)
