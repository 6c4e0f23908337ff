"""Circular 01/2023/TT-VPCP art. 8(2)b: the whole content, exactly; what was captured stays."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pikepdf

from app.desk import review
from app.store import dossiers
from tests.desk.desk_kit import Bench


def test_the_papers_hold_the_captured_pictures_byte_for_byte(bench: Bench, files: tuple[Path, ...]):
    dossier = bench.read(files)
    review.rotate(bench.office, dossier, [bench.pages(dossier)[0].id], 180)
    bench.work()
    review.confirm(bench.office, dossier)
    bench.work()
    held = []
    for paper in dossiers.documents(bench.db, dossier):
        assert paper.unsigned is not None
        with pikepdf.open(io.BytesIO(bench.vault.blobs.read(paper.unsigned))) as pdf:
            held += [
                hashlib.sha256(image.read_raw_bytes()).hexdigest()
                for page in pdf.pages
                for image in page.get_images().values()
            ]
    assert held == [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]


def test_no_edit_changes_what_was_captured(bench: Bench, files: tuple[Path, ...]):
    dossier = bench.read(files)
    pages = bench.pages(dossier)
    review.rotate(bench.office, dossier, [page.id for page in pages], 90)
    review.drop(bench.office, dossier, [pages[1].id])
    assert [page.blob for page in bench.pages(dossier)] == [page.blob for page in pages]
    for page, path in zip(pages, files, strict=True):
        assert bench.vault.blobs.read(page.blob) == path.read_bytes()
