"""The reading room by itself: cost and errors of each engine, on the sample and on held-out seeds.

The held-out dossiers are other people, other figures, other skews and noise than any threshold was
ever chosen on. The hard form has full stops as leaders. Kind by kind `accuracy.py` measures, chosen by
`--kinds`, `--per-kind`, `--severity` or `--worst`; `--kinds public` measures on scans others made.
"""

from __future__ import annotations

import importlib
import os
import resource
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import machine
from tests.corpus.metrics import aligned_recall, line_errors
from tests.corpus.pages import jpeg
from tests.corpus.sample import SEED, TRUTH_FILE, make_sample
from tests.corpus.scanbed import Look, scan, to_bgr
from tests.corpus.sheet import Sheet
from tests.corpus.truth import PageTruth, SampleTruth, load_truth

if TYPE_CHECKING:
    import argparse
    from types import ModuleType

HELD_OUT = (77_000_001, 77_000_002)
_LEADERS = (
    ("Họ và tên:", "Quách Thị Ngọc Yến"),
    ("Ngày, tháng, năm sinh:", "06/05/1972"),
    ("Số định danh cá nhân:", "031172234377"),
    ("Nơi thường trú:", "thôn Khuổi Ngoã, xã Suối Vặc, tỉnh Hải Đằng"),
    ("Nghề nghiệp:", "làm ruộng"),
    ("Điện thoại liên hệ:", "0912 234 377"),
    ("Nội dung đề nghị:", "xác nhận tình trạng nhà ở sau mưa lũ"),
)


def choose(options: argparse.Namespace) -> ModuleType:
    """Give the module that measures what was asked for: this one, by kind, or public scans."""
    if options.kinds == "public":
        return importlib.import_module("tests.bench.accuracy_public")
    asked = (options.kinds, options.per_kind, options.severity, options.worst)
    if any(one is not None for one in asked):
        return importlib.import_module("tests.bench.accuracy")
    return sys.modules[__name__]


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give figures per engine and set; processor time includes children."""
    os.environ["OMP_THREAD_LIMIT"] = "1"  # before Tesseract is loaded, or it is too late
    import cv2

    cv2.setNumThreads(1)
    sets = {"sample": _sample(options, SEED if options.seed is None else options.seed)}
    if options.pages is not None:
        sets = {"given": (options.pages, load_truth(options.pages / TRUTH_FILE))}
    else:
        for seed in HELD_OUT:
            sets[f"held-out {seed}"] = _sample(options, seed)
        sets["hard form"] = _hard_form(options.work / "hard")
    rows = []
    for name, (pages, truth) in sets.items():
        rows += [
            {"set": name, "engine": kind, **_measure(pages, truth, kind)} for kind in ("api", "cli")
        ]
    return {"sets": rows}


def _sample(options: argparse.Namespace, seed: int) -> tuple[Path, SampleTruth]:
    pages = options.work / str(seed)
    return pages, make_sample(pages, seed)


def _hard_form(out: Path) -> tuple[Path, SampleTruth]:
    out.mkdir()
    pages = []
    for number, family in enumerate(("Tinos", "Arimo"), start=1):
        sheet = Sheet(family, 13)
        for label, value in _LEADERS:
            sheet.dotted(label, value, "period")
        look = Look(skew_deg=1.37, noise=3.5)
        file = f"01-to-khai-{number}.jpg"
        (out / file).write_bytes(jpeg(scan(to_bgr(sheet.image), look, number)))
        pages.append(
            PageTruth(
                file=file,
                paper=1,
                kind="to-khai",
                title="Tờ khai",
                page=number,
                label=None,
                blank=False,
                skew_deg=look.skew_deg,
                rotation_deg=0,
                dpi=300,
                width_px=2480,
                height_px=3508,
                lines=tuple(sheet.lines),
            )
        )
    return out, SampleTruth(0, tuple(pages))


def _measure(pages: Path, truth: SampleTruth, kind: str) -> dict[str, object]:
    from ocr.clean import clean
    from ocr.decode import decode
    from ocr.engine import open_engine
    from ocr.page import read_page

    engine = open_engine(kind)
    costs: dict[str, list[float]] = {"decode": [], "clean": [], "read": []}
    errors = characters = turned_wrong = blank_wrong = 0
    recalls: list[tuple[float, int]] = []
    skews: list[float] = []
    try:
        for page in truth.pages:
            data = (pages / page.file).read_bytes()
            start = _cpu_s()
            image, _ = decode(data)
            decoded = _cpu_s()
            found = clean(image, osd=engine)
            cleaned = _cpu_s()
            text = read_page(image, found.geometry, engine).text
            spent = (decoded - start, cleaned - decoded, _cpu_s() - cleaned)
            for name, value in zip(costs, spent, strict=True):
                costs[name].append(value)
            blank_wrong += found.facts.blank != page.blank
            if page.blank:
                continue
            turned_wrong += found.facts.rotation_deg != page.rotation_deg
            skews.append(abs(found.facts.skew_deg - page.skew_deg))
            e, c = line_errors(page.texts, text)
            errors, characters = errors + e, characters + c
            recalls.append((aligned_recall(page.texts, text), c))
    finally:
        engine.close()
    return {
        "pages": len(truth.pages),
        **{f"{name}_cpu_s": statistics.mean(values) for name, values in costs.items()},
        "cpu_s_per_page": sum(map(sum, costs.values())) / len(truth.pages),
        "line_cer": errors / characters,
        "aligned_recall": sum(r * c for r, c in recalls) / sum(c for _, c in recalls),
        "skew_error_p90_deg": float(sorted(skews)[min(len(skews) - 1, round(0.9 * len(skews)))]),
        "skew_error_max_deg": max(skews),
        "turned_wrong": turned_wrong,
        "blank_wrong": blank_wrong,
    }


def _cpu_s() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, who))


_COLUMNS = (
    ("decode_cpu_s", "decode, CPU s", "{:.2f}"),
    ("clean_cpu_s", "clean, CPU s", "{:.2f}"),
    ("read_cpu_s", "read, CPU s", "{:.2f}"),
    ("cpu_s_per_page", "page, CPU s", "{:.2f}"),
    ("line_cer", "errors", "{:.2%}"),
    ("aligned_recall", "found", "{:.2%}"),
    ("skew_error_max_deg", "skew error max, °", "{:.2f}"),
    ("turned_wrong", "turned wrong", "{}"),
    ("blank_wrong", "blank wrong", "{}"),
)


def table(result: dict[str, object]) -> str:
    """Give the figures as Markdown."""
    rows = [
        f"{machine.line(result['machine'])}.",
        "",
        "| pages | engine | " + " | ".join(title for _, title, _ in _COLUMNS) + " |",
        "|---|---|" + "---:|" * len(_COLUMNS),
    ]
    for row in result["sets"]:
        cells = " | ".join(form.format(row[key]) for key, _, form in _COLUMNS)
        rows.append(f"| {row['set']} ({row['pages']}) | {row['engine']} | {cells} |")
    return "\n".join(rows)
