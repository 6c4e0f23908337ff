"""Network scanners that speak eSCL (AirScan), by our own client.

Other clients take every 404 for the end of the paper and every 200 for a whole page. Here each
refusal is weighed against the scanner's status, and each side is proved before it counts.
Source: Mopria eSCL technical specification 2.97; behaviour of devices as noted at each rule.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from scanner.drivers.escl_link import ANSWER_S, Answer, Document, EsclLink, LinkError
from scanner.drivers.escl_xml import (
    UNITS_PER_INCH,
    Capabilities,
    InputCaps,
    Status,
    parse_capabilities,
    parse_status,
    scan_settings,
)
from scanner.drivers.source import (
    Delivered,
    DriverEvent,
    Numbering,
    Stop,
    concluded,
    silence_limits,
)
from scanner.errors import ScannerError
from scanner.model import MM_PER_INCH, Device, ScanRequest, SideChunk
from scanner.validate import TOLERANCE, ImageProof, size_flags
from scanner.wire import Opened, Pause

if TYPE_CHECKING:
    from collections.abc import Iterator

RETRY_AFTER_S: Final = (0.5, 1.0, 2.0)
BUSY_TRIES: Final = 30
BUSY_JOB_TRIES: Final = 5
BUSY_WAIT_S: Final = 0.5
PROBE_S: Final = 2.0
LISTED_S: Final = 2.0
GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.GONE})
_UNKNOWN: Final = Status("", "", ())


class EsclSource:
    """The devices at known addresses, or those the network announces when none is known."""

    def __init__(self, urls: tuple[str, ...] = ()) -> None:
        self._urls = urls

    def devices(self) -> tuple[Device, ...]:
        """The devices that answer at these addresses, each once."""
        found: dict[str, Device] = {}
        for url in self._urls or _announced():
            with suppress(ScannerError):
                caps = capabilities(EsclLink(url), LISTED_S)
                found.setdefault(caps.uuid or url, device_of(f"escl:{url}", "escl", caps))
        return tuple(found.values())

    def scan(self, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
        """The sides of one pass over the device named in the request."""
        url = request.device_id.removeprefix("escl:")
        return scan_at(EsclLink(url, stop), request, stop)


def _announced() -> tuple[str, ...]:
    from scanner.drivers.discovery import heard_urls  # noqa: PLC0415 - a scan needs no multicast

    return heard_urls()


def capabilities(link: EsclLink, silence_s: float = ANSWER_S) -> Capabilities:
    """What the device offers.

    Raises:
        ScannerError: `scan.offline` when it cannot be reached, `scan.driver_error` when it
            answers nonsense.
    """
    try:
        answer = link.get("ScannerCapabilities", silence_s)
    except LinkError as error:
        raise ScannerError("scan.offline") from error
    if answer.status != HTTPStatus.OK:
        raise ScannerError("scan.driver_error", code=f"http-{answer.status}")
    return parse_capabilities(answer.body)


def device_of(device_id: str, driver: str, caps: Capabilities) -> Device:
    """The device as callers see it."""
    feeder = caps.simplex or caps.duplex
    inputs = [found for found in (feeder, caps.platen) if found is not None]
    sources = (("feeder",) if feeder else ()) + (("flatbed",) if caps.platen else ())
    dpi = sorted({value for found in inputs for value in found.dpi})
    return Device(
        device_id, driver, caps.vendor, caps.model, caps.serial, caps.uuid, sources, tuple(dpi),
        caps.duplex is not None,
    )  # fmt: skip


def scan_at(link: EsclLink, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
    """The sides of one pass over the device behind `link`, and why it ended.

    Raises:
        ScannerError: The pass could not begin.
    """
    source = _source(capabilities(link), request)
    area = _area(source, request)
    page_px = (
        round(area[0] * request.dpi / UNITS_PER_INCH),
        round(area[1] * request.dpi / UNITS_PER_INCH),
    )
    settings = scan_settings(
        area=area,
        feeder=request.source == "feeder",
        duplex=request.duplex,
        mode=request.mode,
        dpi=request.dpi,
    )
    job = _create_job(link, settings, stop)
    try:
        yield Opened()
        yield from concluded(_Pass(link, job, request, stop, page_px).sides())
    finally:
        link.delete(job)


def _source(caps: Capabilities, request: ScanRequest) -> InputCaps:
    if request.source == "flatbed":
        source, feature = caps.platen, "flatbed"
    elif request.duplex:
        source, feature = caps.duplex, "duplex"
    else:
        source, feature = caps.simplex or caps.duplex, "feeder"
    if source is None:
        raise ScannerError("scan.unsupported", feature=feature)
    if not source.offers(request.dpi):
        raise ScannerError("scan.unsupported", feature=f"{request.dpi} dpi")
    return source


def _area(source: InputCaps, request: ScanRequest) -> tuple[int, int]:
    limits = (source.max_width, source.max_height)
    area = []
    for mm, most in zip(request.page_mm, limits, strict=True):
        wanted = round(mm / MM_PER_INCH * UNITS_PER_INCH)
        if most and wanted > most * (1 + TOLERANCE):
            raise ScannerError("scan.unsupported", feature=f"{mm:.0f} mm")
        area.append(min(wanted, most) if most else wanted)
    return area[0], area[1]


def _create_job(link: EsclLink, settings: bytes, stop: Stop) -> str:
    for _ in range(BUSY_JOB_TRIES):
        stop.check(sheet_open=False)
        try:
            answer = link.post_job(settings)
            if answer.status == HTTPStatus.CREATED:
                return link.job_path(answer.location)
            status = _status(link)
        except LinkError as error:
            stop.check(sheet_open=False)
            raise ScannerError("scan.stalled" if error.timed_out else "scan.offline") from error
        if status.fault:
            raise ScannerError(status.fault, code=status.adf_state)
        if answer.status in GONE and status.empty:
            raise ScannerError("scan.no_docs")
        if answer.status not in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CONFLICT}:
            raise ScannerError("scan.driver_error", code=f"http-{answer.status}")
        stop.wait(min(1.0, answer.retry_after_s or BUSY_WAIT_S))
    raise ScannerError("scan.busy")


def _status(link: EsclLink, silence_s: float = ANSWER_S) -> Status:
    answer = link.get("ScannerStatus", silence_s)
    return parse_status(answer.body) if answer.status == HTTPStatus.OK else _UNKNOWN


@dataclass(slots=True)
class _Pass:
    """One job: asks for sides until the paper ends, weighing every refusal."""

    link: EsclLink
    job: str
    request: ScanRequest
    stop: Stop
    page_px: tuple[int, int]
    numbers: Numbering = field(init=False)
    retries: int = 0
    busy: int = 0
    double_fed: bool = False
    deaf: bool = False

    def __post_init__(self) -> None:
        self.numbers = Numbering(self.request)

    def sides(self) -> Iterator[DriverEvent]:
        """The sides until the paper ends.

        Raises:
            ScannerError: Any other end.
        """
        before_first, before_later, _ = silence_limits(self.request)
        while True:
            self.stop.check(sheet_open=self.numbers.sheet_open)
            silence_s = before_later if self.numbers.sides else before_first
            try:
                with self.link.next_document(self.job, silence_s) as got:
                    if isinstance(got, Document):
                        yield from self._side(got)
                        continue
                wait_s = self._wait_before_retry(got)
                if wait_s is None:
                    return
                yield Pause(wait_s)
                self.stop.wait(wait_s)
            except LinkError as error:
                raise self._broken(error) from error

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
            facts = proof.finish()
            flags = size_flags(facts, self.page_px, self.request.dpi)
        except ScannerError as error:
            fault = None if self.stop.now else self._fault()
            if fault is None:
                raise
            raise ScannerError(fault, code="adf") from error
        self.retries = self.busy = 0
        self.double_fed = self.double_fed or self._fault() == "scan.double_feed"
        if self.double_fed:
            flags = (*flags, "double_feed")
        yield Delivered(facts.media, facts.width_px, facts.height_px, flags, document.name)
        if self.double_fed and not self.numbers.sheet_open:
            raise ScannerError("scan.double_feed")

    def _fault(self) -> str | None:
        if self.request.source == "flatbed" or self.deaf:
            return None
        try:
            return _status(self.link, PROBE_S).fault
        except LinkError as error:
            # Some devices answer nothing while they feed: they are not asked again.
            self.deaf = error.timed_out
        except ScannerError:
            return None
        return None

    def _broken(self, error: LinkError) -> ScannerError:
        if self.stop.now:
            return ScannerError("scan.cancelled")
        if error.timed_out:
            return ScannerError("scan.stalled")
        return ScannerError(self._fault() or "scan.link_lost", code="adf")

    def _wait_before_retry(self, answer: Answer) -> float | None:
        """Seconds to wait before asking again after a refusal; None when the paper ended."""
        status = _status(self.link)
        job_state = status.job_state(self.job)
        self._raise_trouble(status, job_state)
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return self._busy_wait(answer)
        if self.request.source == "flatbed" and self.numbers.sides:
            return None
        if answer.status in GONE and status.empty and not self.numbers.sides:
            raise ScannerError("scan.no_docs")
        declared = self.request.declared_sheets or 0
        over = status.empty or (not status.loaded and job_state in {"Completed", ""})
        # A feeder may say 'empty' with paper still loaded (Brother): a declared count is asked for
        # again before it is called short.
        if over and self.numbers.sheets >= declared:
            return None
        if self.retries < len(RETRY_AFTER_S):
            self.retries += 1
            return RETRY_AFTER_S[self.retries - 1]
        if over:
            return None
        if answer.status not in GONE:
            raise ScannerError("scan.driver_error", code=f"http-{answer.status}")
        raise ScannerError("scan.ended_with_paper")

    def _raise_trouble(self, status: Status, job_state: str) -> None:
        if self.double_fed:
            raise ScannerError("scan.double_feed")
        if status.fault:
            raise ScannerError(status.fault, code=status.adf_state)
        if job_state in {"Canceled", "Aborted"}:
            raise ScannerError("scan.driver_error", code=f"job-{job_state.lower()}")

    def _busy_wait(self, answer: Answer) -> float:
        self.busy += 1
        if self.busy > BUSY_TRIES:
            raise ScannerError("scan.busy")
        wait_s = BUSY_WAIT_S if answer.retry_after_s is None else answer.retry_after_s
        return min(1.0, wait_s)
