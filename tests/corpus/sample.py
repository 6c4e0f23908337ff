"""The sample dossier: five papers on twelve pages, as a feeder scanner would hand them over.

All persons, places and figures are invented (see `people.py`). `03-giay-khai-sinh-2` is the blank
back of the birth certificate with its front shining through; `02-to-khai-2` went in upside down;
`05-bang-ke-2` went in sideways and lies turned a quarter counter-clockwise, so that it needs a
clockwise quarter turn (`rotation_deg` 90).
"""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tests.corpus.papers_decision import birth_certificate, decision
from tests.corpus.papers_forms import application, inventory, power_of_attorney
from tests.corpus.people import draw_case
from tests.corpus.scanbed import GREY_BED, WHITE_BED, Look, scan, show_through, to_bgr
from tests.corpus.sheet import DPI, HEIGHT_PX, WIDTH_PX
from tests.corpus.truth import PageTruth, SampleTruth

if TYPE_CHECKING:
    from pathlib import Path

    from tests.corpus.scanbed import Pixels
    from tests.corpus.sheet import Sheet

SEED = 20260101
TRUTH_FILE = "truth.json"
_TURNED = {"02-to-khai-2": 180, "05-bang-ke-2": 90}
_STRAIGHT = ("01-quyet-dinh-2", "04-giay-uy-quyen-2")


def jpeg(page: Pixels, dpi: int = DPI, quality: int = 85) -> bytes:
    """Give BGR or grey pixels as a JFIF file that states its dpi."""
    rgb = page[:, :, ::-1] if page.ndim == 3 else page
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(out, "JPEG", quality=quality, dpi=(dpi, dpi))
    return out.getvalue()


@dataclasses.dataclass(frozen=True, slots=True)
class _Paper:
    slug: str
    title: str
    labels: tuple[str | None, ...]
    sheets: list[Sheet]


def _papers(seed: int) -> list[_Paper]:
    case = draw_case(seed)
    return [
        _Paper("quyet-dinh", "Quyết định", (None, "2", "3"), decision(case, "Tinos", seed + 10)),
        _Paper(
            "to-khai", "Tờ khai", ("Trang 1/2", "Trang 2/2"), application(case, "Arimo", seed + 20)
        ),
        _Paper(
            "giay-khai-sinh", "Giấy khai sinh", (None,), birth_certificate(case, "Tinos", seed + 30)
        ),
        _Paper(
            "giay-uy-quyen",
            "Giấy ủy quyền",
            (None, "2"),
            power_of_attorney(case, "NotoSerif", seed + 40),
        ),
        _Paper(
            "bang-ke",
            "Bảng kê",
            ("Trang 1/3", "Trang 2/3", "Trang 3/3"),
            inventory(case, "NotoSans", seed + 50),
        ),
    ]


def make_sample(out: Path, seed: int = SEED) -> SampleTruth:
    """Write the twelve pages and `truth.json` into `out`; equal seeds give equal bytes."""
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 2])
    pages: list[PageTruth] = []
    for number, paper in enumerate(_papers(seed), start=1):
        for index, sheet in enumerate(paper.sheets, start=1):
            look = _look(rng, f"{number:02d}-{paper.slug}-{index}")
            truth = PageTruth(
                file=f"{number:02d}-{paper.slug}-{index}.jpg",
                paper=number,
                kind=paper.slug,
                title=paper.title,
                page=index,
                label=paper.labels[index - 1],
                blank=False,
                skew_deg=look.skew_deg,
                rotation_deg=look.rotation_deg,
                dpi=DPI,
                width_px=WIDTH_PX,
                height_px=HEIGHT_PX,
                lines=tuple(sheet.lines),
                seals=tuple(sheet.seals),
                signatures=tuple(sheet.signatures),
            )
            printed = to_bgr(sheet.image)
            pages.append(_write(out, truth, scan(printed, look, seed + 100 * len(pages))))
            if paper.slug == "giay-khai-sinh":
                pages.append(_blank_back(out, truth, printed, look, seed + 100 * len(pages)))
    sample = SampleTruth(seed, tuple(pages))
    sample.write(out / TRUTH_FILE)
    return sample


def _look(rng: np.random.Generator, stem: str) -> Look:
    skew = round(float(rng.uniform(-4, 4)), 2)
    noise, blur = float(rng.uniform(2.5, 4.5)), float(rng.uniform(0.5, 0.9))
    warm = int(rng.integers(-3, 4))
    base = int(rng.integers(238, 248))
    return Look(
        skew_deg=0.0 if stem in _STRAIGHT else skew,
        rotation_deg=_TURNED.get(stem, 0),
        bed=GREY_BED if rng.random() < 0.5 else WHITE_BED,
        paper=(base - warm, base, base + warm // 2),
        noise=noise,
        blur_px=blur,
    )


def _write(out: Path, truth: PageTruth, pixels: Pixels) -> PageTruth:
    (out / truth.file).write_bytes(jpeg(pixels))
    return truth


def _blank_back(out: Path, front: PageTruth, printed: Pixels, look: Look, seed: int) -> PageTruth:
    """Write the unprinted back of a sheet: it lies as far turned as its front, mirrored."""
    back = dataclasses.replace(look, skew_deg=-look.skew_deg)
    truth = dataclasses.replace(
        front,
        file=front.file.replace("-1.jpg", "-2.jpg"),
        page=front.page + 1,
        label=None,
        blank=True,
        skew_deg=back.skew_deg,
        lines=(),
        seals=(),
        signatures=(),
    )
    return _write(out, truth, scan(show_through(printed), back, seed))
