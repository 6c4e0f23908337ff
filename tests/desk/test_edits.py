"""Every edit can be taken back and done again, whatever the order and the number."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from app.desk import edits, page_facts, papers, review
from app.domain.errors import Trouble
from app.domain.ids import DossierId
from app.store import dossiers, journal
from app.store.database import fetch, transaction
from tests.desk.desk_kit import Bench, edited

ACTS = ("rotate", "hide", "keep", "drop", "restore", "move", "out", "into")


def do(bench: Bench, dossier: DossierId, act: tuple[str, int, int]) -> None:
    name, which, number = act
    office, pages = bench.office, bench.pages(dossier)
    page = pages[which % len(pages)]
    papers = dossiers.documents(bench.db, dossier)
    if name == "rotate":
        review.rotate(office, dossier, [page.id], 90 * number)
    elif name == "hide":
        review.hide_blank(office, dossier, [page.id])
    elif name == "keep":
        review.keep_blank(office, dossier, [page.id])
    elif name == "drop":
        review.drop(office, dossier, [page.id])
    elif name == "restore":
        review.restore(office, dossier, [page.id])
    elif name == "move" and not page.dropped:
        review.move(office, dossier, page.id, number)
    elif name == "out":
        review.assign(office, dossier, [page.id], None)
    elif name == "into":
        review.assign(office, dossier, [page.id], papers[number % len(papers)].id)


def shown(bench: Bench, dossier: DossierId) -> list[tuple[object, ...]]:
    return [edited(page) for page in bench.pages(dossier)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_hundred_edits_undone_are_the_start_and_redone_the_end(bench, files, seed: int):
    chance = random.Random(seed)
    dossier = bench.dossier()
    bench.feed(dossier, files)
    papers.accept_papers(bench.office, dossier, papers.propose_papers(bench.office, dossier))
    start = shown(bench, dossier)
    states = [start]
    for _ in range(100):
        step = (chance.choice(ACTS), chance.randrange(6), chance.randint(-3, 3))
        before = len(fetch(bench.db, "SELECT n FROM undo WHERE dossier=?", [dossier]))
        do(bench, dossier, step)
        if len(fetch(bench.db, "SELECT n FROM undo WHERE dossier=?", [dossier])) > before:
            states.append(shown(bench, dossier))
    for expected in reversed(states[:-1]):
        assert edits.undo(bench.office, dossier)
        assert shown(bench, dossier) == expected
    for expected in states[1:]:
        assert edits.redo(bench.office, dossier)
        assert shown(bench, dossier) == expected
    assert not edits.redo(bench.office, dossier)
    assert journal.verify(bench.db).ok


def test_a_new_edit_forgets_what_was_undone(bench: Bench, files: tuple[Path, ...]):
    dossier = bench.dossier()
    one, two, _ = bench.feed(dossier, files)
    review.drop(bench.office, dossier, [one])
    edits.undo(bench.office, dossier)
    review.drop(bench.office, dossier, [two])
    assert not edits.redo(bench.office, dossier)
    assert [page.dropped for page in bench.pages(dossier)] == [False, True, False]


def test_nothing_to_undo_is_no_trouble(bench: Bench):
    dossier = bench.dossier()
    assert not edits.undo(bench.office, dossier)
    assert not edits.redo(bench.office, dossier)


def test_turning_derives_anew_and_turning_back_costs_nothing(tmp_path, files):
    """The old pictures and words are still there under their own key."""
    bench = Bench(tmp_path / "home")
    dossier = bench.read(files[:1])
    page = bench.pages(dossier)[0]
    review.rotate(bench.office, dossier, [page.id], 90)
    turned = dossiers.page(bench.db, page.id)
    assert (turned.clean, turned.text) == (None, None)
    assert "clean" in bench.at_work(dossier)
    bench.work()
    again = dossiers.page(bench.db, page.id)
    assert again.clean not in {None, page.clean}
    seen = page_facts.facts(bench.office, again)
    assert seen is not None
    assert seen.rotation_deg == 90
    edits.undo(bench.office, dossier)
    back = dossiers.page(bench.db, page.id)
    assert (back.clean, back.text, back.screen) == (page.clean, page.text, page.screen)
    assert bench.at_work(dossier) == []
    bench.close()


def test_an_edit_of_one_dossier_is_not_undone_from_another(bench: Bench, files):
    one, other = bench.dossier(), bench.dossier()
    page, _, _ = bench.feed(one, files)
    bench.feed(other, files)
    review.drop(bench.office, one, [page])
    assert not edits.undo(bench.office, other)
    assert bench.pages(one)[0].dropped


def test_undo_does_not_bring_back_a_side_that_was_fed_again(bench: Bench, files):
    """The lone front was turned before its sheet was fed anew; only the new one may count."""
    dossier = bench.dossier()
    *_, lone = bench.feed(dossier, files, slug="scan.jam", duplex=True)
    review.rotate(bench.office, dossier, [lone], 180)
    bench.feed(dossier, files[1:], duplex=True)
    current = [page.id for page in bench.pages(dossier) if not page.dropped]
    edits.undo(bench.office, dossier)
    assert [page.id for page in bench.pages(dossier) if not page.dropped] == current
    edits.redo(bench.office, dossier)
    assert [page.id for page in bench.pages(dossier) if not page.dropped] == current


def test_a_restart_forgets_no_edit(tmp_path, files):
    bench = Bench(tmp_path / "home")
    dossier = bench.dossier()
    page, _, _ = bench.feed(dossier, files)
    review.drop(bench.office, dossier, [page])
    bench.close()
    again = Bench(tmp_path / "home")
    assert edits.undo(again.office, dossier)
    assert not again.pages(dossier)[0].dropped
    again.close()


def test_once_signing_began_nothing_can_be_edited(bench: Bench, files):
    dossier = bench.read(files)
    review.confirm(bench.office, dossier)
    with transaction(bench.db):
        dossiers.move_state(bench.db, dossier, "signing", bench.office.act())
    page = bench.pages(dossier)[0]
    for act in (
        lambda: review.drop(bench.office, dossier, [page.id]),
        lambda: edits.undo(bench.office, dossier),
        lambda: papers.add_paper(bench.office, dossier, "other", "Khác", 9),
        lambda: bench.feed(dossier, files),
    ):
        with pytest.raises(Trouble) as caught:
            act()
        assert caught.value.slug == "dossier.not_editable"
