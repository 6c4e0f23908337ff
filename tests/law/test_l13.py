"""Circular 01/2023/TT-VPCP art. 8(2)e: PDF 1.4 or later, in colour, 300 dpi by default, 100 %."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest

from app.desk import reception, review
from app.desk.reception import ScanProfile
from app.domain.errors import Trouble
from app.store import dossiers
from tests.desk.desk_kit import Bench


def test_a_batch_is_scanned_at_300_dpi_unless_told_otherwise():
    assert ScanProfile("simulated:").dpi == 300


@pytest.mark.parametrize("dpi", [0, 75, 150, 199])
def test_below_200_dpi_nothing_is_scanned(bench: Bench, dpi: int):
    dossier = bench.dossier()
    with pytest.raises(Trouble) as caught:
        reception.start_scan(bench.office, dossier, ScanProfile("simulated:", dpi=dpi))
    assert caught.value.slug == "scan.resolution"
    assert bench.at_work(dossier) == []


def test_the_paper_is_a_colour_pdf_of_true_size(bench: Bench, files: tuple[Path, ...]):
    dossier = bench.read(files[:1])
    review.confirm(bench.office, dossier)
    bench.work()
    (paper,) = dossiers.documents(bench.db, dossier)
    assert paper.unsigned is not None
    with pikepdf.open(io.BytesIO(bench.vault.blobs.read(paper.unsigned))) as pdf:
        assert tuple(int(part) for part in pdf.pdf_version.split(".")) >= (1, 4)
        page = pdf.pages[0]
        width_pt, height_pt = (float(x) for x in page.mediabox[2:])
        (image,) = page.get_images().values()
        assert (image.Width, image.Height) == (2480, 3508)
        # A4 at 300 dpi, drawn 1:1 (the skew of a degree may widen the page by a few points)
        assert abs(width_pt - 595.2) < 30
        assert abs(height_pt - 841.9) < 30
        assert "Gray" not in str(image.ColorSpace)
