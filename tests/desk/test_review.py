"""Review: papers are proposed, decided by the clerk, and composed only when nothing is open."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest

from app.desk import edits, page_facts, papers, reception, review, signing
from app.domain.errors import Trouble
from app.domain.ids import BlobId
from app.store import dossiers
from tests.desk.desk_kit import Bench

Files = tuple[Path, ...]


def test_the_small_dossier_is_two_papers(bench: Bench, files: Files):
    dossier = bench.read(files)
    papers = dossiers.documents(bench.db, dossier)
    assert [paper.kind for paper in papers] == ["application", "minutes"]
    assert [[p.document for p in bench.pages(dossier)].count(paper.id) for paper in papers] == [
        1,
        2,
    ]
    assert review.findings(bench.office, dossier) == ()
    assert review.progress(bench.office, dossier).settled


def test_unread_pages_are_named_and_confirmation_is_refused(bench: Bench, files: Files, tmp_path):
    unread = Bench(tmp_path / "home")
    dossier = unread.dossier()
    unread.feed(dossier, files[:1])
    slugs = [finding.slug for finding in review.findings(unread.office, dossier)]
    assert slugs == ["rule.page_unread", "rule.page_unassigned", "rule.count_unconfirmed"]
    with pytest.raises(Trouble) as caught:
        review.confirm(unread.office, dossier)
    assert caught.value.params == {"finding": "rule.page_unread", "n": 3}
    assert dossiers.get(unread.db, dossier).state == "draft"
    unread.close()


def test_a_picture_that_cannot_be_read_is_named_with_its_reason(bench: Bench, tmp_path: Path):
    broken = tmp_path / "trang.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    dossier = bench.dossier()
    (page,) = bench.feed(dossier, [broken])
    bench.work()
    (view,) = review.page_views(bench.office, dossier)
    assert view.failure is not None
    assert view.failure.startswith("image.")
    assert review.progress(bench.office, dossier).settled
    slugs = [finding.slug for finding in review.findings(bench.office, dossier)]
    assert slugs[0] == "rule.page_failed"
    review.drop(bench.office, dossier, [page])
    assert "rule.page_failed" not in [f.slug for f in review.findings(bench.office, dossier)]


def test_confirmed_papers_hold_their_pages_in_order(bench: Bench, files: Files):
    dossier = bench.read(files)
    review.confirm(bench.office, dossier)
    bench.work()
    for paper in dossiers.documents(bench.db, dossier):
        assert paper.unsigned is not None
        pages = [p for p in bench.pages(dossier) if p.document == paper.id]
        with pikepdf.open(io.BytesIO(bench.vault.blobs.read(paper.unsigned))) as pdf:
            assert len(pdf.pages) == len(pages) == paper.pages
    assert {s.state for s in signing.status(bench.office, dossier)} <= {"composing"}


def test_an_edit_after_confirmation_opens_the_dossier_again(bench: Bench, files: Files):
    dossier = bench.read(files)
    review.confirm(bench.office, dossier)
    bench.work()
    before = {d.id: d.unsigned for d in dossiers.documents(bench.db, dossier)}
    second = bench.pages(dossier)[1]
    review.move(bench.office, dossier, second.id, 1)
    assert dossiers.get(bench.db, dossier).state == "draft"
    assert {d.unsigned for d in dossiers.documents(bench.db, dossier)} == {None}
    review.settle_page_numbers(bench.office, dossier)
    review.confirm(bench.office, dossier)
    bench.work()
    after = {d.id: d.unsigned for d in dossiers.documents(bench.db, dossier)}
    changed = [paper for paper in before if before[paper] != after[paper]]
    assert changed == [second.document]
    edits.undo(bench.office, dossier)
    edits.undo(bench.office, dossier)
    review.confirm(bench.office, dossier)
    assert {d.id: d.unsigned for d in dossiers.documents(bench.db, dossier)} == before


def test_a_hidden_page_leaves_the_paper_and_stays_in_the_vault(bench: Bench, files: Files):
    dossier = bench.read(files)
    last = bench.pages(dossier)[-1]
    review.hide_blank(bench.office, dossier, [last.id])
    slugs = [finding.slug for finding in review.findings(bench.office, dossier)]
    assert slugs == ["rule.pages_short"], "page 2 of 2 is missed"
    review.settle_page_numbers(bench.office, dossier)
    review.confirm(bench.office, dossier)
    bench.work()
    assert [d.pages for d in dossiers.documents(bench.db, dossier)] == [1, 1]
    assert bench.vault.blobs.read(last.blob)


def test_dropping_a_sheet_after_counting_asks_for_the_count_again(bench: Bench, files: Files):
    dossier = bench.read(files)
    review.drop(bench.office, dossier, [bench.pages(dossier)[-1].id])
    slugs = [finding.slug for finding in review.findings(bench.office, dossier)]
    assert {"rule.count_mismatch", "rule.count_unconfirmed"} & set(slugs)


def test_an_emptied_paper_must_be_dealt_with(bench: Bench, files: Files):
    dossier = bench.read(files)
    pages = bench.pages(dossier)
    review.assign(bench.office, dossier, [pages[0].id], pages[1].document)
    slugs = [finding.slug for finding in review.findings(bench.office, dossier)]
    assert slugs == ["rule.paper_empty"]


def test_accepting_a_proposal_again_leaves_no_empty_paper(bench: Bench, files: Files):
    dossier = bench.read(files)
    groups = papers.propose_papers(bench.office, dossier)
    papers.accept_papers(bench.office, dossier, groups)
    assert len(dossiers.documents(bench.db, dossier)) == 2
    assert review.findings(bench.office, dossier) == ()


def test_a_page_of_an_unknown_id_is_no_defect(bench: Bench, files: Files):
    dossier = bench.read(files)
    with pytest.raises(Trouble) as caught:
        review.drop(bench.office, dossier, ["no-such-page"])
    assert caught.value.slug == "page.unknown"
    assert review.findings(bench.office, dossier) == ()


def test_a_running_batch_blocks_confirmation(bench: Bench, files: Files):
    dossier = bench.read(files)
    job = reception.start_scan(bench.office, dossier, reception.ScanProfile("simulated:"))
    with pytest.raises(Trouble) as caught:
        review.confirm(bench.office, dossier)
    assert caught.value.params["finding"] == "rule.scanning"
    bench.vault.jobs.claim("scan-0-0", "boot", ["scan"], 0.0, 60.0)
    bench.vault.jobs.fail(job, "scan-0-0", "scan.offline", {}, retry_at=None, counts=False)


def test_words_and_facts_are_those_of_the_stored_page(bench: Bench, files: Files):
    dossier = bench.read(files)
    page = bench.pages(dossier)[0]
    read = page_facts.reading(bench.office, page)
    assert read is not None
    assert "ĐƠN ĐỀ NGHỊ" in " ".join(read.lines)
    view = review.page_views(bench.office, dossier)[0]
    assert view.reading is not None
    assert 0.5 < view.reading.mean_confidence <= 1
    assert isinstance(page.clean, str)
    assert bench.vault.blobs.exists(BlobId(page.clean))
