"""Reception: a dossier is opened, paper is fed, and after a fault nobody loses or doubles a sheet."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from app.desk import reception, review
from app.desk.office import Office
from app.desk.reception import ScanProfile
from app.domain.codes import is_temporary
from app.domain.dossier import Applicant
from app.domain.errors import Trouble
from app.domain.ids import DossierId
from app.store import catalogue, dossiers
from app.store.database import fetch, transaction
from tests.desk.desk_kit import APPLICANT, Bench

Files = tuple[Path, ...]


def status(bench: Bench, dossier: DossierId) -> tuple[str, int, int]:
    found = reception.scan_status(bench.office, dossier)
    return found.state, found.safe_sheets, found.refeed_sheet


def current(bench: Bench, dossier: DossierId) -> list[str | None]:
    return [page.name for page in bench.pages(dossier) if not page.dropped]


def test_each_dossier_gets_a_code_of_its_own_and_numbers_go_on(bench: Bench):
    first, second = (dossiers.get(bench.db, bench.dossier()) for _ in range(2))
    assert is_temporary(first.temp_code)
    assert is_temporary(second.temp_code)
    numbers = [int(d.temp_code.split("-")[3]) for d in (first, second)]
    assert numbers[1] == numbers[0] + 1
    assert second.seq == first.seq + 1
    assert (first.state, first.official_code, first.received_at) == ("draft", None, None)


@pytest.mark.parametrize("name", ["", "  ", "\t\n"])
def test_nobody_is_no_applicant(bench: Bench, name: str):
    with pytest.raises(Trouble) as caught:
        reception.open_dossier(bench.office, catalogue.LOOSE, Applicant(name))
    assert caught.value.slug == "dossier.no_applicant"


def test_a_procedure_of_another_time_is_not_opened(bench: Bench):
    past = Office(bench.vault, "thu", now=lambda: dt.datetime(1999, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(Trouble) as caught:
        reception.open_dossier(past, catalogue.LOOSE, APPLICANT)
    assert caught.value.slug == "catalogue.unknown"


def test_two_dossiers_scan_with_the_same_settings(bench: Bench, files: Files):
    for _ in range(2):
        dossier = bench.dossier()
        bench.feed(dossier, files)
        assert current(bench, dossier) == [file.name for file in files]


def test_a_running_batch_is_not_doubled(bench: Bench):
    dossier = bench.dossier()
    job = reception.start_scan(bench.office, dossier, ScanProfile("simulated:"))
    assert status(bench, dossier)[0] == "running"
    with pytest.raises(Trouble) as caught:
        reception.start_scan(bench.office, dossier, ScanProfile("simulated:"))
    assert caught.value.slug == "scan.running"
    bench.vault.jobs.claim("scan-0-0", "boot", ["scan"], 0.0, 60.0)
    bench.vault.jobs.fail(job, "scan-0-0", "scan.offline", {}, retry_at=None, counts=False)


def test_after_a_jam_the_rest_is_fed_and_the_stack_is_whole_once(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files[:2], slug="scan.jam", declared_sheets=3)
    found = reception.scan_status(bench.office, dossier)
    assert (found.state, found.slug) == ("ended", "scan.jam")
    assert (found.safe_sheets, found.refeed_sheet) == (2, 3)
    bench.feed(dossier, files[2:], declared_sheets=1)
    assert status(bench, dossier) == ("complete", 3, 4)
    assert current(bench, dossier) == [file.name for file in files]
    assert [page.sheet for page in bench.pages(dossier)] == [1, 2, 3]
    assert dossiers.get(bench.db, dossier).declared_sheets == 3


def test_a_lone_front_is_fed_again_and_the_old_one_leaves_the_papers(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files, slug="scan.jam", duplex=True, declared_sheets=2)
    assert status(bench, dossier) == ("ended", 1, 2)
    bench.feed(dossier, files[1:], duplex=True, declared_sheets=1)
    assert status(bench, dossier) == ("complete", 2, 3)
    assert current(bench, dossier) == [files[i].name for i in (0, 1, 1, 2)]
    kept = bench.pages(dossier)
    assert [page.dropped for page in kept].count(True) == 1
    assert len({page.blob for page in kept}) == 3


def test_scanning_more_sheets_after_throwing_one_out_keeps_the_others(bench: Bench, files: Files):
    """The clerk drops the first page as not wanted; later paper must not push the rest out."""
    dossier = bench.dossier()
    first, second, third = bench.feed(dossier, files)
    review.drop(bench.office, dossier, [first])
    bench.feed(dossier, files[:1])
    left = [page.id for page in bench.pages(dossier) if not page.dropped]
    assert left[:2] == [second, third]
    assert len(left) == 3


def test_duplex_paper_after_simplex_paper_goes_on_with_the_numbers(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files[:1], declared_sheets=1)
    bench.feed(dossier, files[1:], duplex=True, declared_sheets=1)
    assert [page.sheet for page in bench.pages(dossier)] == [1, 2, 2]
    assert status(bench, dossier) == ("complete", 2, 3)
    assert dossiers.get(bench.db, dossier).declared_sheets == 2


def test_counting_says_how_many_sheets_the_clerk_held(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files)
    reception.confirm_count(bench.office, dossier)
    found = dossiers.get(bench.db, dossier)
    assert (found.counted_by, found.declared_sheets) == ("thu", 3)


def test_declaring_another_stack_asks_for_the_count_again(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files[:2], declared_sheets=2)
    reception.confirm_count(bench.office, dossier)
    bench.feed(dossier, files[2:], declared_sheets=1)
    assert dossiers.get(bench.db, dossier).counted_by is None


def test_an_undeclared_further_batch_asks_for_the_count_again(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files[:2])
    reception.confirm_count(bench.office, dossier)
    bench.feed(dossier, files[2:])
    slugs = [finding.slug for finding in review.findings(bench.office, dossier)]
    assert {"rule.count_unconfirmed", "rule.count_mismatch"} & set(slugs)


def test_a_batch_whose_worker_died_is_closed_by_the_clerk(bench: Bench, files: Files):
    dossier = bench.dossier()
    job = reception.start_scan(bench.office, dossier, ScanProfile("simulated:"))
    bench.vault.jobs.claim("scan-0-0", "boot", ["scan"], 0.0, 60.0)
    bench.vault.jobs.free_owner("scan-0-0")
    found = reception.scan_status(bench.office, dossier)
    assert (found.state, found.slug) == ("ended", "scan.interrupted")
    reception.close_interrupted(bench.office, dossier)
    assert bench.vault.jobs.get(job).state == "failed"
    bench.feed(dossier, files)
    assert status(bench, dossier) == ("complete", 3, 4)


def test_the_journal_names_no_person(bench: Bench, files: Files):
    dossier = bench.dossier()
    bench.feed(dossier, files)
    bodies = [str(dict(row)) for row in fetch(bench.db, "SELECT what, ref, body FROM journal")]
    assert not [body for body in bodies if "Mẫu" in body or "Nguyễn" in body]


def test_a_move_of_the_state_is_written_with_its_line(bench: Bench):
    dossier = bench.dossier()
    with transaction(bench.db):
        dossiers.move_state(bench.db, dossier, "abandoned", bench.office.act())
    (line,) = fetch(
        bench.db,
        "SELECT who, body FROM journal WHERE ref=? AND what='dossier.abandoned'",
        [dossier],
    )
    assert (line["who"], line["body"]) == ("thu", '{"before":"draft"}')


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.001193", "1.001193"),
        ("dkks", "1.001193"),
        ("DKKS", "1.001193"),
        ("khai sinh", "1.001193"),
        ("đăng ký khai sinh", "1.001193"),
        ("ket hon", "1.000894"),
        ("2.000815", "2.000815"),
    ],
)
def test_a_procedure_is_found_by_code_initials_or_words_without_tones(bench, text: str, code: str):
    assert reception.search_procedures(bench.office, text)[0].code == code


def test_a_search_for_nothing_or_for_nonsense_is_no_trouble(bench: Bench):
    assert reception.search_procedures(bench.office, "")
    assert reception.search_procedures(bench.office, "zzqx ẩ") == ()
