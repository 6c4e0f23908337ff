"""The scanner for training and for machines without one: a simulator reached over real HTTP.

Device ids: `simulated:` (drawn practice pages), `simulated:DIR` (a folder of page images), and
`simulated:DIR?plan=FILE&duplex=0&ipm=N` with a fault plan, a simplex feeder, or a pace.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from scanner.drivers.escl.link import EsclLink
from scanner.drivers.escl.source import scan_at
from scanner.errors import ScannerError
from scanner.model import Device, ScanRequest
from scanner.simulator.faults import Fault, parse_plan
from scanner.simulator.pages import OFFERED_DPI, training_pages
from scanner.simulator.server import SimulatorServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.drivers.source import DriverEvent, Stop


class SimulatedSource:
    """The one simulated scanner, always there."""

    def devices(self) -> tuple[Device, ...]:
        """The simulated scanner on its practice pages."""
        return (
            Device(
                id="simulated:",
                driver="simulated",
                vendor="Simulated",
                model="Simulated Document Feeder",
                serial="SIM-0001",
                uuid="",
                sources=("feeder",),
                dpi=OFFERED_DPI,
                duplex=True,
            ),
        )

    def scan(self, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
        """The sides of one pass over the folder named in the request.

        A pass that continues (`first_sheet` above 1) finds the earlier sheets gone from the feeder
        and the plan's troubles up to its first sheet behind it.

        Raises:
            ScannerError: `scan.no_device` without such a folder; the pass could not begin.
        """
        folder, query = _parts(request.device_id)
        with _paper(folder) as pages:
            try:
                server = SimulatorServer(
                    pages,
                    plan=_plan(query.get("plan", "")),
                    ipm=float(query["ipm"]) if "ipm" in query else None,
                    duplex=query.get("duplex", "1") != "0",
                    first_sheet=request.first_sheet,
                )
            except (OSError, ValueError) as error:
                raise ScannerError("scan.no_device", device=request.device_id) from error
            server.start()
            try:
                yield from scan_at(EsclLink(server.url, stop), request, stop)
            finally:
                server.close()


def _parts(device_id: str) -> tuple[str, dict[str, str]]:
    folder, _, query = device_id.removeprefix("simulated:").partition("?")
    return folder, {name: values[-1] for name, values in parse_qs(query).items()}


@contextmanager
def _paper(folder: str) -> Iterator[Path]:
    if folder:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory(prefix="practice-") as drawn:
        training_pages(Path(drawn))
        yield Path(drawn)


def _plan(file: str) -> tuple[Fault, ...]:
    return parse_plan(json.loads(Path(file).read_bytes())) if file else ()
