"""Processes of their own for the crash tests: ``python -m tests.store.children VERB HOME …``.

Each tells on stdout what it has promised, one line at a time, after the promise was given. They are
killed at any point and started again until nothing is left to do.
"""

from __future__ import annotations

import hashlib
import os
import random
import resource
import signal
import sys
import time
from pathlib import Path

from app.domain.ids import BlobId
from app.store import journal
from app.store.blob_rows import record
from app.store.database import fetch, transaction
from app.store.jobs import NewJob, boot_id
from app.store.vault import Vault, open_vault

MASTER = bytes(range(32))
AT = "2026-03-02T08:00:00+07:00"


def page_of(number: int) -> bytes:
    """The bytes of page ``number``: 20 to 220 kB, the same in every process."""
    source = random.Random(number)
    return source.randbytes(source.randrange(20_000, 220_000))


def result_of(params, inputs: bytes) -> bytes:
    """What the pure stage makes of its input."""
    return hashlib.sha256(inputs).digest() * (1 + params["n"] % 50)


def say(*words: object) -> None:
    os.write(1, (" ".join(str(word) for word in words) + "\n").encode())


def note(db, what: str, ref: str) -> None:
    journal.append(
        db, at=AT, boot=boot_id(), mono=time.monotonic(), who="child", what=what, ref=ref, body={}
    )


def store_pages(vault: Vault, first: str, count: str) -> None:
    """Store pages as the scan worker does: bytes, then the row and its journal line."""
    for number in range(int(first), int(first) + int(count)):
        blob = vault.blobs.put(page_of(number))
        with transaction(vault.db) as db:
            known = fetch(db, "SELECT 1 FROM setting WHERE key=?", [f"page-{number}"])
            if known:
                continue
            record(db, vault.blobs, blob)
            fetch(db, "INSERT INTO setting VALUES(?,?)", [f"page-{number}", blob])
            note(db, "page.stored", blob)
        say("stored", number, blob)
    say("finished")


def add_jobs(vault: Vault, count: str, poison: str = "") -> None:
    """Jobs over pages; the one whose number is ``poison`` kills whoever runs it."""
    for number in range(int(count)):
        with transaction(vault.db) as db:
            blob = vault.blobs.put(page_of(number)[:30_000])
            record(db, vault.blobs, blob)
            poisonous = str(number) == poison
            vault.jobs.add(
                NewJob("clean", "1", "pure", None, (blob,), {"n": number, "poison": poisonous})
            )
    say("finished")


def work(vault: Vault, owner: str) -> None:
    """Claim, run, complete until no job is ready."""
    while held := vault.jobs.claim(owner, boot_id(), ["clean"], time.monotonic(), 60.0):
        say("claimed", held.id)
        if held.params["poison"]:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.kill(os.getpid(), signal.SIGSEGV)
        made = vault.blobs.put(result_of(held.params, vault.blobs.read(held.inputs[0])))
        done = vault.jobs.complete(
            held.id, owner, made, lambda db, n=held.id: note(db, "job.done", str(n))
        )
        say("done" if done else "refused", held.id, made)
    say("finished")


def hold(vault: Vault, owner: str) -> None:
    """Claim one job, wait for a line, and only then hand in the result."""
    held = vault.jobs.claim(owner, boot_id(), ["clean"], time.monotonic(), 5.0)
    assert held is not None
    say("claimed", held.id)
    sys.stdin.readline()
    made = vault.blobs.put(b"late result")
    say("beat", vault.jobs.beat(held.id, owner, time.monotonic() + 5.0))
    say("complete", vault.jobs.complete(held.id, owner, made, None))
    say("finished")


def claim_all(vault: Vault, owner: str) -> None:
    """Claim and complete as fast as it goes."""
    say("ready")
    sys.stdin.readline()
    while held := vault.jobs.claim(owner, boot_id(), ["race"], time.monotonic(), 60.0):
        say("claimed", held.id)
        assert vault.jobs.complete(held.id, owner, None, None)
    say("finished")


def check_pages(vault: Vault) -> dict[int, BlobId]:
    """Number and blob of every page that has a row, each blob read to its end."""
    rows = fetch(vault.db, "SELECT key, value FROM setting WHERE key LIKE 'page-%'")
    found = {int(row["key"].removeprefix("page-")): BlobId(row["value"]) for row in rows}
    for number, blob in found.items():
        assert vault.blobs.read(blob) == page_of(number), number
    return found


VERBS = {
    verb.__name__: verb for verb in (store_pages, add_jobs, work, hold, claim_all)
}  # fmt: skip

if __name__ == "__main__":
    opened = open_vault(Path(sys.argv[2]), MASTER)
    VERBS[sys.argv[1]](opened, *sys.argv[3:])
    opened.close()
