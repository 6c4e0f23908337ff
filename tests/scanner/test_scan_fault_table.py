"""Every fault at the first, a middle and the last sheet, simplex and duplex, over real HTTP.

All cases run at once in a few threads, because most of their time is waiting for a device.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest

from scanner.model import ScanRequest
from scanner.simulator import FAULT_NAMES, Fault, SimulatorServer
from tests.scanner.scan_kit import Collected, scan, write_pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHEETS = 3
SLUGS = {
    "jam": "scan.jam",
    "cover_open": "scan.cover_open",
    "double_feed": "scan.double_feed",
    "early_404": "complete",
    "permanent_404": "scan.ended_with_paper",
    "half_jpeg": "scan.page_truncated",
    "zero_byte": "scan.page_empty",
    "link_cut": "scan.link_lost",
    "hang": "scan.stalled",
    "slow": "complete",
    "busy_503": "complete",
    "wrong_size": "scan.page_wrong",
}
BEGUN = {"half_jpeg", "zero_byte", "link_cut", "hang", "wrong_size"}


class Case(NamedTuple):
    fault: str
    sheet: int
    duplex: bool
    side: str


CASES = [
    *(Case(f, s, d, "front") for f in FAULT_NAMES for s in (1, 2, SHEETS) for d in (False, True)),
    *(Case(f, 2, True, "back") for f in FAULT_NAMES),
]


class Outcome(NamedTuple):
    first: Collected
    second: Collected | None


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[bytes]]:
    root = tmp_path_factory.mktemp("stack")
    pages = write_pages(root / "duplex", 2 * SHEETS)
    write_pages(root / "simplex", SHEETS)
    return root / "simplex", root / "duplex", pages


@pytest.fixture(scope="module")
def outcomes(stack: tuple[Path, Path, list[bytes]]) -> Iterator[dict[Case, Future[Outcome]]]:
    with ThreadPoolExecutor(6) as pool:
        yield {case: pool.submit(play, case, stack) for case in CASES}


def play(case: Case, stack: tuple[Path, Path, list[bytes]]) -> Outcome:
    plan = [Fault(case.sheet, case.fault, side=case.side)]  # type: ignore[arg-type]
    server = SimulatorServer(stack[1 if case.duplex else 0], plan=plan, duplex=case.duplex)
    server.start()
    try:
        device = f"escl:{server.url}"
        stall_s = 2.0 if case.fault == "hang" else None
        request = ScanRequest(
            device, "feeder", case.duplex, 200, declared_sheets=SHEETS, stall_s=stall_s
        )
        first = scan(request)
        if first.reason == "complete":
            return Outcome(first, None)
        assert first.ended is not None
        assert first.ended.refeed_sheet is not None
        seqs = [end.seq for end in first.ends] + [drop.seq for drop in first.dropped]
        again = ScanRequest(
            device,
            "feeder",
            case.duplex,
            200,
            declared_sheets=SHEETS,
            first_seq=max(seqs, default=0) + 1,
            first_sheet=first.ended.refeed_sheet,
            stall_s=stall_s,
        )
        return Outcome(first, scan(again))
    finally:
        server.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_a_fault_is_named_with_its_sheet_and_going_on_yields_the_whole_stack_once(
    case: Case,
    outcomes: dict[Case, Future[Outcome]],
    stack: tuple[Path, Path, list[bytes]],
) -> None:
    first, second = outcomes[case].result(timeout=120)
    pages = stack[2] if case.duplex else stack[2][:SHEETS]
    per_sheet = 2 if case.duplex else 1
    assert first.ended is not None
    assert first.reason == SLUGS[case.fault]
    if first.reason == "complete":
        assert first.data() == pages
        assert first.ended.safe_sheets == SHEETS
        assert first.ended.refeed_sheet is None
        return
    assert first.ended.safe_sheets == case.sheet - 1
    assert first.ended.refeed_sheet == case.sheet
    assert first.ended.params["refeed_sheet"] == case.sheet
    assert [drop.slug for drop in first.dropped] == (
        [SLUGS[case.fault]] if case.fault in BEGUN else []
    )
    safe = [end for end in first.ends if end.sheet < case.sheet]
    assert [first.sides[end.seq] for end in safe] == pages[: (case.sheet - 1) * per_sheet]
    assert all(end.flags == () for end in safe)
    check_flags(case, [end.flags for end in first.ends if end.sheet >= case.sheet])
    assert second is not None
    assert second.reason == "complete"
    assert second.ended is not None
    assert second.ended.safe_sheets == SHEETS
    assert [first.sides[end.seq] for end in safe] + second.data() == pages
    numbers = [end.seq for end in first.ends + second.ends]
    assert numbers == sorted(set(numbers))


def check_flags(case: Case, flags: list[tuple[str, ...]]) -> None:
    if case.fault == "double_feed":
        struck = [("double_feed",)] * (2 if case.duplex else 1)
        assert flags == ([(), ("double_feed",)] if case.side == "back" else struck)
    elif case.side == "back":
        assert flags == [("half_sheet",)]
    else:
        assert flags == []
