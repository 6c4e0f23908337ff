"""Circular 01/2023/TT-VPCP art. 8(2)c: as many images as pages, in the order of the original."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pikepdf

from app.desk import review
from app.domain.ids import DossierId
from app.store import dossiers
from tests.desk.desk_kit import Bench


def images(bench: Bench, dossier: DossierId) -> list[list[str]]:
    """Digest of each picture, paper by paper, in the order of the composed files."""
    papers = []
    for paper in dossiers.documents(bench.db, dossier):
        assert paper.unsigned is not None
        with pikepdf.open(io.BytesIO(bench.vault.blobs.read(paper.unsigned))) as pdf:
            papers.append(
                [
                    hashlib.sha256(image.read_raw_bytes()).hexdigest()
                    for page in pdf.pages
                    for image in page.get_images().values()
                ]
            )
    return papers


def composed(bench: Bench, dossier: DossierId) -> list[list[str]]:
    review.confirm(bench.office, dossier)
    bench.work()
    return images(bench, dossier)


def test_the_papers_have_the_pages_of_the_stack_in_its_order(bench: Bench, files: tuple[Path, ...]):
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    assert composed(bench, bench.read(files)) == [digests[:1], digests[1:]]


def test_a_swap_by_the_clerk_is_in_the_paper_too(bench: Bench, files: tuple[Path, ...]):
    dossier = bench.read(files)
    before = composed(bench, dossier)
    review.move(bench.office, dossier, bench.pages(dossier)[2].id, -1)
    assert [f.slug for f in review.findings(bench.office, dossier)] == ["rule.page_order"]
    review.settle_page_numbers(bench.office, dossier)
    assert composed(bench, dossier) == [before[0], before[1][::-1]]


def test_a_page_fed_twice_is_twice_in_the_dossier_and_stops_the_count(
    bench: Bench, files: tuple[Path, ...]
):
    dossier = bench.dossier()
    bench.feed(dossier, (*files, files[2]), declared_sheets=3)
    bench.work()
    slugs = [finding.slug for finding in review.findings(bench.office, dossier)]
    assert "rule.count_mismatch" in slugs
    assert len(bench.pages(dossier)) == 4


def test_no_page_is_in_two_papers_or_in_none(bench: Bench, files: tuple[Path, ...]):
    dossier = bench.read(files)
    review.assign(bench.office, dossier, [bench.pages(dossier)[1].id], None)
    slugs = [finding.slug for finding in review.findings(bench.office, dossier)]
    assert slugs == ["rule.page_unassigned"]
