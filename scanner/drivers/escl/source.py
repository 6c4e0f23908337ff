"""Network scanners that speak eSCL (AirScan), by our own client.

Other clients take every 404 for the end of the paper and every 200 for a whole page. Here each
refusal is weighed against the scanner's status, and each side is proved before it counts.
Source: Mopria eSCL technical specification 2.97; behaviour of devices as noted at each rule.
"""

from __future__ import annotations

import math
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from scanner.drivers.escl.documents import (
    COLOR_MODES,
    UNITS_PER_INCH,
    Capabilities,
    InputCaps,
    parse_capabilities,
    scan_settings,
)
from scanner.drivers.escl.job import CLOSED, Pass, Settings
from scanner.drivers.escl.link import ANSWER_S, EsclLink, LinkError
from scanner.drivers.escl.pins import station_pins
from scanner.drivers.escl.quirks import quirks_for
from scanner.drivers.source import DriverEvent, Stop, concluded
from scanner.errors import ScannerError
from scanner.images.validate import TOLERANCE, pixel_decoder
from scanner.model import MM_PER_INCH, Device, ModeName, ScanRequest
from scanner.wire import Opened

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTED_S: Final = 2.0
LISTING_S: Final = 8.0
LONGEST_MM: Final = 6000
GRAY_FOR_LINEART: Final = "gray_for_lineart"
_FORMATS: Final[dict[ModeName, tuple[str, ...]]] = {
    "color": ("image/jpeg", "image/png"),
    "gray": ("image/jpeg", "image/png"),
    # JPEG knows no single bits.
    "lineart": ("image/png", "image/jpeg"),
}


class EsclSource:
    """The devices at known addresses, or those the network announces when none is known."""

    def __init__(self, urls: tuple[str, ...] = ()) -> None:
        self._urls = urls

    def devices(self) -> tuple[Device, ...]:
        """The devices that answer in time, each once, whatever addresses it has.

        All are asked at once, so that one that drips hides only itself. Nothing is pinned here:
        only a scan trusts a device.
        """
        places = tuple((url,) for url in self._urls) or _announced()
        found: dict[object, Device] = {}
        for device in _answers(places):
            if device is not None:
                found.setdefault(_identity(device), device)
        return tuple(found.values())

    def scan(self, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
        """The sides of one pass over the device named in the request."""
        url = request.device_id.removeprefix("escl:")
        return scan_at(EsclLink(url, stop, station_pins()), request, stop)


def _announced() -> tuple[tuple[str, ...], ...]:
    from scanner.drivers.escl.discovery import heard  # noqa: PLC0415 - a scan needs no multicast

    return heard()


def _answers(places: tuple[tuple[str, ...], ...]) -> tuple[Device | None, ...]:
    answers: list[Device | None] = [None] * len(places)

    def ask(at: int) -> None:
        answers[at] = _first_answer(places[at])

    threads = [threading.Thread(target=ask, args=(at,), daemon=True) for at in range(len(places))]
    deadline = time.monotonic() + LISTING_S
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return tuple(answers)


def _first_answer(urls: tuple[str, ...]) -> Device | None:
    for url in urls:
        link = EsclLink(url)
        try:
            caps = capabilities(link, LISTED_S)
        except ScannerError:
            continue
        return _device(url, caps, link.quirks.dpi_at_most)
    return None


def _identity(device: Device) -> object:
    if device.uuid:
        return device.uuid.lower()
    return (device.vendor, device.model, device.serial) if device.serial else device.id


def capabilities(link: EsclLink, silence_s: float = ANSWER_S) -> Capabilities:
    """What the device offers; the link knows its quirks from now on.

    Raises:
        ScannerError: `scan.offline` when it cannot be reached, `scan.access_denied` when it asks
            who we are, `scan.driver_error` when it answers nonsense, `scan.identity_changed` when
            it shows another certificate than before.
    """
    try:
        answer = link.get("ScannerCapabilities", silence_s)
    except LinkError as error:
        if error.garbled:
            raise ScannerError("scan.driver_error", code=error.garbled) from error
        raise ScannerError("scan.offline") from error
    if answer.status in CLOSED:
        raise ScannerError("scan.access_denied")
    if answer.status != HTTPStatus.OK:
        raise ScannerError("scan.driver_error", code=f"http-{answer.status}")
    caps = parse_capabilities(answer.body)
    link.quirks = quirks_for(caps.model, caps.vendor, answer.server)
    return caps


def _device(url: str, caps: Capabilities, most: int | None) -> Device:
    """The device as callers see it; `most` is the greatest resolution it is believed."""
    feeder = caps.simplex or caps.duplex
    inputs = [found for found in (feeder, caps.platen) if found is not None]
    sources = (("feeder",) if feeder else ()) + (("flatbed",) if caps.platen else ())
    dpi = sorted(
        {value for found in inputs for value in found.listed_dpi if most is None or value <= most}
    )
    return Device(
        f"escl:{url}", "escl", caps.vendor, caps.model, caps.serial, caps.uuid, sources, tuple(dpi),
        caps.duplex is not None,
    )  # fmt: skip


def scan_at(link: EsclLink, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
    """The sides of one pass over the device behind `link`, and why it ended.

    Raises:
        ScannerError: The pass could not begin.
    """
    caps = capabilities(link)
    source = _source(caps, request)
    most = link.quirks.dpi_at_most
    if not source.offers(request.dpi) or (most is not None and request.dpi > most):
        raise ScannerError("scan.unsupported", feature=f"{request.dpi} dpi")
    area = _area(source, request)
    page_px = (
        round(area[0] * request.dpi / UNITS_PER_INCH),
        round(area[1] * request.dpi / UNITS_PER_INCH),
    )
    running = Pass(link, request, stop, page_px, _ways(caps, source, request, area))
    running.begin()
    try:
        pixel_decoder()
        yield Opened()
        yield from concluded(running.sides())
    finally:
        running.finish()


def _source(caps: Capabilities, request: ScanRequest) -> InputCaps:
    if request.source == "flatbed":
        source, feature = caps.platen, "flatbed"
    elif request.duplex:
        source, feature = caps.duplex, "duplex"
    else:
        source, feature = caps.simplex or caps.duplex, "feeder"
    if source is None:
        raise ScannerError("scan.unsupported", feature=feature)
    return source


def _area(source: InputCaps, request: ScanRequest) -> tuple[int, int]:
    limits = (source.max_width, source.max_height)
    area = []
    for mm, most in zip(request.page_mm, limits, strict=True):
        if not math.isfinite(mm) or not 0 < mm <= LONGEST_MM:
            raise ScannerError("scan.unsupported", feature=f"{mm:.0f} mm")
        wanted = round(mm / MM_PER_INCH * UNITS_PER_INCH)
        if wanted < 1 or (most and wanted > most * (1 + TOLERANCE)):
            raise ScannerError("scan.unsupported", feature=f"{mm:.0f} mm")
        area.append(min(wanted, most) if most else wanted)
    return area[0], area[1]


def _ways(
    caps: Capabilities, source: InputCaps, request: ScanRequest, area: tuple[int, int]
) -> tuple[Settings, ...]:
    """The ways to ask, best first: with the device's switches, without, and gray for lineart."""

    def way(mode: ModeName, extras: dict[str, bool], *flags: str) -> Settings:
        document = scan_settings(
            area=area,
            feeder=request.source == "feeder",
            duplex=request.duplex,
            mode=mode,
            dpi=request.dpi,
            media=_format(source, mode),
            extras=extras,
        )
        return Settings(document, flags)

    mode, extras = request.mode, _extras(caps, request)
    offered = not source.modes or COLOR_MODES[mode] in source.modes
    asks: list[tuple[ModeName, tuple[str, ...]]] = [(mode, ())] if offered else []
    if mode == "lineart":
        # Refused by many that offer it (naps2, EsclScanDriver): the ink is told from gray later.
        asks.append(("gray", (GRAY_FOR_LINEART,)))
    if not asks:
        raise ScannerError("scan.unsupported", feature=mode)
    switches: tuple[dict[str, bool], ...] = (extras, {}) if extras else ({},)
    return tuple(way(name, chosen, *flags) for name, flags in asks for chosen in switches)


def _extras(caps: Capabilities, request: ScanRequest) -> dict[str, bool]:
    """The switches that keep the count of sides true, as far as the device has them."""
    extras = {}
    if caps.drops_blanks:
        extras["BlankPageDetectionAndRemoval"] = False
    if caps.senses_multipick and request.source == "feeder":
        # No public schema names this element. A device that refuses it is asked without.
        extras["MultipickDetection"] = request.multifeed == "stop"
    return extras


def _format(source: InputCaps, mode: ModeName) -> str:
    for media in _FORMATS[mode]:
        if media in source.formats:
            return media
    if source.formats:
        # Left are PDF, which comes as one file after the whole stack (naps2 #625), and the like.
        raise ScannerError("scan.unsupported", feature="image/jpeg")
    return "image/jpeg"
