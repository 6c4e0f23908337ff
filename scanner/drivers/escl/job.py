"""One pass over an eSCL scanner: jobs, sides, and what a refusal means.

Source: Mopria eSCL technical specification 2.97; behaviour of devices as noted in `quirks.toml`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from scanner.drivers.escl.documents import Status, parse_status
from scanner.drivers.escl.link import ANSWER_S, Answer, Document, EsclLink, LinkError
from scanner.drivers.source import Delivered, DriverEvent, Numbering, Stop, silence_limits
from scanner.errors import ScannerError
from scanner.images.validate import ImageProof
from scanner.model import ScanRequest, SideChunk
from scanner.wire import Pause

if TYPE_CHECKING:
    from collections.abc import Iterator

RETRY_AFTER_S: Final = (0.5, 1.0, 2.0)
BUSY_TRIES: Final = 30
BUSY_JOB_TRIES: Final = 5
BUSY_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 1.0
PROBE_S: Final = 2.0
# Told before the caller's own clock, which runs a little longer than the driver's, strikes.
PROBE_AFTER_SILENCE_S: Final = 0.2
GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.GONE})
AT_WORK: Final = frozenset({"Pending", "Processing"})
NOT_LIKED: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT})
CLOSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class Settings:
    """One way to ask for the sides: the ScanSettings document, and what to flag them with."""

    document: bytes
    flags: tuple[str, ...] = ()


@dataclass(slots=True)
class Pass:
    """Asks for sides until the paper ends, weighing every refusal.

    `ways` are tried in turn until the device takes one; `page_px` is width × height of a page.
    """

    link: EsclLink
    request: ScanRequest
    stop: Stop
    page_px: tuple[int, int]
    ways: tuple[Settings, ...]
    numbers: Numbering = field(init=False)
    job: str = ""
    job_sides: int = 0
    way: int = 0
    retries: int = 0
    busy: int = 0
    ended_well: bool = False
    double_fed: bool = False
    deaf: bool = False

    def __post_init__(self) -> None:
        self.numbers = Numbering(self.request)

    def begin(self) -> None:
        """The device has a job.

        Raises:
            ScannerError: It refuses, or the feeder is empty.
        """
        try:
            self._look_first()
            self._make_job()
        except LinkError as error:
            self.stop.check(sheet_open=False)
            raise error.named("scan.offline") from error

    def finish(self) -> None:
        """The device was told to forget the job."""
        if self.job and not (self.ended_well and self.link.quirks.leave_job):
            self.link.delete(self.job)

    def sides(self) -> Iterator[DriverEvent]:
        """The sides until the paper ends.

        Raises:
            ScannerError: Any other end.
        """
        before_first, before_later, _ = silence_limits(self.request)
        while True:
            self.stop.check(sheet_open=self.numbers.sheet_open)
            silence_s = before_later if self.numbers.sides else before_first
            wait_s: float | None
            asked_at = time.monotonic()
            try:
                with self.link.next_document(self.job, silence_s) as got:
                    if isinstance(got, Document):
                        yield from self._side(got)
                        wait_s = self._rest(time.monotonic() - asked_at)
                    else:
                        wait_s = self._wait_before_retry(got)
            except LinkError as error:
                raise self._broken(error) from error
            if wait_s is None:
                self.ended_well = True
                return
            if wait_s > 0:
                yield Pause(wait_s)
                self.stop.wait(wait_s)

    def _make_job(self) -> None:
        busy = 0
        while busy < BUSY_JOB_TRIES:
            self.stop.check(sheet_open=False)
            answer = self.link.post_job(self.ways[self.way].document)
            if answer.status == HTTPStatus.CREATED:
                self.job, self.job_sides = self.link.job_path(answer.location), 0
                return
            self._raise_refusal(answer, self._status_if_told())
            if answer.status in NOT_LIKED and self.way + 1 < len(self.ways):
                self.way += 1
                continue
            if answer.status not in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CONFLICT}:
                raise ScannerError("scan.driver_error", code=f"http-{answer.status}")
            busy += 1
            self.stop.wait(_wait_s(answer))
        raise ScannerError("scan.busy")

    def _look_first(self) -> None:
        quirks = self.link.quirks
        if self.request.source == "flatbed" or quirks.empty_untold or not quirks.look_before_job:
            return
        status = self._status_if_told()
        if status is not None and status.empty:
            raise ScannerError("scan.no_docs")

    def _status_if_told(self) -> Status | None:
        try:
            return status_of(self.link)
        except ScannerError:
            return None

    def _raise_refusal(self, answer: Answer, status: Status | None) -> None:
        if status is not None and self.request.source == "feeder":
            if status.fault:
                raise ScannerError(status.fault, code=status.adf_state)
            if answer.status in GONE and self._says_empty(status):
                raise ScannerError("scan.no_docs")
        if answer.status in CLOSED:
            raise ScannerError("scan.access_denied")

    def _side(self, document: Document) -> Iterator[DriverEvent]:
        begin = self.numbers.begin()
        yield begin
        width, height = self.page_px
        proof = ImageProof(max_bytes=width * height * 3 + (1 << 20))
        try:
            for chunk in document.chunks(silence_limits(self.request)[2]):
                self.stop.check(sheet_open=True)
                proof.feed(chunk)
                yield SideChunk(begin.seq, chunk)
            facts, flags = proof.prove(self.page_px, self.request.dpi)
        except ScannerError as error:
            fault = None if self.stop.now else self._fault()
            if fault is None:
                raise
            raise ScannerError(fault, code="adf") from error
        self.retries = self.busy = 0
        self.job_sides += 1
        self.double_fed = self._fault() == "scan.double_feed"
        flags += self.ways[self.way].flags
        if self.double_fed:
            flags = (*flags, "double_feed")
        if begin.side == "back" and self.link.quirks.back_rotated:
            flags = (*flags, "back_rotated")
        yield Delivered(facts.media, facts.width_px, facts.height_px, flags, document.name)
        if self.double_fed and not self.numbers.sheet_open:
            raise ScannerError("scan.double_feed")

    def _rest(self, took_s: float) -> float:
        return min(LONGEST_WAIT_S, took_s * self.link.quirks.pause_share)

    def _fault(self, silence_s: float = PROBE_S) -> str | None:
        """The feeder's trouble; a double feed once told outranks whatever follows it."""
        if self.double_fed:
            return "scan.double_feed"
        if self.request.source == "flatbed" or self.deaf:
            return None
        try:
            return status_of(self.link, silence_s).fault
        except LinkError as error:
            # Some devices answer nothing while they feed: they are not asked again.
            self.deaf = error.timed_out
        except ScannerError:
            return None
        return None

    def _broken(self, error: LinkError) -> ScannerError:
        if self.stop.now:
            return ScannerError("scan.cancelled")
        fault = self._fault(PROBE_AFTER_SILENCE_S if error.timed_out else PROBE_S)
        return ScannerError(fault, code="adf") if fault else error.named("scan.link_lost")

    def _says_empty(self, status: Status) -> bool:
        return status.empty and not self.link.quirks.empty_untold

    def _wait_before_retry(self, answer: Answer) -> float | None:
        """Seconds to wait before asking again after a refusal; None when the paper ended.

        Only a status that was read can end the paper: it says that the feeder is empty, or that
        the job is completed and no paper loaded. Whatever else a device says leaves it in doubt.
        """
        if answer.status < HTTPStatus.MULTIPLE_CHOICES and answer.body:
            # Part of a page, perhaps of the last one: it cannot be fetched again.
            raise ScannerError("scan.driver_error", code=f"http-{answer.status}")
        if self.double_fed:
            raise ScannerError("scan.double_feed")
        if self.request.source == "flatbed" and self.numbers.sides:
            return None  # the glass holds one page, and it is here
        try:
            status = status_of(self.link)
        except ScannerError as error:
            if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
                return self._busy_wait(answer)
            return self._retry(error)
        self._raise_trouble(status)
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return self._busy_wait(answer)
        return self._weigh(answer, status)

    def _weigh(self, answer: Answer, status: Status) -> float | None:
        if self.request.source == "flatbed":
            return self._retry(_refused(answer))
        job_state = status.job_state(self.job)
        # An empty tray means little while the last sheet is still on its way.
        at_work = (job_state or status.state) in AT_WORK
        over = self._is_over(status, job_state)
        waits = answer.status in self.link.quirks.not_yet and job_state != "Completed"
        if waits and (not over or (at_work and self.busy < BUSY_TRIES)):
            return self._busy_wait(answer)
        if over and not self.numbers.sides:
            return self._no_docs(at_work=at_work)
        # A feeder may say 'empty' with paper still loaded (Brother): while the job is at work, or a
        # declared count is short, it is asked again before it is believed.
        declared = self.request.declared_sheets
        if over and not at_work and self.numbers.sheets >= (declared or 0):
            return None
        if status.loaded and job_state == "Completed" and self._may_continue():
            return self._continue()
        # A device that tells neither feeder nor job is believed when the count of sheets is right.
        mute = status.idle and status.adf_state == "" and job_state == ""
        counted = mute and self.numbers.sheets == declared and not self.numbers.sheet_open
        return self._retry(None if over or counted else _refused(answer))

    def _no_docs(self, *, at_work: bool) -> float | None:
        empty = ScannerError("scan.no_docs")
        if at_work:
            return self._retry(empty)
        raise empty

    def _is_over(self, status: Status, job_state: str) -> bool:
        if job_state == "Completed":
            # go-mfp's feeder says 'processing' for ever; what counts is that nothing is loaded.
            return not status.loaded
        return self._says_empty(status) and not status.halted

    def _retry(self, otherwise: ScannerError | None) -> float | None:
        """Seconds to wait; when asked often enough, `otherwise` is raised, or the paper ended."""
        if self.retries < len(RETRY_AFTER_S):
            self.retries += 1
            return RETRY_AFTER_S[self.retries - 1]
        if otherwise is None:
            return None
        raise otherwise

    def _raise_trouble(self, status: Status) -> None:
        if self.request.source == "feeder" and status.fault:
            raise ScannerError(status.fault, code=status.adf_state)
        job_state = status.job_state(self.job)
        if job_state in {"Canceled", "Aborted"}:
            raise ScannerError("scan.driver_error", code=f"job-{job_state.lower()}")

    def _may_continue(self) -> bool:
        # A job that gave nothing is not followed by another, and none starts inside a sheet: its
        # first side would be the front of the next.
        return self.link.quirks.continue_job and self.job_sides > 0 and not self.numbers.sheet_open

    def _continue(self) -> float | None:
        self.link.delete(self.job)
        self.job = ""
        try:
            self.begin()
        except ScannerError as error:
            if error.slug == "scan.no_docs":
                return None
            raise
        return 0.0

    def _busy_wait(self, answer: Answer) -> float:
        self.busy += 1
        if self.busy > BUSY_TRIES:
            raise ScannerError("scan.busy")
        return _wait_s(answer)


def _wait_s(answer: Answer) -> float:
    # A device that asks for no pause at all would be asked thirty times within a feeding sheet.
    return min(LONGEST_WAIT_S, max(BUSY_WAIT_S, answer.retry_after_s or 0))


def _refused(answer: Answer) -> ScannerError:
    if answer.status in GONE:
        return ScannerError("scan.ended_with_paper")
    return ScannerError("scan.driver_error", code=f"http-{answer.status}")


def status_of(link: EsclLink, silence_s: float = ANSWER_S) -> Status:
    """The status the device tells.

    Raises:
        LinkError: No connection, or it broke.
        ScannerError: `scan.driver_error` when it refuses to tell, or the answer is no status.
    """
    answer = link.get("ScannerStatus", silence_s)
    if answer.status != HTTPStatus.OK:
        raise ScannerError("scan.driver_error", code=f"status-{answer.status}")
    return parse_status(answer.body)
