"""Jobs as values: the one to be added and the one that stands in the table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from app.domain.ids import BlobId, DossierId, JobId
from app.store.canonical import canonical
from app.store.database import Row

JobClass = Literal["pure", "repeatable", "human"]
JobState = Literal["ready", "leased", "done", "failed", "quarantined", "in_doubt", "cancelled"]
Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is to be done.

    Two jobs with the same stage, version, inputs and params are one job. Where each asking counts
    (a scan), the params say which asking it is.

    Attributes:
        stage: name of the stage.
        version: of the stage, with all libraries and models that shape its result.
        job_class: what a death in the middle means.
        dossier: whom it belongs to, or None.
        inputs: the blobs it reads.
        params: JSON value; no clock, path or random number in a pure job.
        priority: 0 the page in front of the clerk, 10 the open dossier, 20 others, 30 rebuilds.
        not_before: wall clock in seconds since 1970 before which nobody takes it, or None.
    """

    stage: str
    version: str
    job_class: JobClass
    dossier: DossierId | None
    inputs: tuple[BlobId, ...]
    params: Mapping[str, Json] = field(default_factory=dict)
    priority: int = 10
    not_before: float | None = None

    @property
    def key(self) -> bytes:
        """SHA-256 of what it computes: stage, version, inputs, params."""
        content = {
            "stage": self.stage,
            "version": self.version,
            "inputs": list(self.inputs),
            "params": self.params,
        }
        return hashlib.sha256(canonical(content).encode()).digest()


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job last came back undone."""

    slug: str
    params: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands in the table; the names are those of `NewJob`.

    Attributes:
        owner: the process that holds it, while leased.
        boot: the run of the machine in which it was leased.
        lease_until: monotonic clock of that run, seconds.
        attempts: deaths and defects so far.
        output: the blob it made, when done.
        error: why it last came back undone.
        created: UTC, ISO 8601; for people, nothing depends on it.
    """

    id: JobId
    key: bytes
    stage: str
    version: str
    job_class: JobClass
    dossier: DossierId | None
    inputs: tuple[BlobId, ...]
    params: Mapping[str, Json]
    priority: int
    state: JobState
    owner: str | None
    boot: str | None
    lease_until: float | None
    attempts: int
    not_before: float | None
    output: BlobId | None
    error: JobError | None
    created: str

    @classmethod
    def of(cls, row: Row) -> Job:
        """The job of a row of the table."""
        values = dict(row)
        error = values.pop("error")
        values["job_class"] = values.pop("class")
        values["inputs"] = tuple(json.loads(values["inputs"]))
        values["params"] = json.loads(values["params"])
        values["error"] = JobError(**json.loads(error)) if error else None
        return cls(**values)


def error_text(slug: str, params: Mapping[str, str | int]) -> str:
    """A `JobError` as the table holds it."""
    return canonical({"slug": slug, "params": params})
