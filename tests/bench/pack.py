"""`pack` beside OCRmyPDF: same pages, same machine, same minute, one OpenMP thread each.

Ours is the command line an office would call. Runs alternate and medians are shown. The peer lowers
its own priority by five, so ours starts that much lower too. We read at 200 dpi, the peer at 300.
What a profile does to the pages is judged by a reader that is none of ours: each page is drawn at
300 dpi by poppler and read by the bare `tesseract` command.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import machine, pack_many, peer
from tests.bench.measure import Spent, spend
from tests.corpus.kinds import KINDS, make_pages
from tests.corpus.metrics import aligned_recall, line_errors
from tests.corpus.sample import SEED, TRUTH_FILE, make_sample
from tests.corpus.truth import SampleTruth, load_truth

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
_COSTS = ("wall_s", "cpu_s", "peak_rss_mb")
_NICE = 5
Corpus = tuple[Path, SampleTruth]


def corpus(options: argparse.Namespace) -> Corpus:
    """Give the pages to measure on: those named, those of the kinds, else the sample of the seed."""
    if options.pages is not None:
        return options.pages, load_truth(options.pages / TRUTH_FILE)
    pages, seed = options.work / "pages", SEED if options.seed is None else options.seed
    if options.kinds is None:
        return pages, make_sample(pages, seed)
    kinds = None if options.kinds == "all" else options.kinds.split(",")
    if kinds is not None and set(kinds) - set(KINDS):
        raise machine.LackingError(f"kinds: {', '.join(KINDS)}")
    severity = options.severity or "office"
    return pages, make_pages(pages, seed, kinds, options.per_kind or 1, severity)


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give absolute figures of both and ours / theirs."""
    if options.many is not None:
        return {"many": pack_many.run(options.work, options.many, options.jobs)}
    programs = peer.environment()
    pages, truth = corpus(options)
    images = [pages / name for name in truth.files]
    source = options.work / "source.pdf"
    peer.join(programs, images, source)
    sides = _commands(options, programs, images, source)
    runs: dict[str, list[Spent]] = {name: [] for name in sides}
    for _ in range(options.repeats):
        for name, argv in sides.items():
            runs[name].append(spend(argv, options.work, nice=0 if _is_peer(name) else _NICE))
    rows = {name: _figures(runs[name], options.work / f"{name}.pdf", truth) for name in sides}
    for name in sides:
        if len(options.profiles.split(",")) > 1 and not _is_peer(name):
            rows[name]["redrawn_cer"] = _redrawn_cer(options.work, name, truth)
    first = next(iter(sides))
    peers = [name for name in sides if _is_peer(name)]
    return {
        "pages": len(images),
        "jobs": options.jobs,
        "repeats": options.repeats,
        "seed": truth.seed,
        "input_bytes_per_page": sum(image.stat().st_size for image in images) / len(images),
        "peer_version": peer.VERSION,
        "commands": {name: " ".join(["ocrmypdf", *sides[name][3:-2]]) for name in peers},
        "sides": rows,
        "ratios": {other: _ratios(runs, rows, first, other) for other in peers},
        "runs": {n: [{k: getattr(s, k) for k in _COSTS} for s in r] for n, r in runs.items()},
        "per_page": _per_page(options.work, first, peers, truth),
        "pack_report": json.loads(runs[first][-1].out),
    }


def _is_peer(name: str) -> bool:
    return name in peer.VARIANTS


def _commands(
    options: argparse.Namespace, programs: Path, images: list[Path], source: Path
) -> dict[str, list[str]]:
    """Give every side's command line by name; its result is NAME.pdf in the work folder."""
    ours: Callable[[str], list[str]] = lambda profile: [  # noqa: E731
        *(sys.executable, str(ROOT / "main.py"), "--home", str(options.work / "home"), "pack"),
        *(*map(str, images), "-o", str(options.work / f"{profile}.pdf")),
        *("--jobs", str(options.jobs), "--profile", profile, "--json"),
    ]
    found = {profile: ours(profile) for profile in options.profiles.split(",")}
    for variant in filter(None, options.variants.split(",")):
        target = options.work / f"{variant}.pdf"
        found[variant] = peer.command(
            programs, source, target, options.jobs, variant, clean=options.clean
        )
    return found


def _ratios(
    runs: dict[str, list[Spent]], rows: dict[str, dict[str, float]], ours: str, theirs: str
) -> dict[str, float]:
    ratios = {
        key: statistics.median(
            getattr(a, key) / getattr(b, key) for a, b in zip(runs[ours], runs[theirs], strict=True)
        )
        for key in _COSTS
    }
    for key in ("line_cer", "aligned_recall"):
        ratios[key] = rows[ours][key] / rows[theirs][key] if rows[theirs][key] else 0.0
    for name, row in rows.items():
        if not _is_peer(name):
            ratios[f"{name}_bytes"] = row["bytes_per_page"] / rows[theirs]["bytes_per_page"]
    return ratios


def _redrawn_cer(work: Path, name: str, truth: SampleTruth) -> float:
    """Give the errors of the bare reader on the pages as the finished file shows them."""
    errors = characters = 0
    for number, page in enumerate(truth.pages, start=1):
        if page.blank:
            continue
        stem = work / "drawn"
        draw = [
            "pdftoppm",
            "-r",
            "300",
            "-png",
            "-singlefile",
            "-f",
            str(number),
            "-l",
            str(number),
        ]
        subprocess.run([*draw, str(work / f"{name}.pdf"), str(stem)], check=True, timeout=120)
        read = ["tesseract", f"{stem}.png", "-", "-l", "vie", "--dpi", "300"]
        text = spend(read, work).out
        e, c = line_errors(page.texts, text)
        errors, characters = errors + e, characters + c
    return errors / characters if characters else 0.0


def _figures(runs: list[Spent], pdf: Path, truth: SampleTruth) -> dict[str, float]:
    figures = {key: statistics.median(getattr(one, key) for one in runs) for key in _COSTS}
    printed = [(i, page.texts) for i, page in enumerate(truth.pages, start=1) if not page.blank]
    texts = [(lines, text_of(pdf, number)) for number, lines in printed]
    errors = [line_errors(lines, text) for lines, text in texts]
    weights = [sum(map(len, lines)) for lines, _ in texts]
    recalls = [aligned_recall(lines, text) for lines, text in texts]
    return {
        **figures,
        "cpu_s_per_page": figures["cpu_s"] / len(truth.pages),
        "bytes_per_page": pdf.stat().st_size / len(truth.pages),
        "line_cer": sum(e for e, _ in errors) / sum(c for _, c in errors),
        "aligned_recall": sum(r * w for r, w in zip(recalls, weights, strict=True)) / sum(weights),
    }


def text_of(pdf: Path, page: int) -> str:
    """Give the text of one page in the order of its content stream."""
    argv = ["pdftotext", "-raw", "-f", str(page), "-l", str(page), str(pdf), "-"]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout


def _per_page(
    work: Path, ours: str, peers: list[str], truth: SampleTruth
) -> list[dict[str, object]]:
    rows = []
    for number, page in enumerate(truth.pages, start=1):
        row: dict[str, object] = {
            "file": page.file,
            "kind": page.kind,
            "skew_deg": page.skew_deg,
            "rotation_deg": page.rotation_deg,
        }
        for name in (ours, *peers):
            e, c = line_errors(page.texts, text_of(work / f"{name}.pdf", number))
            row[name] = e / c if c else None
        rows.append(row)
    return rows


_ROWS = (
    ("wall_s", "wall time, s", "{:.1f}"),
    ("cpu_s", "processor time, s", "{:.1f}"),
    ("cpu_s_per_page", "processor time a page, s", "{:.2f}"),
    ("peak_rss_mb", "largest process, MB", "{:.0f}"),
    ("bytes_per_page", "bytes per page", "{:,.0f}"),
    ("line_cer", "character errors in printed lines", "{:.2%}"),
    ("aligned_recall", "printed characters found", "{:.2%}"),
    ("redrawn_cer", "errors of bare Tesseract on the pages as drawn", "{:.2%}"),
)


def table(result: dict[str, object]) -> str:
    """Give the figures as Markdown."""
    if "many" in result:
        return pack_many.table(result["many"], machine.line(result["machine"]))
    sides, peers = result["sides"], list(result["ratios"])
    rows = [
        f"{machine.line(result['machine'])}.",
        "",
        (
            f"{result['pages']} pages (seed {result['seed']}), {result['jobs']} jobs, medians of "
            f"{result['repeats']} alternating runs. OCRmyPDF {result['peer_version']}; it reads at "
            "300 dpi, we at 200."
        ),
        *(f"{name}: `{command}`." for name, command in result["commands"].items()),
        "",
        "| | " + " | ".join(sides) + " |",
        "|---|" + "---:|" * len(sides),
    ]
    rows += [
        f"| {title} | "
        + " | ".join(form.format(row[key]) if key in row else "" for row in sides.values())
        + " |"
        for key, title, form in _ROWS
        if any(key in row for row in sides.values())
    ]
    if peers:
        keys = list(next(iter(result["ratios"].values())))
        rows += ["", "| ours / peer | " + " | ".join(peers) + " |", "|---|" + "---:|" * len(peers)]
        rows += [
            f"| {key} | " + " | ".join(f"{result['ratios'][p][key]:.3f}" for p in peers) + " |"
            for key in keys
        ]
    return "\n".join([*rows, "", *_page_table(result["per_page"])])


def _page_table(pages: list[dict[str, object]]) -> list[str]:
    sides = [key for key in pages[0] if key not in {"file", "kind", "skew_deg", "rotation_deg"}]
    rows = ["| page | lies | " + " | ".join(sides) + " |", "|---|---|" + "---:|" * len(sides)]
    for page in pages:
        cells = ("blank" if page[k] is None else f"{page[k]:.2%}" for k in sides)
        turned = f", turned {page['rotation_deg']}" if page["rotation_deg"] else ""
        rows.append(f"| {page['file']} | {page['skew_deg']:+.2f}°{turned} | {' | '.join(cells)} |")
    return rows
