"""A batch that ended early keeps its dossier from the signature until a person has dealt with it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from app.desk import reception, review
from app.desk.reception import ScanProfile
from app.domain.errors import Trouble
from app.domain.ids import DossierId
from app.store import dossiers
from app.store.database import transaction
from tests.desk.desk_kit import Bench

Files = tuple[Path, ...]
EARLY = (
    "scan.ended_with_paper", "scan.stalled", "scan.jam", "scan.double_feed", "scan.count_short",
    "scan.count_over", "scan.odd_sides", "scan.cancelled", "scan.link_lost", "scan.disk_full",
    "scan.power_cycle", "scan.driver_crash", "scan.offline",
)  # fmt: skip


def open_findings(bench: Bench, dossier: DossierId) -> set[str]:
    """What has to do with the count and the batch."""
    kinds = ("rule.scan", "rule.paper_left", "rule.count", "rule.half", "rule.double")
    found = review.findings(bench.office, dossier)
    return {finding.slug for finding in found if finding.slug.startswith(kinds)}


def refused(bench: Bench, dossier: DossierId) -> str:
    with pytest.raises(Trouble) as caught:
        review.confirm(bench.office, dossier)
    return str(caught.value.params["finding"])


@pytest.mark.parametrize("slug", EARLY)
def test_an_early_end_blocks_sealing_though_the_count_was_declared_and_agrees(
    bench: Bench, files: Files, slug: str
):
    dossier = bench.dossier()
    bench.feed(dossier, files, slug=slug, declared_sheets=3)
    wanted = "rule.paper_left" if slug == "scan.ended_with_paper" else "rule.scan_ended"
    assert open_findings(bench, dossier) == {wanted}
    assert refused(bench, dossier) == wanted


@pytest.mark.parametrize("slug", EARLY)
def test_a_count_confirmed_before_the_fault_does_not_cover_it(
    bench: Bench, files: Files, slug: str
):
    """Three sheets are in and counted; a further pass breaks before it brings a sheet."""
    dossier = bench.dossier()
    bench.feed(dossier, files)
    reception.confirm_count(bench.office, dossier)
    assert open_findings(bench, dossier) == set()
    bench.feed(dossier, (), slug=slug)
    assert open_findings(bench, dossier) & {"rule.paper_left", "rule.scan_ended"}
    reception.confirm_count(bench.office, dossier)
    assert open_findings(bench, dossier) == set(), "a person counted after it"


def test_going_on_to_the_end_deals_with_it(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files[:2], slug="scan.ended_with_paper", declared_sheets=3)
    assert "rule.paper_left" in open_findings(bench, dossier)
    bench.feed(dossier, files[2:])
    assert open_findings(bench, dossier) == set()
    assert dossiers.get(bench.db, dossier).declared_sheets == 3


def test_an_empty_feeder_neither_deals_with_a_fault_nor_is_one(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files, declared_sheets=3)
    bench.feed(dossier, (), slug="scan.no_docs")
    assert open_findings(bench, dossier) == set()
    bench.feed(dossier, (), slug="scan.jam")
    bench.feed(dossier, (), slug="scan.no_docs")
    assert open_findings(bench, dossier) == {"rule.scan_ended"}


def test_an_interrupted_batch_blocks_until_it_is_counted(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files, declared_sheets=3)
    job = reception.start_scan(bench.office, dossier, ScanProfile("simulated:"))
    bench.vault.jobs.claim("scan-0-0", "boot", ["scan"], 0.0, 60.0)
    bench.vault.jobs.free_owner("scan-0-0")
    assert open_findings(bench, dossier) == {"rule.scan_ended"}
    reception.confirm_count(bench.office, dossier)
    assert open_findings(bench, dossier) == set()
    assert bench.vault.jobs.get(job).state == "failed", "nothing is left in doubt"


def test_nothing_can_be_counted_while_more_may_come(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files[:1])
    job = reception.start_scan(bench.office, dossier, ScanProfile("simulated:"))
    with pytest.raises(Trouble, match=r"scan\.running"):
        reception.confirm_count(bench.office, dossier)
    bench.vault.jobs.claim("scan-0-0", "boot", ["scan"], 0.0, 60.0)
    bench.vault.jobs.fail(job, "scan-0-0", "scan.jam", {}, retry_at=None, counts=False)


@pytest.mark.parametrize(("flag", "slug"), [("half_sheet", "half"), ("double_feed", "double_feed")])
def test_a_counted_dossier_with_a_doubtful_sheet_stays_open(
    bench: Bench, files: Files, flag: str, slug: str
):
    dossier = bench.dossier()
    _, last = bench.feed(dossier, files[:2], slug="scan.jam")
    with transaction(bench.db):
        dossiers.set_page(bench.db, last, flags=flag)
    reception.confirm_count(bench.office, dossier)
    assert {found for found in open_findings(bench, dossier) if slug in found}
    bench.feed(dossier, files[1:2])
    reception.confirm_count(bench.office, dossier)
    assert open_findings(bench, dossier) == set(), "fed again, it is one sheet"


def test_a_count_declared_first_is_compared_over_all_passes(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files[:1], slug="scan.jam", declared_sheets=3)
    bench.feed(dossier, files[1:2], slug="scan.count_short")
    jobs = [job for job in bench.vault.jobs.by_dossier(dossier) if job.stage == "scan"]
    assert [job.params["declared_sheets"] for job in jobs] == [3, 3]
    found = [f for f in review.findings(bench.office, dossier) if f.slug == "rule.count_mismatch"]
    assert [dict(f.params) for f in found] == [{"declared": 3, "sheets": 2}]
    bench.feed(dossier, files[2:])
    assert open_findings(bench, dossier) == set()


def test_a_later_stack_is_not_held_to_the_count_of_the_first(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files[:2], declared_sheets=2)
    bench.feed(dossier, files[2:])
    jobs = [job for job in bench.vault.jobs.by_dossier(dossier) if job.stage == "scan"]
    assert jobs[-1].params["declared_sheets"] is None
    assert open_findings(bench, dossier) == {"rule.count_mismatch"}


def test_the_finding_names_the_sheet_to_put_back(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files[:2], slug="scan.ended_with_paper")
    (first, *_) = review.findings(bench.office, dossier)
    assert dataclasses.asdict(first)["params"] == {"safe": 2, "sheet": 3}
    assert first.article
