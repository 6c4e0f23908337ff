"""The office's choice of packing and models: what it says holds, what is wrong in it is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app import paths
from app.desk import paper_files, review
from app.desk.paper_files import Choices, load
from app.packaging.validate import validate
from app.store import dossiers
from app.store.database import fetch, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.desk.desk_kit import Bench


def office(folder: Path, text: str) -> Choices:
    path = folder / "papers.toml"
    path.write_text(text, "utf-8")
    return load(path)


def test_without_a_file_every_paper_is_packed_faithfully_and_read_by_the_fast_models():
    assert load() == Choices("faithful", {}, "fast")


def test_a_kind_of_paper_may_be_packed_smaller_than_the_others(tmp_path: Path):
    text = 'packing = "standard"\n[kind.decision]\npacking = "compact"\n'
    found = office(tmp_path, text)
    assert found.problems == ()
    assert found.packing_of("decision") == "compact"
    assert found.packing_of("declaration") == "standard"
    assert found.models == "fast"


@pytest.mark.parametrize(
    ("text", "slug", "line"),
    [
        ('\npacking = "tiny"\n', "profile.wrong_value", 2),
        ("packing = 3\n", "profile.wrong_value", 1),
        ('models = "models"\n', "profile.wrong_value", 1),
        ("models = 3\n", "profile.wrong_value", 1),
        ('models = "/no/such/folder"\n', "profile.wrong_value", 1),
        ('packing = "standard"\nspeed = 3\n', "profile.unknown_key", 2),
        ('[kind.decision]\npacking = "tiny"\n', "profile.wrong_value", 2),
        ('[kind.nobody]\npacking = "compact"\n', "profile.wrong_value", 1),
        ('[kind.decision]\npacking = "compact"\nx = 1\n', "profile.unknown_key", 3),
        ("[kind]\ndecision = 1\n", "profile.wrong_value", 2),
        ("kind = 3\n", "profile.wrong_value", 1),
        ("packing = \n", "profile.broken", 1),
    ],
)
def test_a_fault_is_named_with_its_line_and_never_makes_papers_smaller(
    tmp_path: Path, text: str, slug: str, line: int
):
    found = office(tmp_path, text)
    assert [(problem.slug, problem.params["line"]) for problem in found.problems] == [(slug, line)]
    assert found.packing_of("declaration") in {"faithful", "standard"}
    if slug != "profile.unknown_key":
        assert found.packing_of("decision") == "faithful"


def test_a_file_nobody_can_read_leaves_papers_as_they_are(tmp_path: Path):
    (tmp_path / "papers.toml").mkdir()
    found = load(tmp_path / "papers.toml")
    assert [problem.slug for problem in found.problems] == ["profile.unreadable"]
    assert found.packing_of("decision") == "faithful"


@pytest.fixture
def fresh(bench: Bench) -> Iterator[Bench]:
    yield bench
    with transaction(bench.db):
        bench.db.execute("DELETE FROM setting WHERE key='ocr.models'")


def test_a_paper_is_packed_as_small_as_its_kind_may_be_and_the_journal_says_so(
    bench: Bench, files: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COUNTER_STATION_ADMIN", str(tmp_path))
    (tmp_path / "papers.toml").write_text('[kind.minutes]\npacking = "compact"\n', "utf-8")
    dossier = bench.read(files)
    review.confirm(bench.office, dossier)
    bench.work()
    kept: dict[str, tuple[int, str]] = {}
    for paper in dossiers.documents(bench.db, dossier):
        assert paper.unsigned is not None
        pdf = bench.vault.blobs.read(paper.unsigned)
        assert validate(pdf).passed
        sql = "SELECT body FROM journal WHERE ref=? AND what='document.composed'"
        (row,) = fetch(bench.db, sql, [paper.id])
        kept[paper.kind] = len(pdf) // (paper.pages or 1), json.loads(row["body"])["packing"]
    assert kept["application"][1] == "faithful"
    assert kept["minutes"][1] == "compact"
    assert kept["minutes"][0] * 10 < kept["application"][0]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with models of its own."""
    usual = paths.tessdata()
    assert usual is not None
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("vie", "osd"):
        (folder / f"{name}.traineddata").symlink_to(usual / f"{name}.traineddata")
    return folder


def test_pages_are_read_with_the_models_of_the_office(
    fresh: Bench,
    files: tuple[Path, ...],
    tmp_path: Path,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("COUNTER_STATION_ADMIN", str(tmp_path))
    (tmp_path / "papers.toml").write_text(f'models = "{models}"\n', "utf-8")
    paper_files.remember(fresh.office)
    dossier = fresh.dossier()
    fresh.feed(dossier, files[1:2])
    fresh.work()
    (page,) = fresh.pages(dossier)
    assert page.text is not None
    jobs = [job for job in fresh.vault.jobs.by_dossier(dossier) if job.stage == "read"]
    assert [job.params["models"] for job in jobs] == [str(models)]


def test_the_models_of_the_office_are_remembered_for_the_workers(
    fresh: Bench, tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COUNTER_STATION_ADMIN", str(tmp_path))
    paper_files.remember(fresh.office)
    assert dossiers.setting(fresh.db, "ocr.models", "unset") == "unset", "the usual needs no row"
    (tmp_path / "papers.toml").write_text(f'models = "{models}"\n', "utf-8")
    paper_files.remember(fresh.office)
    assert dossiers.setting(fresh.db, "ocr.models") == str(models)
    (tmp_path / "papers.toml").unlink()
    paper_files.remember(fresh.office)
    assert dossiers.setting(fresh.db, "ocr.models") == "fast"
