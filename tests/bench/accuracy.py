"""How right pages are read, kind by kind: scans of `tests.corpus.kinds` against what is on them.

Beside each stands bare Tesseract on the same print without any scanning: what no cleaning can beat.
"""

from __future__ import annotations

import heapq
import multiprocessing
import os
import statistics
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.bench import machine
from tests.bench.accuracy_page import ENOUGH_WORDS, Score, judge
from tests.corpus.kinds import HELD_OUT_FROM, KINDS, iter_pages

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ocr.clean import CleanPage
    from ocr.image import PageImage

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "accuracy.md"
SEED = HELD_OUT_FROM + 401
WORST = 10
_NOT_PRINTED = frozenset(
    {"card", "card_back", "blank", "faint_stamp", "pencil_note", "signature_only", "separator"}
)
_SHORT_PX, _TALL_PX = 300, 420


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give figures per kind, over all, and the worst pages."""
    os.environ["OMP_THREAD_LIMIT"] = "1"  # before Tesseract is loaded, or it is too late
    kinds = list(KINDS) if options.kinds in {None, "all"} else options.kinds.split(",")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise machine.LackingError(f"no such kind: {', '.join(unknown)}")
    seed = SEED if options.seed is None else options.seed
    count, severity = options.per_kind or 1, options.severity or "office"
    work = partial(_kind, seed=seed, count=count, severity=severity, work=options.work)
    scores: list[Score] = []
    worst: list[tuple[float, str, bytes]] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(1, options.jobs), mp_context=spawn) as pool:
        for some, pictures in pool.map(work, kinds):
            scores += some
            worst = heapq.nlargest(WORST, worst + pictures)
            print(f"{some[0].kind}: {len(some)} pages", file=sys.stderr, flush=True)
    if options.worst is not None:
        options.worst.mkdir(parents=True, exist_ok=True)
        for _, file, picture in worst:
            (options.worst / f"{Path(file).stem}.jpg").write_bytes(picture)
    return {
        "seed": seed,
        "severity": severity,
        "per_kind": count,
        "engine": subprocess.run(
            ["tesseract", "--version"], capture_output=True, text=True, check=False
        ).stdout.splitlines()[0],
        "kinds": [
            {"kind": kind, **figures([s for s in scores if s.kind == kind])} for kind in kinds
        ],
        "printed": figures([s for s in scores if s.kind not in _NOT_PRINTED]),
        "all": figures(scores),
        "fields": _fields(scores),
        "codes": _codes(scores),
        "worst": [
            {"file": s.file, "error_rate": s.error_rate, "trouble": trouble(s)}
            for s in sorted(scores, key=_badness, reverse=True)[:WORST]
        ],
    }


def _kind(
    kind: str, *, seed: int, count: int, severity: str, work: Path
) -> tuple[list[Score], list[tuple[float, str, bytes]]]:
    """Judge the pages of one kind, one at a time; give the worst as pictures too."""
    cv2.setNumThreads(1)
    from ocr.engine import open_engine

    scores: list[Score] = []
    worst: list[tuple[float, str, bytes]] = []
    own = work / kind
    own.mkdir()
    engine = open_engine("api")
    try:
        scans = iter_pages(seed, [kind], count, severity)
        prints = iter_pages(seed, [kind], count, undistorted=True)
        for (truth, data), (_, flawless) in zip(scans, prints, strict=True):
            score, image, cleaned = judge(truth, data, flawless, engine, own)
            scores.append(score)
            picture = (_badness(score), truth.file, beside(image, cleaned))
            worst = heapq.nlargest(WORST, [*worst, picture])
    finally:
        engine.close()
    return scores, worst


def figures(scores: Sequence[Score]) -> dict[str, float | int | None]:
    """Give the sums and shares over some pages."""
    characters = sum(s.characters for s in scores)
    digits = sum(s.figures for s in scores)
    skews = [s.skew_deg for s in scores if s.skew_deg is not None]
    crops = [s.crop_mm for s in scores if s.crop_mm is not None]
    worded = [s for s in scores if s.words >= ENOUGH_WORDS]
    bare_cpu = [s.bare_cpu_s for s in scores if s.characters]
    return {
        "pages": len(scores),
        "characters": characters,
        "errors": sum(s.errors for s in scores) / characters if characters else None,
        "bare_errors": sum(s.bare_errors for s in scores) / characters if characters else None,
        "figures": digits,
        "figures_wrong": sum(s.figures_wrong for s in scores) / digits if digits else None,
        "bare_figures_wrong": (
            sum(s.bare_figures_wrong for s in scores) / digits if digits else None
        ),
        "skew_median_deg": statistics.median(skews) if skews else None,
        "skew_max_deg": max(skews) if skews else None,
        "abstained": sum(s.abstained for s in worded),
        "turned_wrong": sum(s.turned_wrong for s in worded),
        "worded": len(worded),
        "blank_missed": sum(s.blank and not s.called_blank for s in scores),
        "called_blank": sum(s.called_blank and not s.blank for s in scores),
        "uncut": sum(s.on_bed and s.crop_mm is None for s in scores),
        "crop_median_mm": statistics.median(crops) if crops else None,
        "crop_max_mm": max(crops) if crops else None,
        "cpu_s": statistics.mean(s.cpu_s for s in scores),
        "bare_cpu_s": statistics.mean(bare_cpu) if bare_cpu else None,
    }


def trouble(score: Score) -> str:
    """Name what went wrong on a page besides letters."""
    found = []
    if score.words >= ENOUGH_WORDS and score.turned_wrong:
        found.append("turned wrong")
    if score.skew_deg is not None and score.skew_deg > 0.15:
        found.append(f"skew off by {score.skew_deg:.2f}°")
    if score.abstained and score.words >= ENOUGH_WORDS:
        found.append("skew not judged")
    if score.crop_mm is not None and score.crop_mm > 1:
        found.append(f"cut off by {score.crop_mm:.1f} mm")
    if score.blank != score.called_blank:
        found.append("called blank" if score.called_blank else "not called blank")
    found += [f"{kind} not read" for kind, hit in score.codes if not hit]
    return ", ".join(found)


def _badness(score: Score) -> float:
    return score.error_rate + 0.02 * len(trouble(score).split(", ")) * bool(trouble(score))


def _fields(scores: Sequence[Score]) -> list[dict[str, object]]:
    names = sorted({name for s in scores for name, _ in s.fields})
    rows = []
    for name in names:
        said = [verdict for s in scores for one, verdict in s.fields if one == name]
        counts = {verdict: said.count(verdict) for verdict in ("hit", "wrong", "missed")}
        rows.append({"field": name, "asked": len(said), **counts})
    return rows


def _codes(scores: Sequence[Score]) -> list[dict[str, object]]:
    rows = []
    for kind in sorted({kind for s in scores for kind, _ in s.codes}):
        said = [hit for s in scores for one, hit in s.codes if one == kind]
        rows.append({"code": kind, "asked": len(said), "read": sum(said)})
    false = sum(s.false_codes for s in scores)
    return [*rows, {"code": "none such printed", "asked": 0, "read": false}]


def beside(image: PageImage, cleaned: CleanPage) -> bytes:
    """Give the scan and the cleaned page beside each other as a small JPEG."""
    g = cleaned.geometry
    size = (g.width_px, g.height_px)
    pixels = image.pixels if image.pixels.ndim == 3 else cv2.cvtColor(image.pixels, 8)
    shown = cv2.warpPerspective(pixels, g.array(), size, flags=cv2.INTER_AREA)
    both = [_small(pixels), _small(shown)]
    tall = max(one.shape[0] for one in both)
    padded = [
        cv2.copyMakeBorder(one, 0, tall - one.shape[0], 6, 6, cv2.BORDER_CONSTANT, value=(160,) * 3)
        for one in both
    ]
    _, data = cv2.imencode(".jpg", np.hstack(padded), [cv2.IMWRITE_JPEG_QUALITY, 72])
    return data.tobytes()


def _small(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    scale = min(_SHORT_PX / width, _TALL_PX / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def table(result: dict[str, object]) -> str:
    """Give the figures as Markdown."""
    rows = [
        f"{machine.line(result['machine'])}; {result['engine']} with the model `vie`.",
        "",
        (
            f"Severity `{result['severity']}`, seed {result['seed']}, {result['per_kind']} sets of "
            f"each kind. *bare*: the command `tesseract`, 300 dpi, one thread, on the flawless print."
        ),
        "",
        (
            "| kind | pages | errors | bare | figures wrong | bare | skew, median / max ° | not judged | "
            "turned wrong | blank missed | called blank | cut, median / max mm | not cut | CPU s | bare |"
        ),
        "|---|" + "---:|" * 14,
    ]
    rows += [_row(one["kind"], one) for one in result["kinds"]]
    rows += [_row("**printed kinds**", result["printed"]), _row("**all**", result["all"])]
    rows += ["", "| field | asked | hit | wrong | missed |", "|---|---:|---:|---:|---:|"]
    rows += [
        f"| `{f['field']}` | {f['asked']} | {f['hit']} | {f['wrong']} | {f['missed']} |"
        for f in result["fields"]
    ]
    rows += ["", "| code | printed | read |", "|---|---:|---:|"]
    rows += [f"| {c['code']} | {c['asked']} | {c['read']} |" for c in result["codes"]]
    rows += ["", "| worst pages | errors | what else |", "|---|---:|---|"]
    rows += [f"| {w['file']} | {w['error_rate']:.1%} | {w['trouble']} |" for w in result["worst"]]
    return "\n".join(rows)


def _row(name: str, f: dict[str, float | int | None]) -> str:
    def cell(key: str, form: str) -> str:
        return "–" if f[key] is None else form.format(f[key])

    cells = (
        *(str(f["pages"]), cell("errors", "{:.2%}"), cell("bare_errors", "{:.2%}")),
        *(cell("figures_wrong", "{:.1%}"), cell("bare_figures_wrong", "{:.1%}")),
        f"{cell('skew_median_deg', '{:.3f}')} / {cell('skew_max_deg', '{:.2f}')}",
        *(str(f["abstained"]), str(f["turned_wrong"])),
        *(str(f["blank_missed"]), str(f["called_blank"])),
        f"{cell('crop_median_mm', '{:.2f}')} / {cell('crop_max_mm', '{:.1f}')}",
        *(str(f["uncut"]), cell("cpu_s", "{:.2f}"), cell("bare_cpu_s", "{:.2f}")),
    )
    return f"| {name} | {' | '.join(cells)} |"


__all__ = ["DOCUMENT", "figures", "run", "table"]
