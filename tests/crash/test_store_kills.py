"""Killed at any instant, nothing that was promised is lost and nothing is done twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest

from app.domain.ids import BlobId
from app.store import journal
from app.store.boot import boot_id
from app.store.database import fetch
from app.store.hops import HOPS, VARIABLE
from app.store.jobs import Jobs
from app.store.vault import Vault, open_vault
from tests.store.children import MASTER, check_pages, page_of, result_of
from tests.store.promises import job

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60


def start(verb: str, home: Path, *args: object, hop: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.children", verb, str(home), *map(str, args)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop(VARIABLE, None)
    if hop:
        environment[VARIABLE] = hop
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


class Oracle:
    """What was promised, written down by another process than the one that gets killed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def hear(self, text: str) -> None:
        with self._path.open("a") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def lines(self, kind: str) -> list[list[str]]:
        words = [line.split() for line in self._path.read_text().splitlines()]
        return [rest for first, *rest in words if first == kind]


def run(oracle: Oracle, verb: str, home: Path, *args: object, hop: str = "") -> int:
    child = start(verb, home, *args, hop=hop)
    out, err = child.communicate(timeout=DEADLINE_S)
    oracle.hear(out)
    assert "Traceback" not in err, err
    return child.returncode


def assert_clean(vault: Vault, home: Path, pages: dict[int, BlobId]) -> None:
    """Rows, files and journal agree, and a sweep leaves exactly what rows speak of."""
    assert fetch(vault.db, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    check = journal.verify(vault.db)
    assert (check.ok, check.rows) == (True, len(pages))
    rows = [BlobId(row["id"]) for row in fetch(vault.db, "SELECT id FROM blob")]
    assert set(rows) == set(pages.values())
    vault.sweep_orphans(time.time() + 7200)
    names = sorted(path.name for path in (home / "blobs").glob("*/*"))
    assert names == sorted(vault.blobs.name_of(blob) for blob in rows)
    assert list((home / "tmp").iterdir()) == []


@pytest.mark.parametrize("passing", [1, 4])
@pytest.mark.parametrize("hop", [name for name in HOPS if name.startswith("blob.")])
def test_a_kill_while_a_page_is_stored_loses_no_page_that_was_shown(
    tmp_path: Path, hop: str, passing: int
):
    home, oracle = tmp_path / "home", Oracle(tmp_path / "oracle")
    assert run(oracle, "store_pages", home, 0, 6, hop=f"{hop}:{passing}") == -signal.SIGKILL
    promised = {int(number): blob for number, blob in oracle.lines("stored")}
    assert len(promised) == passing - 1
    vault = open_vault(home, MASTER)
    found = check_pages(vault)
    assert promised.items() <= found.items()
    assert_clean(vault, home, found)
    vault.close()
    assert run(oracle, "store_pages", home, 0, 6) == 0
    vault = open_vault(home, MASTER)
    found = check_pages(vault)
    assert sorted(found) == list(range(6))
    assert_clean(vault, home, found)
    vault.close()


def test_kills_at_random_instants_lose_no_page_that_was_shown(tmp_path: Path):
    seed = int(os.environ.get("COUNTER_STATION_SEED", uuid.uuid4().int % 10**6))
    print("seed", seed)
    chance = random.Random(seed)
    home, oracle = tmp_path / "home", Oracle(tmp_path / "oracle")
    for round_number in range(8):
        child = start("store_pages", home, round_number * 100, 100)
        heard = ""
        assert child.stdout is not None
        for _ in range(chance.randrange(1, 25)):
            heard += child.stdout.readline()
        child.kill()
        rest, err = child.communicate(timeout=DEADLINE_S)
        oracle.hear(heard + rest)
        assert "Traceback" not in err, err
    promised = {int(number): blob for number, blob in oracle.lines("stored")}
    assert len(promised) >= 8
    vault = open_vault(home, MASTER)
    found = check_pages(vault)
    assert promised.items() <= found.items()
    assert_clean(vault, home, found)
    vault.close()


def supervise(oracle: Oracle, home: Path, vault: Vault, hops: list[str]) -> int:
    """Workers one after another until one ends by itself; the number of deaths."""
    deaths = 0
    while deaths < 20:
        owner = f"image-{uuid.uuid4()}"
        hop = hops.pop(0) if hops else ""
        if run(oracle, "work", home, owner, hop=hop) == 0:
            return deaths
        deaths += 1
        vault.jobs.free_owner(owner)
    pytest.fail("the workers die for ever")


def assert_each_done_once(vault: Vault, numbers: set[int]) -> None:
    for row in fetch(vault.db, "SELECT id FROM job"):
        done = vault.jobs.get(row["id"])
        if done.params["n"] not in numbers:
            continue
        assert done.state == "done", done
        assert done.output is not None
        expected = result_of(done.params, page_of(done.params["n"])[:30_000])
        assert vault.blobs.read(done.output) == expected
    ends = Counter(
        row["ref"] for row in fetch(vault.db, "SELECT ref FROM journal WHERE what='job.done'")
    )
    assert set(ends.values()) == {1}
    assert len(ends) == len(numbers)
    assert journal.verify(vault.db).ok


@pytest.mark.parametrize("hop", [name for name in HOPS if name.startswith("job.")])
def test_a_kill_in_the_middle_of_a_job_does_it_once(tmp_path: Path, hop: str):
    home, oracle = tmp_path / "home", Oracle(tmp_path / "oracle")
    assert run(oracle, "add_jobs", home, 5) == 0
    vault = open_vault(home, MASTER)
    assert supervise(oracle, home, vault, [f"{hop}:1", f"{hop}:3"]) == 2
    assert_each_done_once(vault, set(range(5)))
    attempts = sum(vault.jobs.get(n).attempts for n in range(1, 6))
    assert attempts == (0 if hop == "job.after_complete" else 2)
    for number, blob in oracle.lines("done"):
        assert vault.jobs.get(int(number)).output == blob
    vault.close()


def test_a_poisonous_job_is_set_aside_and_its_neighbours_are_done(tmp_path: Path):
    home, oracle = tmp_path / "home", Oracle(tmp_path / "oracle")
    assert run(oracle, "add_jobs", home, 12, 4) == 0
    vault = open_vault(home, MASTER)
    assert supervise(oracle, home, vault, []) == 3
    assert vault.jobs.counts() == {"done": 11, "quarantined": 1}
    assert_each_done_once(vault, set(range(12)) - {4})
    poison = next(j for n in range(1, 13) if (j := vault.jobs.get(n)).state == "quarantined")
    assert (poison.params["n"], poison.attempts) == (4, 3)
    assert poison.error is not None
    assert poison.error.slug == "store.worker_died"
    vault.close()


def test_a_worker_that_was_stopped_past_its_lease_hands_nothing_in(tmp_path: Path):
    home, oracle = tmp_path / "home", Oracle(tmp_path / "oracle")
    assert run(oracle, "add_jobs", home, 1) == 0
    vault = open_vault(home, MASTER)
    child = start("hold", home, "slow")
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        assert child.stdout.readline().split()[0] == "claimed"
        os.kill(child.pid, signal.SIGSTOP)
        child.stdin.write("go\n")
        child.stdin.flush()
        assert vault.jobs.expire(time.monotonic(), boot_id()) == ()
        assert vault.jobs.expire(time.monotonic() + 6.0, boot_id()) == ((1, "ready"),)
        assert run(oracle, "work", home, "quick") == 0
        before = vault.jobs.get(1)
        assert before.state == "done"
    finally:
        os.kill(child.pid, signal.SIGCONT)
        out, err = child.communicate(timeout=DEADLINE_S)
    assert out.split() == ["beat", "False", "complete", "False", "finished"], err
    assert vault.jobs.get(1) == before
    assert_each_done_once(vault, {0})
    vault.close()


def test_four_processes_claim_each_job_exactly_once(tmp_path: Path):
    home, oracle = tmp_path / "home", Oracle(tmp_path / "oracle")
    vault = open_vault(home, MASTER)
    vault.db.conn.execute("BEGIN IMMEDIATE")
    ids = {str(vault.jobs.add(job("race", n=n))) for n in range(200)}
    vault.db.conn.execute("COMMIT")
    children = [start("claim_all", home, f"claimer-{n}") for n in range(4)]
    for child in children:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        out, err = child.communicate(timeout=DEADLINE_S)
        assert child.returncode == 0, err
        oracle.hear(out)
    claims = Counter(number for (number,) in oracle.lines("claimed"))
    assert set(claims) == ids
    assert set(claims.values()) == {1}
    assert Jobs(vault.db).counts() == {"done": 200}
    vault.close()


def test_a_hop_without_the_variable_does_nothing(tmp_path: Path):
    oracle = Oracle(tmp_path / "oracle")
    assert run(oracle, "store_pages", tmp_path / "home", 0, 1, hop="no.such_hop") == 0
    assert oracle.lines("finished") == [[]]
