"""The simulated feeder: which side comes next, what was delivered, what trouble strikes.

Pure state, without sockets; the server guards it with one lock.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from scanner.simulator.pages import Capture, page_files

if TYPE_CHECKING:
    from pathlib import Path

    from scanner.simulator.faults import FaultName, FaultPlan

InputName: TypeAlias = Literal["Feeder", "Platen"]
JobState: TypeAlias = Literal["Processing", "Completed", "Canceled", "Aborted"]
AWAY_S: Final = 1.5
_ADF_STATES: Final[dict[str | None, str]] = {
    "jam": "ScannerAdfJam",
    "cover_open": "ScannerAdfHatchOpen",
    "double_feed": "ScannerAdfMultipickDetected",
}
_REFUSALS: Final[dict[str | None, int]] = {
    "jam": 409,
    "cover_open": 409,
    "early_404": 404,
    "permanent_404": 404,
    "busy_503": 503,
}


@dataclass(slots=True)
class Job:
    """One scan job."""

    duplex: bool
    source: InputName
    capture: Capture
    position: int
    started_at: float
    state: JobState = "Processing"
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    sides: int = 0
    busy: bool = False
    refusing: bool = False
    damaged: set[int] = field(default_factory=set)
    clients: int = 0
    left_at: float = 0.0

    def leave(self, now: float) -> None:
        """A client that asked for this job hung up."""
        self.clients -= 1
        self.left_at = now

    def taken(self, now: float) -> bool:
        """Whether somebody is still at this job, so that no other can start.

        Clients hang up between two sides; one that stays away was killed.
        """
        working = self.state == "Processing"
        return working and (self.busy or self.clients > 0 or now < self.left_at + AWAY_S)

    @property
    def per_sheet(self) -> int:
        """Files that make one sheet."""
        return 2 if self.duplex else 1

    def sheet_of(self, position: int) -> int:
        """Sheet of the stack, counted from 1, to which a file belongs."""
        return position // self.per_sheet + 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to NextDocument is only a status."""

    status: int


@dataclass(frozen=True, slots=True)
class Side:
    """The answer to NextDocument is this file, with this trouble on its way."""

    position: int
    path: Path
    fault: FaultName | None


class Tray:
    """The stack of paper and the job that draws from it."""

    def __init__(
        self, folder: Path, plan: FaultPlan, *, first_sheet: int = 1, repeat: int = 1
    ) -> None:
        self._folder = folder
        self._repeat = repeat
        self._plan = plan
        self._first_sheet = first_sheet
        self._delivered = 0
        self._files = page_files(folder) * repeat
        self._adf_fault = ""
        self.job: Job | None = None

    @property
    def adf_state(self) -> str:
        """The feeder's state in the words of eSCL."""
        if self._adf_fault:
            return self._adf_fault
        job = self.job
        at = self._delivered if job is None or job.source == "Platen" else job.position
        return "ScannerAdfLoaded" if at < len(self._files) else "ScannerAdfEmpty"

    def reload(self, sheet: int = 1) -> None:
        """The stack lies in the feeder again from this sheet on; the folder is read anew."""
        per_sheet = self.job.per_sheet if self.job is not None else 1
        self._files = page_files(self._folder) * self._repeat
        self._delivered = min((sheet - 1) * per_sheet, len(self._files))
        self._adf_fault = ""
        self.job = None

    def start(self, *, duplex: bool, source: InputName, capture: Capture, now: float) -> Job | int:
        """The new job, or the HTTP status that refuses it.

        The stack starts at the first sheet that was not delivered whole; trouble in the paper path
        counts as cleared.
        """
        if self.job is not None and self.job.taken(now):
            return 503
        job = Job(duplex, source, capture, 0, now)
        if self._delivered == 0:
            self._delivered = min((self._first_sheet - 1) * job.per_sheet, len(self._files))
        job.position = self._delivered // job.per_sheet * job.per_sheet
        if self._delivered >= len(self._files):
            return 409
        if self.job is not None and self.job.state == "Processing":
            self.job.state = "Canceled"
        self._adf_fault = ""
        self.job = job
        return job

    def next_side(self, job: Job) -> Side | Refusal:
        """What NextDocument of this job answers."""
        if job.state == "Canceled" or job.refusing or (job.source == "Platen" and job.sides):
            return Refusal(404)
        if job.position >= len(self._files):
            job.state = "Completed"
            return Refusal(404)
        side = "back" if job.duplex and job.position % 2 else "front"
        if job.state == "Aborted" or (self._adf_fault and side == "front"):
            return Refusal(409)
        fault = self._plan.take(job.sheet_of(job.position), side)
        self._adf_fault = _ADF_STATES.get(fault, self._adf_fault)
        if fault in _REFUSALS:
            job.refusing = fault == "permanent_404"
            job.state = "Aborted" if fault in _ADF_STATES else job.state
            return Refusal(_REFUSALS[fault])
        position = job.position
        job.position += 1
        job.sides += 1
        return Side(position, self._files[position], fault)

    def settle(self, job: Job, side: Side, *, whole: bool) -> None:
        """The side left the device; `whole` when the client got all of it in order."""
        sheet = job.sheet_of(side.position)
        if not whole or self._adf_fault:
            job.damaged.add(sheet)
        through = side.position + 1
        sheet_done = through % job.per_sheet == 0 or through == len(self._files)
        earlier = (sheet - 1) * job.per_sheet
        if sheet_done and sheet not in job.damaged and self._delivered == earlier:
            self._delivered = through
        if job.position >= len(self._files) and job.state == "Processing":
            job.state = "Completed"

    def cancel(self, job: Job) -> None:
        """The client gave the job up, or is done with it."""
        if job.state == "Processing":
            job.state = "Canceled"
