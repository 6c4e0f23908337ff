"""Bells are hints that survive noise; a job's key says exactly what is computed."""

from __future__ import annotations

import dataclasses
import io
import os
from pathlib import Path

import pytest

from app.clock import unix_ms
from app.domain.errors import Defect, Trouble
from app.domain.ids import BlobId, DossierId
from app.pipeline import doorbell
from app.pipeline.stage import STAGES, of_kind
from app.pipeline.worker import _retry_at
from app.store.jobs import boot_id
from tests.desk.desk_kit import Bench

A, B = BlobId("aa" * 32), BlobId("bb" * 32)
ONE, OTHER = DossierId("one"), DossierId("other")


def test_noise_between_bells_is_passed_over():
    pipe = io.BytesIO(
        b'{"ev":"ready"}\nvendor: hello\n\xff\xfe\n[1]\n"x"\n\n{"ev":"job","id":1}\n{"ev":"cut'
    )
    assert [line["ev"] for line in doorbell.lines(pipe)] == ["ready", "job"]


def test_a_line_without_end_does_not_fill_the_memory():
    pipe = io.BytesIO(b"x" * (3 * doorbell.MAX_LINE) + b'\n{"ev":"ready"}\n')
    assert [line["ev"] for line in doorbell.lines(pipe)] == ["ready"]


def test_a_bell_nobody_hears_is_no_trouble():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", buffering=0) as pipe:
        bells = doorbell.Bells(pipe)
        assert not bells.write({"ev": "job"})
        bells("ready")


def test_what_is_rung_is_heard(tmp_path: Path):
    path = tmp_path / "bells"
    with path.open("wb") as pipe:
        doorbell.Bells(pipe)("page", page="ă", n=1)
    with path.open("rb") as pipe:
        assert list(doorbell.lines(pipe)) == [{"ev": "page", "page": "ă", "n": 1}]


@pytest.mark.parametrize("data", [b"", b"\x00\x00", b"\x00\x00\x00\x10" + bytes(32), bytes(36)])
def test_half_a_key_is_no_key(data: bytes):
    with pytest.raises(Defect) as caught:
        doorbell.read_key(io.BytesIO(data))
    assert caught.value.slug == "worker.no_key"


def test_a_key_comes_through_as_it_is():
    pipe = io.BytesIO()
    doorbell.write_key(pipe, bytes(range(32)))
    pipe.seek(0)
    assert doorbell.read_key(pipe) == bytes(range(32))


def test_every_stage_has_its_code_and_one_kind_of_worker():
    for stage in STAGES.values():
        assert callable(stage.load())
        assert stage.name in of_kind(stage.kind)
    assert [s.name for s in STAGES.values() if s.job_class == "human"] == ["scan", "sign"]
    assert [s.name for s in STAGES.values() if s.job_class == "repeatable"] == [
        "register",
        "deliver",
    ]


def test_pure_work_on_the_same_bytes_is_one_job_whoever_asks():
    clean = STAGES["clean"]
    params = {"recipe": {}, "dpi": 300}
    key = clean.job(ONE, (A,), params).key
    assert clean.job(OTHER, (A,), dict(reversed(params.items())), priority=0).key == key
    for other in (
        clean.job(ONE, (B,), params),
        clean.job(ONE, (A,), {**params, "dpi": 200}),
        clean.job(ONE, (A,), {**params, "recipe": {"rotation_deg": 90}}),
        STAGES["read"].job(ONE, (A,), params),
    ):
        assert other.key != key


def test_a_version_names_the_libraries_that_shape_the_result():
    assert "opencv" in STAGES["clean"].version
    assert "pikepdf" in STAGES["compose"].version


@pytest.fixture
def bench(tmp_path: Path):
    opened = Bench(tmp_path / "home")
    yield opened
    opened.close()


def test_tries_at_a_portal_that_is_down_become_rarer(bench: Bench):
    """Otherwise five hundred waiting dossiers knock every second until it is up again."""
    stage = STAGES["register"]
    job = bench.vault.jobs.get(bench.vault.jobs.add(stage.job(ONE, (), {"n": 1})))
    offline = Trouble("sync.offline")
    soon = [_retry_at(job, offline) for _ in range(20)]
    assert all(at is not None and 0 < at - unix_ms() / 1000 <= 2 for at in soon)
    old = dataclasses.replace(job, created="2020-01-01T00:00:00Z")
    late = [_retry_at(old, offline) for _ in range(20)]
    assert all(at is not None and 60 < at - unix_ms() / 1000 <= 300 for at in late)
    assert len(set(late)) > 1
    full = [_retry_at(old, Trouble("store.disk_full")) for _ in range(20)]
    assert all(at is not None and at - unix_ms() / 1000 <= 10 for at in full)


@pytest.mark.parametrize("stage", ["scan", "sign"])
def test_what_a_person_takes_part_in_is_never_tried_again_by_itself(bench: Bench, stage: str):
    job = bench.vault.jobs.get(bench.vault.jobs.add(STAGES[stage].job(ONE, (), {"n": stage})))
    for slug in ("sync.offline", "store.disk_full", "scan.jam"):
        assert _retry_at(job, Trouble(slug)) is None
    assert _retry_at(job, Defect("defect.unexpected")) is None
    assert boot_id()


def test_a_missing_parameter_is_a_defect_and_the_page_is_set_aside(bench: Bench, small_pages: Path):
    """Three tries, then quarantine: it does not come back for ever."""
    blob = bench.vault.blobs.put(min(small_pages.glob("*.jpg")).read_bytes())
    bad = bench.vault.jobs.add(STAGES["thumb"].job(ONE, (blob,), {}))
    for attempt in (1, 2, 3):
        bench.db.execute("UPDATE job SET not_before=NULL WHERE id=?", [bad])
        bench.work()
        assert bench.vault.jobs.get(bad).attempts == attempt
    job = bench.vault.jobs.get(bad)
    assert job.state == "quarantined"
    assert job.error is not None
    assert job.error.slug == "job.param"
