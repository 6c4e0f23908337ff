"""The suite turns red when the store is broken on purpose.

A copy of the program gets one wrong line; the promise that guards against it must then fail, with
an assertion and not by accident, while the unaltered copy keeps it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.promises import PROMISES

ROOT = Path(__file__).parents[2]
CHECK = """
import sys
from pathlib import Path
from tests.store.promises import PROMISES
for promise in sys.argv[2:]:
    folder = Path(sys.argv[1], promise)
    folder.mkdir(parents=True)
    PROMISES[promise](folder)
"""
OWNER_CHECK = """owner=NULL, boot=NULL, lease_until=NULL
WHERE id=:job AND owner=:owner AND state='leased'"""
# What is broken, the promise that must notice, the file, the right text, the wrong text.
MUTANTS = (
    (
        "complete does not ask who owns the job",
        "late_result_is_refused",
        "job_sql.py",
        "error=NULL, " + OWNER_CHECK,
        "error=NULL, " + OWNER_CHECK.replace(" AND owner=:owner", ""),
    ),
    (
        "complete takes a job that is done already",
        "late_result_is_refused",
        "job_sql.py",
        "error=NULL, " + OWNER_CHECK,
        "error=NULL, owner=NULL, boot=NULL, lease_until=NULL\nWHERE id=:job AND :owner<>''",
    ),
    (
        "a row is written before the bytes are there",
        "no_row_before_its_bytes",
        "blob_rows.py",
        "[blob, blobs.size(blob)]",
        "[blob, 0]",
    ),
    (
        "a human job is tried again after a death",
        "human_job_never_repeats_by_itself",
        "job_sql.py",
        "WHEN class<>'pure' THEN 'in_doubt'",
        "WHEN class='repeatable' THEN 'in_doubt'",
    ),
    (
        "a human job is tried again after a shutdown",
        "human_job_never_repeats_by_itself",
        "job_sql.py",
        "(class='repeatable' AND :untouched)",
        ":untouched",
    ),
    (
        "a machine may have a person's act repeated",
        "human_job_never_repeats_by_itself",
        "jobs.py",
        "if again and not by_person:",
        "if False:",
    ),
    (
        "a renewal does not ask who owns the job",
        "late_failure_is_refused",
        "job_sql.py",
        "lease_until=:until WHERE id=:job AND owner=:owner",
        "lease_until=:until WHERE id=:job AND :owner<>''",
    ),
    (
        "deaths are not counted",
        "poison_is_set_aside_at_the_third_death",
        "job_sql.py",
        "UPDATE job SET attempts=attempts+1, error=:error",
        "UPDATE job SET error=:error",
    ),
    (
        "leases of another boot hold",
        "leases_of_another_boot_are_void",
        "job_sql.py",
        "(boot<>:boot OR lease_until<:now)",
        "(:boot<>'' AND lease_until<:now)",
    ),
    (
        "the journal may be replaced line by line",
        "journal_cannot_be_rewritten",
        "migrations.py",
        "BEFORE DELETE ON journal\nBEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
        "BEFORE DELETE ON journal\nBEGIN SELECT 1; END",
    ),
    (
        "the seal is not compared with the id",
        "swapped_blob_is_noticed",
        "blobs.py",
        " or self.seal.sha256.hex() != blob",
        "",
    ),
    (
        "a sweep takes what jobs still need",
        "only_orphans_are_swept",
        "blob_rows.py",
        "UNION SELECT value FROM job, json_each(job.inputs)",
        "",
    ),
    (
        "a sweep takes what is being written",
        "dead_writers_leave_nothing",
        "durable.py",
        "fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
    ),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the promises need."""
    copy = tmp_path_factory.mktemp("mutant")
    for part in ("app/domain", "app/store", "tests/store"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    for package in ("app", "tests"):
        (copy / package / "__init__.py").touch()
    return copy


def check(tree: Path, folder: Path, *promises: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", CHECK, str(folder), *promises],
        cwd=tree, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant[0])
def test_a_broken_store_is_noticed(mutant: tuple[str, ...], tree: Path, tmp_path: Path):
    _, promise, name, right, wrong = mutant
    path = tree / "app" / "store" / name
    source = path.read_text("utf-8")
    assert source.count(right) == 1, "the mutant no longer fits the code"
    path.write_text(source.replace(right, wrong), "utf-8")
    try:
        broken = check(tree, tmp_path, promise)
    finally:
        path.write_text(source, "utf-8")
    assert broken.returncode == 1, broken.stdout
    assert "AssertionError" in broken.stderr, broken.stderr


def test_the_unaltered_copy_keeps_every_promise(tree: Path, tmp_path: Path):
    kept = check(tree, tmp_path, *PROMISES)
    assert kept.returncode == 0, kept.stderr
    assert {mutant[1] for mutant in MUTANTS} == set(PROMISES)
