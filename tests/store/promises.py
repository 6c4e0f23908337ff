"""The promises of the store as functions, so that they can be put to altered code as well.

Each takes an empty folder and raises AssertionError when the promise is broken. The tests call
them; ``tests/crash/test_store_mutants.py`` checks that they would notice.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from app.domain.errors import DeskError
from app.domain.ids import BlobId
from app.store import journal
from app.store.database import fetch, transaction
from app.store.driver import dbapi2
from app.store.jobs import NewJob
from app.store.vault import Vault, open_vault

AT = "2026-03-02T08:00:00+07:00"


@contextlib.contextmanager
def a_vault(folder: Path):
    vault = open_vault(folder / "home", bytes(range(32)))
    try:
        yield vault
    finally:
        vault.close()


def job(stage: str = "clean", job_class: str = "pure", n: int = 0, **more) -> NewJob:
    return NewJob(stage, "1", job_class, None, (), {"n": n}, **more)


def claim(vault: Vault, owner: str, stage: str = "clean", boot: str = "boot-1", now: float = 0.0):
    return vault.jobs.claim(owner, boot, [stage], now, 10.0)


def slug_of(call) -> str | None:
    try:
        call()
    except DeskError as error:
        return error.slug
    return None


def late_result_is_refused(folder: Path) -> None:
    """A process that lost its lease cannot hand in its result over its successor's."""
    with a_vault(folder) as vault:
        number = vault.jobs.add(job())
        assert claim(vault, "slow")
        assert vault.jobs.expire(11.0, "boot-1") == ((number, "ready"),)
        assert claim(vault, "quick", now=12.0)
        late, right = vault.blobs.put(b"late"), vault.blobs.put(b"right")
        followed: list[str] = []
        assert not vault.jobs.complete(number, "slow", late, lambda _db: followed.append("late"))
        assert vault.jobs.get(number).owner == "quick"
        assert vault.jobs.complete(number, "quick", right, lambda _db: followed.append("right"))
        assert not vault.jobs.complete(number, "quick", late, None)
        done = vault.jobs.get(number)
        assert (done.state, done.output, followed) == ("done", right, ["right"])


def late_failure_is_refused(folder: Path) -> None:
    """Nor can it fail, renew, release or doubt what is no longer its own."""
    with a_vault(folder) as vault:
        number = vault.jobs.add(job(job_class="repeatable"))
        assert claim(vault, "slow")
        assert vault.jobs.expire(11.0, "boot-1") == ((number, "in_doubt"),)
        assert vault.jobs.resolve(number, "ready", "station", at=AT, boot="boot-1", mono=12.0)
        assert claim(vault, "quick", now=12.0)
        before = vault.jobs.get(number)
        assert not vault.jobs.fail(number, "slow", "x.y", {}, retry_at=None, counts=True)
        assert not vault.jobs.beat(number, "slow", 99.0)
        assert not vault.jobs.release(number, "slow")
        assert not vault.jobs.doubt(number, "slow")
        assert vault.jobs.free_owner("slow") == ()
        assert vault.jobs.get(number) == before


def no_row_before_its_bytes(folder: Path) -> None:
    """A row names a blob only while its bytes are on the disk."""
    with a_vault(folder) as vault:
        number = vault.jobs.add(job())
        assert claim(vault, "worker")
        never = BlobId("ab" * 32)
        slug = slug_of(lambda: vault.jobs.complete(number, "worker", never, None))
        assert slug == "store.blob_missing", slug
        assert fetch(vault.db, "SELECT * FROM blob") == []
        assert vault.jobs.get(number).state == "leased"


def human_job_never_repeats_by_itself(folder: Path) -> None:
    """No death, lost lease, new boot or shutdown makes a person's act ready again."""
    with a_vault(folder) as vault:
        jobs = vault.jobs
        ways = {
            "death": lambda _n: jobs.free_owner("scan-1"),
            "lease": lambda _n: jobs.expire(11.0, "boot-1"),
            "boot": lambda _n: jobs.expire(1.0, "boot-2"),
            "shutdown": lambda n: jobs.release(n, "scan-1", untouched=True),
            "doubt": lambda n: jobs.doubt(n, "scan-1"),
            "defect": lambda n: jobs.fail(n, "scan-1", "x.y", {}, retry_at=None, counts=True),
        }
        for number, (way, happens) in enumerate(ways.items()):
            scan = jobs.add(job("scan", "human", number))
            held = claim(vault, "scan-1", "scan")
            assert held is not None, way
            assert held.id == scan, way
            happens(scan)
            assert jobs.get(scan).state == "in_doubt", way
            assert claim(vault, "scan-2", "scan") is None, way
            again = slug_of(
                lambda n=scan: jobs.resolve(n, "ready", "station", at=AT, boot="b", mono=0.0)
            )
            assert again == "store.human_retry", (way, again)
            assert jobs.get(scan).state == "in_doubt", way
        assert (
            slug_of(
                lambda: jobs.fail(_claimed_scan(vault), "s", "x.y", {}, retry_at=1.0, counts=False)
            )
            == "store.human_retry"
        )


def _claimed_scan(vault: Vault):
    vault.jobs.add(job("scan", "human", 99))
    held = claim(vault, "s", "scan")
    assert held is not None
    return held.id


def poison_is_set_aside_at_the_third_death(folder: Path) -> None:
    """A job that kills its worker is tried three times, and its neighbours are done."""
    with a_vault(folder) as vault:
        poison, good = vault.jobs.add(job(n=1)), vault.jobs.add(job(n=2))
        for death in (1, 2, 3):
            held = claim(vault, f"worker-{death}")
            assert held is not None, death
            assert held.id == poison, death
            vault.jobs.free_owner(f"worker-{death}")
        assert vault.jobs.get(poison).state == "quarantined"
        assert vault.jobs.get(poison).attempts == 3
        held = claim(vault, "worker-4")
        assert held is not None
        assert held.id == good


def leases_of_another_boot_are_void(folder: Path) -> None:
    """After a restart of the machine nobody waits for a lease on a clock that is gone."""
    with a_vault(folder) as vault:
        number = vault.jobs.add(job())
        assert claim(vault, "worker", now=1e6)
        assert vault.jobs.expire(5.0, "boot-1") == ()
        assert vault.jobs.expire(5.0, "boot-2") == ((number, "ready"),)


def journal_cannot_be_rewritten(folder: Path) -> None:
    """No statement changes or removes a line, INSERT OR REPLACE included."""
    with a_vault(folder) as vault:
        with transaction(vault.db) as db:
            for n in range(3):
                line(db, n)
        for sql in (
            "UPDATE journal SET who='x' WHERE n=2",
            "DELETE FROM journal WHERE n=3",
            "INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE n=2",
        ):
            try:
                vault.db.conn.execute(sql)
            except dbapi2.IntegrityError:
                continue
            raise AssertionError(sql)
        assert journal.verify(vault.db).ok


def line(db, n: int) -> int:
    return journal.append(
        db,
        at=AT,
        boot="b",
        mono=float(n),
        who="clerk",
        what="page.stored",
        ref=str(n),
        body={"n": n},
    )


def swapped_blob_is_noticed(folder: Path) -> None:
    """A paper cannot be put in another's place by renaming files."""
    with a_vault(folder) as vault:
        one, two = vault.blobs.put(b"one"), vault.blobs.put(b"two")
        paths = [path_of(folder / "home", vault, blob) for blob in (one, two)]
        paths[0].replace(paths[1])
        for act in (vault.blobs.read, vault.blobs.size, vault.blobs.verify):
            assert slug_of(lambda act=act: act(two)) == "store.blob_damaged"
        assert slug_of(lambda: vault.blobs.read(one)) == "store.blob_missing"


def unfinished(folder: Path) -> list[Path]:
    return list((folder / "home" / "tmp").iterdir())


def path_of(home: Path, vault: Vault, blob: BlobId) -> Path:
    name = vault.blobs.name_of(blob)
    return home / "blobs" / name[:2] / name


def only_orphans_are_swept(folder: Path) -> None:
    """A sweep takes files that no row speaks of and that are over an hour old; nothing else."""
    with a_vault(folder) as vault:
        orphan, kept = vault.blobs.put(b"orphan"), vault.blobs.put(b"kept")
        asked = vault.blobs.put(b"input")
        number = vault.jobs.add(NewJob("clean", "1", "pure", None, (asked,)))
        assert claim(vault, "worker")
        assert vault.jobs.complete(number, "worker", kept, None)
        now_s = time.time()
        assert vault.sweep_orphans(now_s) == 0
        assert vault.blobs.exists(orphan)
        assert vault.sweep_orphans(now_s + 7200) == 1
        assert not vault.blobs.exists(orphan)
        assert vault.blobs.read(kept) == b"kept"
        assert vault.blobs.read(asked) == b"input"


def dead_writers_leave_nothing(folder: Path) -> None:
    """Opening a vault removes unfinished files of the dead and leaves those of the living."""
    with a_vault(folder) as vault:
        dead = folder / "home" / "tmp" / ("0" * 32)
        dead.write_bytes(b"half")
        with vault.blobs.writer() as writer:
            writer.write(b"x" * 100_000)
            assert len(unfinished(folder)) == 2
            other = open_vault(folder / "home", bytes(range(32)))
            other.close()
            assert not dead.exists()
            assert len(unfinished(folder)) == 1
            info = writer.commit()
        assert vault.blobs.read(info.id) == b"x" * 100_000
        assert unfinished(folder) == []


PROMISES = {
    check.__name__: check
    for check in (
        late_result_is_refused,
        late_failure_is_refused,
        no_row_before_its_bytes,
        human_job_never_repeats_by_itself,
        poison_is_set_aside_at_the_third_death,
        leases_of_another_boot_are_void,
        journal_cannot_be_rewritten,
        swapped_blob_is_noticed,
        only_orphans_are_swept,
        dead_writers_leave_nothing,
    )
}
