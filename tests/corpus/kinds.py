"""Pages of every kind that a counter sees, scanned well or badly, with the truth beside them.

`make_pages` writes them, `iter_pages` hands them over one by one. A page depends on seed, kind and
number alone: leaving kinds out does not change the others, and another severity scans the same print.
Seeds from `HELD_OUT_FROM` on are for judging only: no threshold may ever be chosen on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from tests.corpus import kind_cards, kind_forms, kind_official, kind_sparse
from tests.corpus.drafts import Draft
from tests.corpus.rig import flawless, scan_side
from tests.corpus.sample import TRUTH_FILE
from tests.corpus.severity import SEVERITIES, draw_plan
from tests.corpus.sheet import DPI
from tests.corpus.truth import PageTruth, SampleTruth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.corpus.drafts import Print

HELD_OUT_FROM = 77_000_000

KINDS: dict[str, Callable[[Draft], list[Print]]] = {
    "decision": kind_official.decision,
    "letter": kind_official.letter,
    "form": kind_forms.form,
    "table": kind_forms.table,
    "card": kind_cards.card,
    "card_back": kind_cards.card_back,
    "certificate": kind_cards.certificate,
    "receipt": kind_forms.receipt,
    "dense": kind_official.dense,
    "two_columns": kind_official.two_columns,
    "landscape": kind_official.landscape,
    "page_labels": kind_official.page_labels,
    "barcode_form": kind_forms.barcode_form,
    "separator": kind_sparse.separator,
    "photo_page": kind_sparse.photo_page,
    "one_line": kind_official.one_line,
    "blank": kind_sparse.blank,
    "blank_through": kind_sparse.blank_through,
    "faint_stamp": kind_sparse.faint_stamp,
    "pencil_note": kind_sparse.pencil_note,
    "signature_only": kind_sparse.signature_only,
}


def make_pages(
    out: Path,
    seed: int,
    kinds: Sequence[str] | None = None,
    per_kind: int = 1,
    severity: str = "office",
    *,
    undistorted: bool = False,
    max_skew_deg: float = 10.0,
) -> SampleTruth:
    """Write image files and `truth.json` into `out`; equal arguments give equal bytes.

    Args:
        out: the folder, made if missing.
        seed: everything is drawn from it.
        kinds: names of `KINDS`, default all.
        per_kind: sets of each kind; a set is one to four pages.
        severity: `clean`, `office` or `hard`.
        undistorted: the prints themselves, flawless at 300 dpi, in place of scans.
        max_skew_deg: no page lies more turned than this.

    Raises:
        KeyError: no kind or no severity of that name.
    """
    out.mkdir(parents=True, exist_ok=True)
    pages = []
    for truth, data in iter_pages(
        seed, kinds, per_kind, severity, undistorted=undistorted, max_skew_deg=max_skew_deg
    ):
        (out / truth.file).write_bytes(data)
        pages.append(truth)
    sample = SampleTruth(seed, tuple(pages))
    sample.write(out / TRUTH_FILE)
    return sample


def iter_pages(
    seed: int,
    kinds: Sequence[str] | None = None,
    per_kind: int = 1,
    severity: str = "office",
    *,
    undistorted: bool = False,
    max_skew_deg: float = 10.0,
) -> Iterator[tuple[PageTruth, bytes]]:
    """Give the pages of `make_pages` one by one, with the bytes of their image files."""
    if severity not in SEVERITIES:
        raise KeyError(severity)
    paper = 0
    for kind in KINDS if kinds is None else kinds:
        draw, key = KINDS[kind], crc32(kind.encode())
        for index in range(1, per_kind + 1):
            paper += 1
            prints = draw(Draft(np.random.default_rng([seed, key, index, 1])))
            stem = f"{kind}-{index:02d}"
            sides = [
                _side(one, (seed, key, index, page), severity, undistorted, max_skew_deg)
                for page, one in enumerate(prints, start=1)
            ]
            names = [f"{stem}-{page}.{side[1]}" for page, side in enumerate(sides, start=1)]
            for page, (one, (facts, _, data)) in enumerate(zip(prints, sides, strict=True), 1):
                partner = None if one.partner is None else names[one.partner]
                where = {"file": names[page - 1], "paper": paper, "kind": kind, "page": page}
                yield _truth(one, {**facts, **where, "partner": partner}), data


def _side(
    one: Print, key: tuple[int, int, int, int], severity: str, undistorted: bool, limit: float
) -> tuple[dict[str, object], str, bytes]:
    """Give what the scan did, the suffix of the file and its bytes."""
    sheet = one.sheet
    width, height = sheet.width_px, sheet.height_px
    if undistorted:
        quad = (
            (0.0, 0.0),
            (float(width), 0.0),
            (float(width), float(height)),
            (0.0, float(height)),
        )
        facts = {
            "skew_deg": 0.0,
            "rotation_deg": 0,
            "bed": "none",
            "colour": "colour",
            "paper_quad": quad,
            "scan_dpi": (float(DPI), float(DPI)),
            "severity": "undistorted",
        }
        return facts, "png", flawless(one)
    rng = np.random.default_rng([*key, 2, SEVERITIES.index(severity)])
    plan = draw_plan(rng, severity, max_skew_deg=limit, fed=one.fed, loose=one.loose)
    scanned = scan_side(one, plan, rng)
    facts = {
        "skew_deg": plan.skew_deg,
        "rotation_deg": plan.rotation_deg,
        "bed": plan.bed,
        "colour": plan.colour,
        "severity": severity,
        "paper_quad": scanned.quad,
        "scan_dpi": (float(plan.dpi[0]), float(plan.dpi[1])),
        "through": round(one.through or plan.through, 3),
        "defects": scanned.defects,
    }
    return facts, scanned.suffix, scanned.data


def _truth(one: Print, facts: dict[str, object]) -> PageTruth:
    sheet = one.sheet
    mm_per_px = 25.4 / DPI
    return PageTruth(
        **facts,
        title=one.title,
        label=one.label,
        blank=one.blank,
        dpi=DPI,
        width_px=sheet.width_px,
        height_px=sheet.height_px,
        lines=tuple(sheet.lines),
        seals=tuple(sheet.seals),
        signatures=tuple(sheet.signatures),
        codes=tuple(sheet.codes),
        marks=tuple(sheet.marks),
        fields=tuple(sorted(sheet.fields.items())),
        paper_mm=(round(sheet.width_px * mm_per_px, 1), round(sheet.height_px * mm_per_px, 1)),
    )
