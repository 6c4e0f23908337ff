"""`pack` beside OCRmyPDF: same pages, same machine, same minute, one OpenMP thread each.

Ours is the command line an office would call. Runs alternate and medians are shown. The peer lowers
its own priority by five, so ours starts that much lower too. We read at 200 dpi, the peer at 300.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import machine, peer
from tests.bench.measure import Spent, spend
from tests.corpus.metrics import aligned_recall, line_errors
from tests.corpus.sample import SEED, TRUTH_FILE, make_sample
from tests.corpus.truth import SampleTruth, load_truth

if TYPE_CHECKING:
    import argparse

ROOT = Path(__file__).resolve().parents[2]
_COSTS = ("wall_s", "cpu_s", "peak_rss_mb")
_NICE = 5


def corpus(options: argparse.Namespace) -> tuple[Path, SampleTruth]:
    """Give the pages to measure on: those named, else the sample of the seed."""
    if options.pages is not None:
        return options.pages, load_truth(options.pages / TRUTH_FILE)
    pages = options.work / "pages"
    return pages, make_sample(pages, SEED if options.seed is None else options.seed)


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give absolute figures of both and ours / theirs."""
    programs = peer.environment()
    pages, truth = corpus(options)
    images = [pages / name for name in truth.files]
    source, ours, theirs = (options.work / f"{n}.pdf" for n in ("source", "ours", "theirs"))
    peer.join(programs, images, source)
    our_argv = [
        *(sys.executable, str(ROOT / "main.py"), "--home", str(options.work / "home"), "pack"),
        *(*map(str, images), "-o", str(ours), "--jobs", str(options.jobs), "--json"),
    ]
    their_argv = peer.command(programs, source, theirs, options.jobs)
    runs: dict[str, list[Spent]] = {"ours": [], "peer": []}
    for _ in range(options.repeats):
        runs["ours"].append(spend(our_argv, options.work, nice=_NICE))
        runs["peer"].append(spend(their_argv, options.work))
    sides = {
        name: _figures(runs[name], pdf, truth) for name, pdf in (("ours", ours), ("peer", theirs))
    }
    ratios = {
        key: statistics.median(
            getattr(a, key) / getattr(b, key)
            for a, b in zip(runs["ours"], runs["peer"], strict=True)
        )
        for key in _COSTS
    }
    for key in ("bytes_per_page", "line_cer", "aligned_recall"):
        ratios[key] = sides["ours"][key] / sides["peer"][key] if sides["peer"][key] else 0.0
    return {
        "pages": len(images),
        "jobs": options.jobs,
        "repeats": options.repeats,
        "seed": truth.seed,
        "input_bytes_per_page": sum(image.stat().st_size for image in images) / len(images),
        "peer_command": " ".join(["ocrmypdf", *their_argv[3:-2]]) + f" (OCRmyPDF {peer.VERSION})",
        **sides,
        "ratio": ratios,
        "runs": {n: [{k: getattr(s, k) for k in _COSTS} for s in r] for n, r in runs.items()},
        "per_page": _per_page(ours, theirs, truth),
        "pack_report": json.loads(runs["ours"][-1].out),
    }


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


def _per_page(ours: Path, theirs: Path, truth: SampleTruth) -> list[dict[str, object]]:
    rows = []
    for number, page in enumerate(truth.pages, start=1):
        (e1, c), (e2, _) = (line_errors(page.texts, text_of(pdf, number)) for pdf in (ours, theirs))
        rows.append(
            {
                "file": page.file,
                "ours_cer": e1 / c if c else None,
                "peer_cer": e2 / c if c else None,
                "skew_deg": page.skew_deg,
                "rotation_deg": page.rotation_deg,
            }
        )
    return rows


_ROWS = (
    ("wall_s", "wall time, s", "{:.1f}"),
    ("cpu_s", "processor time, s", "{:.1f}"),
    ("peak_rss_mb", "largest process, MB", "{:.0f}"),
    ("bytes_per_page", "bytes per page", "{:,.0f}"),
    ("line_cer", "character errors in printed lines", "{:.2%}"),
    ("aligned_recall", "printed characters found", "{:.2%}"),
)


def table(result: dict[str, object]) -> str:
    """Give the figures as Markdown."""
    ours, theirs, ratio = result["ours"], result["peer"], result["ratio"]
    rows = [
        f"{machine.line(result['machine'])}.",
        "",
        (
            f"{result['pages']} pages (seed {result['seed']}), {result['jobs']} jobs, medians of "
            f"{result['repeats']} alternating runs. Peer: `{result['peer_command']}`. The peer reads at "
            "300 dpi, we at 200."
        ),
        "",
        "| | ours | OCRmyPDF | ours / peer |",
        "|---|---:|---:|---:|",
    ]
    rows += [
        f"| {name} | {form.format(ours[key])} | {form.format(theirs[key])} | {ratio[key]:.3f} |"
        for key, name, form in _ROWS
    ]
    rows += ["", "| page | lies | ours, errors | peer, errors |", "|---|---|---:|---:|"]
    for page in result["per_page"]:
        cells = ("blank" if page[k] is None else f"{page[k]:.2%}" for k in ("ours_cer", "peer_cer"))
        lies = f"{page['skew_deg']:+.2f}°" + (
            f", turned {page['rotation_deg']}" if page["rotation_deg"] else ""
        )
        rows.append(f"| {page['file']} | {lies} | {' | '.join(cells)} |")
    return "\n".join(rows)
