"""Questions about leases that workers and the supervisor ask the job table."""

from __future__ import annotations

import time
from collections.abc import Sequence

from app.clock import now
from app.domain.ids import JobId
from app.store.database import fetch
from app.store.driver import Database
from app.store.jobs import Job, Jobs, JobState, boot_id


def owned(db: Database, job: JobId, owner: str) -> bool:
    """Whether ``owner`` still holds the job; ask inside the transaction that relies on it."""
    sql = "SELECT 1 FROM job WHERE id=? AND owner=? AND state='leased'"
    return bool(fetch(db, sql, [job, owner]))


def in_state(db: Database, state: JobState, stages: Sequence[str] = ()) -> tuple[Job, ...]:
    """The jobs in ``state``, of ``stages`` or of all."""
    jobs = (Job.of(row) for row in fetch(db, "SELECT * FROM job WHERE state=?", [state]))
    return tuple(job for job in jobs if not stages or job.stage in stages)


def resolve(jobs: Jobs, job: JobId, to: JobState, who: str, *, by_person: bool) -> bool:
    """Move a job by a decision, now; see `Jobs.resolve`."""
    return jobs.resolve(
        job,
        to,
        who,
        at=now().isoformat(),
        boot=boot_id(),
        mono=time.monotonic(),
        by_person=by_person,
    )
