"""One invented page judged: what reading it cost, and where it differs from what is on it."""

from __future__ import annotations

import dataclasses
import os
import re
import resource
import subprocess
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from tests.corpus.metrics import line_errors

if TYPE_CHECKING:
    from pathlib import Path

    from ocr.clean import CleanPage
    from ocr.engine import OcrEngine
    from ocr.findings import PageReading
    from ocr.geometry import Geometry
    from ocr.image import PageImage
    from tests.corpus.truth import PageTruth

ENOUGH_WORDS = 10
_FIGURES = re.compile(r"[^\s,;:()]*\d[^\s,;:()]*")
_ABSTAINED = ("skew.unclear", "skew.too_little_ink")


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """What came out of one page.

    `crop_mm`: the farthest corner of the displayed page from that of the paper; None where there is
    no bed or nothing was cut. `skew_deg`: error, None where the estimator abstained or the side is
    blank. `fields`: name, and `hit`, `wrong` or `missed`.
    """

    kind: str
    file: str
    words: int
    characters: int
    errors: int
    bare_errors: int
    figures: int
    figures_wrong: int
    bare_figures_wrong: int
    skew_deg: float | None
    abstained: bool
    turned_wrong: bool
    blank: bool
    called_blank: bool
    on_bed: bool
    crop_mm: float | None
    codes: tuple[tuple[str, bool], ...]
    false_codes: int
    fields: tuple[tuple[str, str], ...]
    cpu_s: float
    bare_cpu_s: float

    @property
    def error_rate(self) -> float:
        """Wrong characters of printed ones."""
        return self.errors / self.characters if self.characters else 0.0


def judge(
    truth: PageTruth, data: bytes, flawless: bytes, engine: OcrEngine, work: Path
) -> tuple[Score, PageImage, CleanPage]:
    """Read one scan with our code and its flawless print with bare Tesseract, and compare."""
    from ocr.clean import clean
    from ocr.decode import decode
    from ocr.page import recognise

    start = cpu_s()
    image, _ = decode(data)
    cleaned = clean(image, osd=engine)
    reading = recognise(image, cleaned, engine)
    ours_s = cpu_s() - start
    bare, bare_s = bare_text(flawless, work) if truth.lines else ("", 0.0)
    text, facts = reading.text.text, cleaned.facts
    errors, characters = line_errors(truth.texts, text)
    figures = [f for line in truth.texts for f in _figures(line)]
    abstained = any(reason in facts.reasons for reason in _ABSTAINED)
    turned = (facts.rotation_deg - truth.rotation_deg) % 360 != 0
    on_bed = truth.bed != "none"
    cut = on_bed and cleaned.geometry.crop is not None
    codes, false_codes = _codes(truth, reading)
    acted = bool(truth.lines) and not abstained and not turned
    score = Score(
        kind=truth.kind,
        file=truth.file,
        words=truth.words,
        characters=characters,
        errors=errors,
        bare_errors=line_errors(truth.texts, bare)[0],
        figures=len(figures),
        figures_wrong=_lost(figures, text),
        bare_figures_wrong=_lost(figures, bare),
        skew_deg=abs(facts.skew_deg - truth.skew_deg) if acted else None,
        abstained=abstained,
        turned_wrong=turned,
        blank=truth.blank,
        called_blank=facts.blank,
        on_bed=on_bed,
        crop_mm=crop_error_mm(cleaned.geometry, truth) if cut else None,
        codes=codes,
        false_codes=false_codes,
        fields=_fields(truth, reading),
        cpu_s=ours_s,
        bare_cpu_s=bare_s,
    )
    return score, image, cleaned


def cpu_s() -> float:
    """Give the processor time of this process and its ended children."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, who))


def bare_text(png: bytes, work: Path) -> tuple[str, float]:
    """Read a picture with the command `tesseract` and nothing else; give the text and CPU seconds."""
    path = work / "bare.png"
    path.write_bytes(png)
    start = cpu_s()
    done = subprocess.run(
        ["tesseract", str(path), "-", "-l", "vie", "--dpi", "300"],
        capture_output=True,
        check=True,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        timeout=300,
    )
    return done.stdout.decode("utf-8", errors="replace"), cpu_s() - start


def crop_error_mm(geometry: Geometry, truth: PageTruth) -> float:
    """Give how far the farthest corner of the displayed page lies from a corner of the paper."""
    corners = np.array(
        [
            (0, 0, 1),
            (geometry.width_px, 0, 1),
            (geometry.width_px, geometry.height_px, 1),
            (0, geometry.height_px, 1),
        ],
        float,
    )
    placed = corners @ np.linalg.inv(geometry.array()).T
    found = placed[:, :2] / placed[:, 2:]
    paper = np.array(truth.paper_quad)
    mm = 25.4 / np.array(truth.scan_dpi)
    # Whichever way up it is displayed: that is judged apart.
    return float(
        min(np.hypot(*((np.roll(found, turn, axis=0) - paper) * mm).T).max() for turn in range(4))
    )


def _figures(line: str) -> list[str]:
    return [f.strip(".,-/|“”%") for f in _FIGURES.findall(line) if any(c.isdigit() for c in f)]


def _lost(figures: list[str], text: str) -> int:
    """Count the printed figures, dates and numbers that do not stand in the text letter by letter."""
    text = unicodedata.normalize("NFC", text)
    tokens = [f for line in text.splitlines() for f in _figures(line)]
    compact = "".join(text.split())
    lost = 0
    for figure in sorted(figures, key=len, reverse=True):
        if figure in tokens:
            tokens.remove(figure)
        elif len(figure) < 6 or figure not in compact:  # a long one may have been spaced out
            lost += 1
    return lost


def _codes(truth: PageTruth, reading: PageReading) -> tuple[tuple[tuple[str, bool], ...], int]:
    found = [code.text for code in reading.codes]
    wanted = [code for code in truth.codes if code.format != "mrz"]
    hits = [(code.format, code.text in found) for code in wanted]
    number = dict(truth.fields).get("identity_number")
    for code in truth.codes:
        if code.format == "mrz":
            read = [f.value for f in reading.fields if f.rule.startswith("mrz")]
            hits.append(("mrz", number in read))
    texts = {code.text for code in wanted}
    return tuple(hits), sum(text not in texts for text in found)


def _fields(truth: PageTruth, reading: PageReading) -> tuple[tuple[str, str], ...]:
    judged = []
    for name, value in truth.fields:
        guesses = [_plain(f.value) for f in reading.fields if f.name == name]
        if not guesses:
            judged.append((name, "missed"))
        else:
            judged.append((name, "hit" if _plain(value) in guesses else "wrong"))
    return tuple(judged)


def _plain(value: str) -> str:
    folded = " ".join(unicodedata.normalize("NFC", value).casefold().split())
    return folded.strip(" .,;:")
