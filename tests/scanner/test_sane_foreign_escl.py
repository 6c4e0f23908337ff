"""Our SANE driver over the eSCL backends of others: what they tell is used, never believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.drivers.sane.device import hides_faults
from scanner.model import ScanRequest
from scanner.simulator import Fault, SimulatorServer
from tests.scanner.conftest import SIDES
from tests.scanner.scan_kit import Collected, scan
from tests.strangers.front_end import BACKENDS, PACE_IPM, FrontEnd


def through(
    tmp_path: Path, four_sides: Path, backend: str, *faults: Fault, **wish: object
) -> Collected:
    server = SimulatorServer(four_sides, plan=faults, ipm=PACE_IPM, duplex=True, flatbed=True)
    server.start()
    try:
        front = FrontEnd(backend, server.url, tmp_path)
        fields = {"source": "feeder", "duplex": False, "dpi": 200, **wish}
        request = ScanRequest(f"sane:{front.device}", **fields)  # type: ignore[arg-type]
        return scan(request, front.env())
    finally:
        server.close()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("duplex", [True, False])
@pytest.mark.parametrize("mode", ["color", "gray"])
def test_every_side_comes_whatever_kind_of_frame_the_backend_sends(
    tmp_path, four_sides, backend, duplex, mode
):
    sheets = SIDES // 2 if duplex else SIDES
    got = through(tmp_path, four_sides, backend, duplex=duplex, mode=mode, declared_sheets=sheets)
    assert (got.reason, len(got.ends)) == ("complete", SIDES)
    # libsane 1.2.1's escl backend decodes gray pages into colour frames.
    flag = ("color_for_gray",) if (backend, mode) == ("escl", "gray") else ()
    assert {tuple(set(end.flags) - {"half_sheet"}) for end in got.ends} == {flag}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("fault", ["jam", "cover_open", "permanent_404", "zero_byte"])
def test_a_stack_that_such_a_backend_ends_early_is_never_called_proved(
    tmp_path, four_sides, backend, fault
):
    got = through(tmp_path, four_sides, backend, Fault(3, fault, 9), stall_s=3.0)
    assert got.reason != "complete"


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_a_declared_count_a_person_is_asked_for_one(tmp_path, four_sides, backend):
    got = through(tmp_path, four_sides, backend)
    assert (got.reason, len(got.ends)) == ("scan.count_undeclared", SIDES)
    assert (got.ended.safe_sheets, got.ended.refeed_sheet) == (SIDES, SIDES + 1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_declared_count_proves_the_end_of_such_a_backend_or_refutes_it(
    tmp_path, four_sides, backend
):
    for declared, reason in ((SIDES, "complete"), (SIDES + 1, "scan.count_short")):
        place = tmp_path / str(declared)
        got = through(place, four_sides, backend, declared_sheets=declared)
        assert got.reason == reason


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_page_from_the_glass_needs_no_count(tmp_path, four_sides, backend):
    got = through(tmp_path, four_sides, backend, source="flatbed")
    assert (got.reason, len(got.ends)) == ("complete", 1)


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("escl:http://192.0.2.7:80", True),
        ("airscan:w0:Office", True),
        ("net:192.0.2.1:escl:http://192.0.2.7:80", True),
        ("net:[2001:db8::1]:airscan:e0:Office", True),
        ("net:escl:fujitsu:fi-8170:1", False),
        ("fujitsu:fi-8170:1", False),
        ("epsonds:net:192.0.2.7", False),
    ],
)
def test_only_the_backends_that_hide_faults_need_a_count(name, hidden):
    assert hides_faults(name) is hidden
