"""Workers die, freeze and come again; their jobs are done once and nobody else suffers."""

from __future__ import annotations

import dataclasses
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import paths
from app.desk import papers, reception, review, signing, training
from app.desk.opening import posts
from app.desk.reception import ScanProfile
from app.domain.dossier import MOVES
from app.pipeline.doorbell import write_key
from app.pipeline.supervisor import DEATHS, Supervisor
from app.store import dossiers, journal
from app.store.jobs import boot_id
from tests.pipeline.counter import Counter


def scanned(counter: Counter, pages: Path):
    """A dossier whose sides have arrived."""
    dossier = counter.dossier()
    reception.start_scan(counter.office, dossier, ScanProfile(f"simulated:{pages}"))
    counter.wait(lambda: reception.scan_status(counter.office, dossier).state == "complete")
    reception.confirm_count(counter.office, dossier)
    return dossier


def test_a_dead_worker_is_replaced_and_its_job_done_once(counter: Counter, long_pages: Path):
    counter.start(["scan", "image"])
    dossier = scanned(counter, long_pages)
    counter.wait(lambda: any(j.state == "leased" for j in counter.jobs(dossier, "read")))
    before = counter.supervisor.pids() if counter.supervisor else {}
    for pid in [pid for pid, kind in before.items() if kind == "image"]:
        os.kill(pid, signal.SIGKILL)
    counter.wait(lambda: review.progress(counter.office, dossier).read == 3)
    assert counter.supervisor is not None
    assert not set(counter.supervisor.pids()) & {p for p, k in before.items() if k == "image"}
    counter.wait(lambda: counter.settled(dossier))
    assert {j.state for j in counter.vault.jobs.by_dossier(dossier)} == {"done"}
    attempts = [j.attempts for j in counter.jobs(dossier, "read")]
    assert sum(attempts) >= 1
    assert max(attempts) == 1


def test_five_deaths_in_a_minute_switch_one_kind_off_and_the_others_work(
    counter: Counter, small_pages: Path
):
    counter.start(["scan", "sign"])
    for number in range(1, DEATHS + 1):
        counter.kill("sign")
        counter.wait_event("worker_died", number, kind="sign")
        if number < DEATHS:
            counter.wait_event("ready", number + 1, kind="sign")
    counter.wait_event("worker_off", kind="sign")
    assert counter.supervisor is not None
    assert set(counter.supervisor.pids().values()) == {"scan"}
    assert len(dossiers.pages(counter.db, scanned(counter, small_pages))) == 3


def test_a_frozen_workers_job_goes_to_another_and_its_late_result_is_refused(
    counter: Counter, long_pages: Path
):
    supervisor = counter.start(["scan", "image"])
    dossier = scanned(counter, long_pages)
    reading = lambda: [j for j in counter.jobs(dossier, "read") if j.state == "leased"]  # noqa: E731
    counter.wait(lambda: bool(reading()))
    owner = str(reading()[0].owner)
    frozen = int(owner.split("-")[1])
    os.kill(frozen, signal.SIGSTOP)
    held = [j.id for j in counter.vault.jobs.by_dossier(dossier) if j.owner == owner]
    counter.vault.jobs.free_owner(owner)
    second = Supervisor(
        counter.vault,
        counter.opening.master.value,
        [post for post in posts(counter.home, stay=False) if post.kind == "image"],
        counter._hear,
    )
    second.start()
    try:
        counter.wait(lambda: review.progress(counter.office, dossier).read == 3)
        results = {job: counter.vault.jobs.get(job).output for job in held}
        os.kill(frozen, signal.SIGCONT)
        counter.wait(lambda: counter.settled(dossier))
        supervisor.close()
    finally:
        second.close()
    assert {job: counter.vault.jobs.get(job).output for job in held} == results
    assert all(counter.vault.jobs.get(job).state == "done" for job in held)
    assert journal.verify(counter.db).ok


def test_leases_of_a_worker_that_only_hangs_run_out(counter: Counter, small_pages: Path):
    """Nobody sees it die: the lease is what frees its work."""
    counter.start(["scan", "image"])
    dossier = scanned(counter, small_pages)
    counter.wait(lambda: review.progress(counter.office, dossier).read == 3)
    counter.stop()
    page = dossiers.pages(counter.db, dossier)[0]
    review.rotate(counter.office, dossier, [page.id], 90)
    job = counter.vault.jobs.claim("image-1-1", boot_id(), ["clean"], time.monotonic(), 0.0)
    assert job is not None
    assert counter.vault.jobs.expire(time.monotonic() + 1, boot_id()) == ((job.id, "ready"),)
    counter.start(["image"])
    counter.wait(lambda: review.progress(counter.office, dossier).read == 3)


def test_a_worker_ends_by_itself_when_its_desk_is_gone(counter: Counter):
    for kind in ("image", "sign", "scan", "sync"):
        argv = [*paths.command(), "work", kind, "--home", str(counter.home)]
        worker = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            write_key(worker.stdin, counter.opening.master.value)
            assert b'"ready"' in worker.stdout.readline()
            worker.stdin.close()
            assert worker.wait(20) == 0
        finally:
            worker.kill()
            worker.wait(10)
            worker.stdout.close()


@pytest.mark.parametrize(
    "key", [b"", b"\x00\x00\x00\x20" + b"x" * 7, b"\x00\x00\x00\x20" + bytes(32)]
)
def test_without_the_right_key_a_worker_does_nothing(counter: Counter, key: bytes):
    argv = [*paths.command(), "work", "image", "--home", str(counter.home)]
    done = subprocess.run(argv, input=key, capture_output=True, timeout=60, check=False)
    assert done.returncode != 0
    assert b"ready" not in done.stdout
    assert counter.opening.master.value.hex().encode() not in done.stderr


def test_the_pin_reaches_no_worker_and_no_log(counter: Counter, small_pages: Path):
    """From paper to a sealed dossier; the secret is looked for in every process meanwhile."""
    supervisor = counter.start(["scan", "image", "sign"])
    token = training.practice_token(counter.opening)
    dossier = scanned(counter, small_pages)
    counter.wait(lambda: review.progress(counter.office, dossier).settled)
    papers.accept_papers(counter.office, dossier, papers.propose_papers(counter.office, dossier))
    review.confirm(counter.office, dossier)
    signing.start(counter.office, dossier, token.signer)
    counter.wait(
        lambda: {p.state for p in signing.status(counter.office, dossier)} == {"waits_for_token"}
    )
    assert dossiers.get(counter.db, dossier).state == "signing"
    training.log_in(supervisor.token, token)
    told = [_told(pid) for pid in _family(os.getpid())]
    assert len(told) > len(supervisor.pids())  # the token's own process is looked at too
    counter.wait(lambda: dossiers.get(counter.db, dossier).state == "sealed")
    secrets = [token.pin.encode(), counter.opening.master.value.hex().encode()]
    assert not [text for text in told for secret in secrets if secret in text]
    logs = b"".join(path.read_bytes() for path in counter.opening.config.rglob("*.jsonl*"))
    assert token.pin.encode() not in logs
    assert "Nguyễn".encode() not in logs
    _moved_only_along_moves(counter, dossier)


def _moved_only_along_moves(counter: Counter, dossier) -> None:
    states = [what.removeprefix("dossier.") for what, _ in counter.journal(dossier)]
    path = ["draft", *(state for state in states if state in MOVES)]
    assert path[-1] == "sealed"
    for before, after in itertools.pairwise(path):
        assert after in MOVES[before]


def _family(pid: int) -> list[int]:
    """All descendants of ``pid``."""
    found, border = [], [pid]
    while border:
        task = Path(f"/proc/{border.pop()}/task")
        for thread in task.iterdir() if task.exists() else ():
            children = [int(word) for word in (thread / "children").read_text().split()]
            found += children
            border += children
    return found


def _told(pid: int) -> bytes:
    folder = Path(f"/proc/{pid}")
    try:
        return (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
    except OSError:
        return b""


SOON_TIRED = """
import sys
sys.path.insert(0, {root!r})
from app.pipeline import worker
worker.MOST_JOBS = 3
import runpy
sys.argv[0] = "main.py"
runpy.run_path({main!r}, run_name="__main__")
"""


def test_a_worker_that_served_long_makes_way_and_nobody_counts_it_as_a_death(
    counter: Counter, small_pages: Path, tmp_path: Path
):
    main = Path(paths.command()[-1])
    script = tmp_path / "soon_tired.py"
    script.write_text(SOON_TIRED.format(root=str(main.parent), main=str(main)), "utf-8")
    tired = [
        dataclasses.replace(post, command=(sys.executable, str(script)))
        if post.kind == "image"
        else post
        for post in posts(counter.home, stay=False)
        if post.kind in {"scan", "image"}
    ]
    counter.supervisor = Supervisor(
        counter.vault, counter.opening.master.value, tired, counter._hear
    )
    counter.supervisor.start()
    counter.supervisor.wait_ready()
    dossier = scanned(counter, small_pages)
    counter.wait(lambda: counter.settled(dossier))
    assert review.progress(counter.office, dossier).read == 3
    images = [
        line for line in counter.heard if (line.get("ev"), line.get("kind")) == ("ready", "image")
    ]
    assert len(images) >= DEATHS + 1, "twelve jobs and more, three to a worker"
    assert not [line for line in counter.heard if line.get("ev") in {"worker_died", "worker_off"}]
