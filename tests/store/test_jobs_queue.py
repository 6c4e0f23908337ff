"""The queue gives each job to one process, the most urgent first, and forgets none."""

from __future__ import annotations

import math
import time

import pytest

from app.domain.errors import Defect, Trouble
from app.domain.ids import BlobId, DossierId, JobId
from app.store import journal
from app.store.boot import boot_id
from app.store.database import fetch, transaction
from app.store.jobs import Jobs, NewJob
from app.store.vault import Vault
from tests.store.promises import AT, claim, job, line


def test_a_job_is_named_by_what_it_computes(vault: Vault):
    blob = BlobId("ab" * 32)
    one = NewJob("clean", "1", "pure", DossierId("d"), (blob,), {"a": 1, "b": [True, None, "ế"]})
    same = NewJob("clean", "1", "pure", None, (blob,), {"b": [True, None, "ế"], "a": 1}, 0)
    assert one.key == same.key
    assert vault.jobs.add(one) == vault.jobs.add(same)
    others = [
        NewJob("read", "1", "pure", None, (blob,), one.params),
        NewJob("clean", "2", "pure", None, (blob,), one.params),
        NewJob("clean", "1", "pure", None, (blob, blob), one.params),
        NewJob("clean", "1", "pure", None, (), one.params),
        NewJob("clean", "1", "pure", None, (blob,), {"a": 1}),
    ]
    assert len({one.key, *(other.key for other in others)}) == 6
    stored = vault.jobs.get(vault.jobs.add(one))
    assert (stored.key, stored.inputs, stored.params) == (one.key, one.inputs, one.params)
    assert (stored.state, stored.dossier, stored.priority) == ("ready", "d", 10)
    with pytest.raises(ValueError, match="JSON"):
        vault.jobs.add(job(n=math.nan))


def test_adding_joins_the_callers_transaction(vault: Vault):
    class Stop(Exception):
        pass

    with pytest.raises(Stop), transaction(vault.db):  # noqa: PT012 - two steps, one block
        vault.jobs.add(job())
        raise Stop
    assert vault.jobs.counts() == {}
    vault.jobs.add(job())
    assert vault.jobs.counts() == {"ready": 1}


def test_the_most_urgent_job_comes_first_and_the_oldest_among_equals(vault: Vault):
    ids = [vault.jobs.add(job(n=n, priority=p)) for n, p in enumerate((20, 10, 0, 10, 30))]
    order = [held.id for _ in ids if (held := claim(vault, "w"))]
    assert order == [ids[2], ids[1], ids[3], ids[0], ids[4]]
    assert claim(vault, "w") is None


def test_a_worker_is_given_only_what_it_can_do_and_is_meant_for(vault: Vault):
    vault.jobs.add(job("read", n=1))
    urgent = vault.jobs.add(job("thumb", n=2, priority=0))
    assert vault.jobs.claim("w", "b", ["clean"], 0.0, 9.0) is None
    assert vault.jobs.claim("w", "b", [], 0.0, 9.0) is None
    held = vault.jobs.claim("w", "b", ["read", "thumb"], 0.0, 9.0, max_priority=0)
    assert held is not None
    assert (held.id, held.owner, held.boot, held.lease_until) == (urgent, "w", "b", 9.0)
    assert vault.jobs.claim("w", "b", ["read", "thumb"], 0.0, 9.0, max_priority=0) is None


def test_a_job_waits_for_its_time(vault: Vault):
    vault.jobs.add(job(not_before=1000.0))
    take = {"owner": "w", "boot": "b", "stages": ["clean"], "now_mono": 0.0, "lease_s": 9.0}
    assert vault.jobs.claim(**take, now_s=999.0) is None
    assert vault.jobs.claim(**take, now_s=1000.0) is not None
    vault.jobs.add(job(n=1, not_before=time.time() + 3600))
    assert vault.jobs.claim(**take) is None


def test_a_beat_keeps_the_lease(vault: Vault):
    number = vault.jobs.add(job())
    assert claim(vault, "w")
    assert vault.jobs.beat(number, "w", 100.0)
    assert vault.jobs.expire(99.0, "boot-1") == ()
    assert vault.jobs.expire(100.5, "boot-1") == ((number, "ready"),)
    assert not vault.jobs.beat(number, "w", 200.0)


def test_completing_writes_everything_or_nothing(vault: Vault):
    number = vault.jobs.add(job())
    assert claim(vault, "w")
    out = vault.blobs.put(b"result")

    def breaks(db) -> None:
        line(db, 1)
        vault.jobs.add(job("next"))
        raise Trouble("test.trouble")

    with pytest.raises(Trouble, match=r"test\.trouble"):
        vault.jobs.complete(number, "w", out, breaks)
    assert vault.jobs.counts() == {"leased": 1}
    assert journal.head(vault.db)[0] == 0
    assert fetch(vault.db, "SELECT * FROM blob") == []

    def follows(db) -> None:
        line(db, 1)
        vault.jobs.add(job("next"))

    assert vault.jobs.complete(number, "w", out, follows)
    assert vault.jobs.counts() == {"done": 1, "ready": 1}
    assert journal.head(vault.db)[0] == 1
    assert [row["id"] for row in fetch(vault.db, "SELECT id FROM blob")] == [out]
    assert vault.jobs.get(number).owner is None


def test_jobs_without_a_blob_store_hand_in_no_output(vault: Vault):
    jobs = Jobs(vault.db)
    number = jobs.add(job())
    assert claim(vault, "w")
    with pytest.raises(Defect, match="no_blob_store"):
        jobs.complete(number, "w", vault.blobs.put(b"x"), None)
    assert jobs.complete(number, "w", None, None)


FAILURES = (
    # class, counts, retry at → state, attempts
    ("pure", False, None, "failed", 0),
    ("pure", False, 50.0, "ready", 0),
    ("pure", True, None, "ready", 1),
    ("pure", True, 50.0, "ready", 1),
    ("repeatable", False, None, "failed", 0),
    ("repeatable", False, 50.0, "ready", 0),
    ("repeatable", True, None, "in_doubt", 1),
    ("repeatable", True, 50.0, "ready", 1),
    ("human", False, None, "failed", 0),
    ("human", True, None, "in_doubt", 1),
)


@pytest.mark.parametrize("case", FAILURES, ids=str)
def test_what_a_failure_means(vault: Vault, case):
    job_class, counts, retry_at, state, attempts = case
    number = vault.jobs.add(job(job_class=job_class))
    assert claim(vault, "w")
    params = {"sheet": 3}
    assert vault.jobs.fail(number, "w", "scan.jam", params, retry_at=retry_at, counts=counts)
    after = vault.jobs.get(number)
    assert (after.state, after.attempts, after.not_before) == (state, attempts, retry_at)
    assert after.error is not None
    assert (after.error.slug, after.error.params) == ("scan.jam", params)
    assert not vault.jobs.fail(number, "w", "scan.jam", params, retry_at=None, counts=counts)


def test_the_third_defect_sets_a_pure_job_aside(vault: Vault):
    number = vault.jobs.add(job())
    for state in ("ready", "ready", "quarantined"):
        assert claim(vault, "w")
        vault.jobs.fail(number, "w", "x.y", {}, retry_at=None, counts=True)
        assert vault.jobs.get(number).state == state


def test_an_orderly_shutdown_counts_no_attempt(vault: Vault):
    expected = [
        ("pure", False, "ready"),
        ("repeatable", False, "in_doubt"),
        ("repeatable", True, "ready"),
        ("human", False, "in_doubt"),
        ("human", True, "in_doubt"),
    ]
    for n, (job_class, untouched, state) in enumerate(expected):
        number = vault.jobs.add(job(f"stage-{n}", job_class))
        assert claim(vault, "w", f"stage-{n}")
        assert vault.jobs.release(number, "w", untouched=untouched)
        after = vault.jobs.get(number)
        assert (after.state, after.attempts, after.error) == (state, 0, None)


def test_doubt_is_for_effects(vault: Vault):
    pure, sent = vault.jobs.add(job()), vault.jobs.add(job("send", "repeatable"))
    assert claim(vault, "w")
    assert claim(vault, "w", "send")
    with pytest.raises(Defect, match="pure_doubt"):
        vault.jobs.doubt(pure, "w")
    assert vault.jobs.doubt(sent, "w")
    assert vault.jobs.get(sent).state == "in_doubt"


def test_a_death_frees_only_the_dead_ones_jobs(vault: Vault):
    ids = [vault.jobs.add(job(n=n)) for n in range(3)]
    for owner in ("a", "b", "a"):
        assert claim(vault, owner)
    assert vault.jobs.free_owner("a") == ((ids[0], "ready"), (ids[2], "ready"))
    assert vault.jobs.free_owner("nobody") == ()
    assert vault.jobs.get(ids[1]).owner == "b"
    freed = vault.jobs.get(ids[0])
    assert freed.error is not None
    assert (freed.error.slug, freed.attempts) == ("store.worker_died", 1)


def put_in(vault: Vault, state: str, job_class: str, n: int):
    """The id of a job that is in ``state``."""
    stage = f"stage-{n}"
    number = vault.jobs.add(job(stage, job_class))
    if state == "cancelled":
        assert vault.jobs.resolve(number, "cancelled", "clerk", at=AT, boot="b", mono=0.0)
    if state in {"ready", "cancelled"}:
        return number
    for _ in range(3 if state == "quarantined" else 1):
        assert claim(vault, "w", stage)
        if state == "done":
            vault.jobs.complete(number, "w", None, None)
        if state == "failed":
            vault.jobs.fail(number, "w", "x.y", {}, retry_at=None, counts=False)
        if state in {"in_doubt", "quarantined"}:
            vault.jobs.free_owner("w")
    assert vault.jobs.get(number).state == state
    return number


STATES = ("ready", "leased", "done", "failed", "quarantined", "in_doubt", "cancelled")
ALLOWED = {
    ("in_doubt", "ready"), ("in_doubt", "failed"), ("in_doubt", "cancelled"), ("in_doubt", "done"),
    ("failed", "ready"), ("failed", "cancelled"), ("quarantined", "ready"),
    ("quarantined", "cancelled"), ("cancelled", "ready"), ("ready", "cancelled"),
}  # fmt: skip


def test_a_person_moves_a_job_only_along_the_written_ways_and_it_is_journalled(vault: Vault):
    seen = 0
    pairs = [(state, to) for state in STATES for to in STATES]
    for n, (state, to) in enumerate(pairs):
        job_class = "pure" if state == "quarantined" else "human"
        number = put_in(vault, state, job_class, n)
        lines = journal.head(vault.db)[0]
        moved = vault.jobs.resolve(
            number, to, "clerk.lan", at=AT, boot="b", mono=1.0, by_person=True
        )  # fmt: skip
        assert moved == ((state, to) in ALLOWED), (state, to)
        assert vault.jobs.get(number).state == (to if moved else state)
        assert journal.head(vault.db)[0] == lines + moved
        seen += moved
    assert seen == len(ALLOWED)
    last = fetch(vault.db, "SELECT * FROM journal WHERE what='job.ready' ORDER BY n LIMIT 1")[0]
    assert last["who"] == "clerk.lan"


def test_only_doubt_can_be_resolved_by_a_machine(vault: Vault):
    args = {"at": AT, "boot": "b", "mono": 1.0}
    sent = put_in(vault, "in_doubt", "repeatable", 1)
    assert vault.jobs.resolve(sent, "ready", "station", **args)
    assert vault.jobs.get(sent).attempts == 1
    for n, state in enumerate(("failed", "quarantined", "cancelled"), start=2):
        number = put_in(vault, state, "pure", n)
        with pytest.raises(Defect, match="human_retry"):
            vault.jobs.resolve(number, "ready", "station", **args)
        assert vault.jobs.resolve(number, "ready", "clerk", **args, by_person=True)
        assert vault.jobs.get(number).attempts == 0


def test_what_the_reconciler_found_completes_the_job(vault: Vault):
    signed = put_in(vault, "in_doubt", "human", 1)
    cms = vault.blobs.put(b"cms")
    followed: list[int] = []
    assert vault.jobs.resolve(
        signed, "done", "station", at=AT, boot="b", mono=1.0, output=cms,
        then=lambda _db: followed.append(vault.jobs.add(job("embed"))),
    )  # fmt: skip
    after = vault.jobs.get(signed)
    assert (after.state, after.output) == ("done", cms)
    assert len(followed) == 1
    with pytest.raises(Trouble, match="blob_missing"):
        vault.jobs.resolve(
            put_in(vault, "in_doubt", "human", 2), "done", "station",
            at=AT, boot="b", mono=1.0, output=BlobId("cd" * 32),
        )  # fmt: skip


def test_jobs_of_a_dossier_and_counts(vault: Vault):
    for n in range(3):
        vault.jobs.add(NewJob("clean", "1", "pure", DossierId(f"d{n % 2}"), (), {"n": n}))
    assert [found.params["n"] for found in vault.jobs.by_dossier(DossierId("d0"))] == [0, 2]
    assert vault.jobs.by_dossier(DossierId("none")) == ()
    with pytest.raises(Defect, match="job_unknown"):
        vault.jobs.get(JobId(999))


def test_the_boot_is_one_for_all_processes():
    assert boot_id() == boot_id()
    assert len(boot_id()) > 8
