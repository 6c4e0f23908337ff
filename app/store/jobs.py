"""The queue: what is to be done, who does it, and what a death in the middle means.

========== =========================== =================================================
class      for example                 when the process that holds it dies
========== =========================== =================================================
pure       clean, read, compose        ready again; set aside (quarantined) the third time
repeatable send, timestamp             in doubt, until the machine has asked
human      scan, sign                  in doubt, until a person says so
========== =========================== =================================================

No job that a person takes part in becomes ready again by itself: not by a death, not by a lost
lease, not by an orderly shutdown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from app.domain.errors import Defect
from app.domain.ids import BlobId, DossierId, JobId
from app.store import job_sql, journal
from app.store.blob_rows import record
from app.store.blobs import BlobStore
from app.store.boot import boot_id
from app.store.canonical import canonical
from app.store.database import Value, fetch, joined, transaction
from app.store.driver import Database
from app.store.hops import hop
from app.store.job_types import Job, JobClass, JobError, JobState, Json, NewJob, error_text

__all__ = [
    "MAX_ATTEMPTS",
    "Job",
    "JobClass",
    "JobError",
    "JobState",
    "Jobs",
    "Json",
    "NewJob",
    "boot_id",
]

MAX_ATTEMPTS = 3
"""Deaths and defects after which a pure job is set aside so that the rest goes on."""

_MOVES: Mapping[str, frozenset[str]] = {
    "in_doubt": frozenset({"ready", "failed", "cancelled", "done"}),
    "failed": frozenset({"ready", "cancelled"}),
    "quarantined": frozenset({"ready", "cancelled"}),
    "cancelled": frozenset({"ready"}),
    "ready": frozenset({"cancelled"}),
}


class Jobs:
    """The job table through one connection, for that connection's thread.

    Args:
        db: a connection.
        blobs: where outputs lie; without it a job can be completed only without output.

    An owner names one process for its whole life and no other process ever (kind, pid and a random
    part): a lost lease is told from a held one by it.
    """

    def __init__(self, db: Database, blobs: BlobStore | None = None) -> None:
        self._db = db
        self._blobs = blobs

    # --- adding and reading ---------------------------------------------------------------

    def add(self, job: NewJob) -> JobId:
        """The id of the job, new or already there under its key, in whatever state.

        Joins the caller's transaction or has one of its own.
        """
        values: dict[str, Value] = {
            "key": job.key,
            "stage": job.stage,
            "version": job.version,
            "class": job.job_class,
            "dossier": job.dossier,
            "inputs": canonical(list(job.inputs)),
            "params": canonical(job.params),
            "priority": job.priority,
            "not_before": job.not_before,
        }
        with joined(self._db) as db:
            fetch(db, job_sql.ADD, values)
            return JobId(fetch(db, "SELECT id FROM job WHERE key=?", [job.key])[0]["id"])

    def get(self, job: JobId) -> Job:
        """The job.

        Raises:
            Defect: ``store.job_unknown``.
        """
        rows = fetch(self._db, "SELECT * FROM job WHERE id=?", [job])
        if not rows:
            raise Defect("store.job_unknown", job=job)
        return Job.of(rows[0])

    def by_dossier(self, dossier: DossierId) -> tuple[Job, ...]:
        """All jobs of a dossier, oldest first."""
        rows = fetch(self._db, "SELECT * FROM job WHERE dossier=? ORDER BY id", [dossier])
        return tuple(Job.of(row) for row in rows)

    def counts(self) -> dict[JobState, int]:
        """How many jobs are in each state; a state without jobs is left out."""
        rows = fetch(self._db, "SELECT state, count(*) AS n FROM job GROUP BY state")
        return {row["state"]: row["n"] for row in rows}

    # --- the worker's side ----------------------------------------------------------------

    def claim(  # noqa: PLR0917 - each is a plain value with a name of its own
        self,
        owner: str,
        boot: str,
        stages: Sequence[str],
        now_mono: float,
        lease_s: float,
        max_priority: int | None = None,
        *,
        now_s: float | None = None,
    ) -> Job | None:
        """The most urgent ready job of ``stages``, leased to ``owner``, or None.

        Args:
            owner: the calling process.
            boot: `boot_id`.
            stages: what the process can do.
            now_mono: monotonic clock, seconds.
            lease_s: how long the lease holds unless renewed by `beat`.
            max_priority: only jobs at least this urgent (0 is the most urgent), or None for any.
            now_s: wall clock, seconds since 1970, or None for the database's own.
        """
        values: dict[str, Value] = {
            "owner": owner,
            "boot": boot,
            "until": now_mono + lease_s,
            "stages": canonical(list(stages)),
            "max_priority": 2**62 if max_priority is None else max_priority,
            "now": now_s,
        }
        rows = fetch(self._db, job_sql.CLAIM, values)
        if not rows:
            return None
        hop("job.claimed")
        return Job.of(rows[0])

    def beat(self, job: JobId, owner: str, lease_until: float) -> bool:
        """Whether the lease still is ``owner``'s; it then holds until ``lease_until``."""
        values: dict[str, Value] = {"job": job, "owner": owner, "until": lease_until}
        return bool(fetch(self._db, job_sql.BEAT, values))

    def complete(
        self,
        job: JobId,
        owner: str,
        output: BlobId | None,
        then: Callable[[Database], None] | None = None,
    ) -> bool:
        """Whether the result counts; False: the lease was lost, drop the result.

        One transaction: the job is done, the output has its row, and ``then`` has written what
        follows (new jobs, the dossier's state, the journal). The output's bytes are on the disk
        before.

        Raises:
            Trouble: ``store.blob_missing`` or the disk; the job stays leased.
        """
        hop("job.before_complete")
        with transaction(self._db) as db:
            if not self._finish(job, owner, output):
                return False
            if output is not None:
                self._record(output)
            if then is not None:
                then(db)
        hop("job.after_complete")
        return True

    def fail(
        self,
        job: JobId,
        owner: str,
        slug: str,
        params: Mapping[str, str | int],
        *,
        retry_at: float | None,
        counts: bool,
    ) -> bool:
        """Whether the failure counts; False: the lease was lost.

        ========== ======== ==================================================================
        counts     retry_at the job is then
        ========== ======== ==================================================================
        no         None     failed, until a person asks again (an unreadable file, a jam)
        no         a time   ready from then on (network, disk full); never a human job
        yes        None     pure: ready at once, quarantined the third time; others: in doubt
        yes        a time   the same, but ready from then on
        ========== ======== ==================================================================

        Args:
            job: a job that ``owner`` holds.
            owner: the calling process.
            slug: what happened.
            params: what its sentence names.
            retry_at: wall clock in seconds since 1970, or None.
            counts: whether it is a defect of ours, which counts as an attempt.

        Raises:
            Defect: ``store.human_retry``.
        """
        with transaction(self._db) as db:
            rows = fetch(db, "SELECT * FROM job WHERE id=? AND owner=?", [job, owner])
            if not rows:
                return False
            held = Job.of(rows[0])
            if held.job_class == "human" and retry_at is not None:
                raise Defect("store.human_retry", job=job)
            attempts = held.attempts + counts
            state = _state_after_failure(held.job_class, attempts, retry_at, counts=counts)
            values: dict[str, Value] = {
                "job": job,
                "owner": owner,
                "state": state,
                "attempts": attempts,
                "retry_at": retry_at,
                "error": error_text(slug, params),
            }
            return bool(fetch(db, job_sql.FAIL, values))

    def doubt(self, job: JobId, owner: str) -> bool:
        """Whether the job is in doubt now: its effect may or may not have happened.

        Raises:
            Defect: ``store.pure_doubt``: a pure job has no effect.
        """
        if self.get(job).job_class == "pure":
            raise Defect("store.pure_doubt", job=job)
        return bool(fetch(self._db, job_sql.DOUBT, {"job": job, "owner": owner}))

    def release(self, job: JobId, owner: str, *, untouched: bool = False) -> bool:
        """Whether the lease was given back by an orderly shutdown; no attempt is counted.

        A pure job is ready again, a human one in doubt; a repeatable one is in doubt unless
        ``untouched`` says that nothing of it was begun.
        """
        values: dict[str, Value] = {"job": job, "owner": owner, "untouched": untouched}
        return bool(fetch(self._db, job_sql.RELEASE, values))

    # --- the supervisor's side ------------------------------------------------------------

    def free_owner(self, owner: str) -> tuple[tuple[JobId, JobState], ...]:
        """What became of the jobs of a process that is seen to be dead."""
        return self._bury({"owner": owner, "boot": None, "now": None})

    def expire(self, now_mono: float, boot: str) -> tuple[tuple[JobId, JobState], ...]:
        """What became of the jobs whose lease has run out or is of another run of the machine."""
        return self._bury({"owner": None, "boot": boot, "now": now_mono})

    def resolve(
        self,
        job: JobId,
        to: JobState,
        who: str,
        *,
        at: str,
        boot: str,
        mono: float,
        by_person: bool = False,
        output: BlobId | None = None,
        then: Callable[[Database], None] | None = None,
    ) -> bool:
        """Whether the job could be moved: the act of a person or of the reconciler, journalled.

        From in doubt to ready, failed, cancelled or done; by a person also from failed,
        quarantined or cancelled to ready, which counts attempts anew; from ready, failed or
        quarantined to cancelled.

        Args:
            job: the job.
            to: its new state.
            who: the account or process that decides.
            at: wall clock, ISO 8601 with offset.
            boot: `boot_id`.
            mono: monotonic clock, seconds.
            by_person: a person decided; nothing else makes a human job ready again.
            output: what it made, with ``to="done"``.
            then: what else is written in the same transaction.

        Raises:
            Defect: ``store.human_retry``: a machine wants a person's act repeated.
            Trouble: ``store.blob_missing`` or the disk.
        """
        with transaction(self._db) as db:
            now = self.get(job)
            if to not in _MOVES.get(now.state, ()):
                return False
            again = to == "ready" and (now.job_class == "human" or now.state != "in_doubt")
            if again and not by_person:
                raise Defect("store.human_retry", job=job)
            values: dict[str, Value] = {
                "job": job,
                "before": now.state,
                "to": to,
                "output": output,
                "person": by_person,
            }
            fetch(db, job_sql.RESOLVE, values)
            if output is not None:
                self._record(output)
            journal.append(
                db,
                at=at,
                boot=boot,
                mono=mono,
                who=who,
                what=f"job.{to}",
                ref=str(job),
                body={"before": now.state, "stage": now.stage},
            )
            if then is not None:
                then(db)
            return True

    def _finish(self, job: JobId, owner: str, output: BlobId | None) -> bool:
        values: dict[str, Value] = {"job": job, "owner": owner, "output": output}
        return bool(fetch(self._db, job_sql.COMPLETE, values))

    def _record(self, output: BlobId) -> None:
        if self._blobs is None:
            raise Defect("store.no_blob_store")
        record(self._db, self._blobs, output)

    def _bury(self, whose: Mapping[str, Value]) -> tuple[tuple[JobId, JobState], ...]:
        error = error_text("store.worker_died", {})
        values = {**whose, "error": error, "max_attempts": MAX_ATTEMPTS}
        rows = fetch(self._db, job_sql.BURY, values)
        return tuple((JobId(row["id"]), row["state"]) for row in rows)


def _state_after_failure(
    job_class: JobClass, attempts: int, retry_at: float | None, *, counts: bool
) -> JobState:
    if not counts:
        return "failed" if retry_at is None else "ready"
    if job_class == "human" or (job_class == "repeatable" and retry_at is None):
        return "in_doubt"
    return "quarantined" if attempts >= MAX_ATTEMPTS else "ready"
