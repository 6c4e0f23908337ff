"""The pure account of sheets: nothing is called safe that is not, and nothing is held for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.completeness import SheetLedger, with_side
from scanner.model import Ended, ScanRequest, SideBegin, SideChunk, SideDropped, SideEnd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner.model import Event, SideEvent


def ask(duplex: bool, **options: object) -> ScanRequest:
    return ScanRequest("escl:x", "feeder", duplex, 300, **options)  # type: ignore[arg-type]


def side(number: int, duplex: bool, fate: str, first_sheet: int = 1) -> list[SideEvent]:
    """Events of the n-th side (from 0): `kept`, `double`, `dropped` or `open`."""
    sheet = first_sheet + (number // 2 if duplex else number)
    face = "back" if duplex and number % 2 else "front"
    seq = number + 1
    events: list[SideEvent] = [SideBegin(seq, sheet, face), SideChunk(seq, b"x")]
    if fate == "dropped":
        events.append(SideDropped(seq, sheet, face, "scan.page_empty"))
    elif fate != "open":
        flags = ("double_feed",) if fate == "double" else ()
        events.append(SideEnd(seq, sheet, face, "image/jpeg", 1, 1, 300, "", 1, flags))
    return events


def play(request: ScanRequest, fates: Sequence[str], reason: str) -> list[Event]:
    ledger = SheetLedger(request)
    out: list[Event] = []
    for number, fate in enumerate(fates):
        out += map(ledger.take, side(number, request.duplex, fate, request.first_sheet))
    return [*out, *ledger.end(reason, {"code": "x"})]


FATES = st.lists(st.sampled_from(["kept", "kept", "kept", "double"]), max_size=9)


@given(FATES, st.sampled_from(["", "dropped", "open"]), st.booleans(), st.integers(1, 4))
def test_every_side_comes_out_once_in_order_and_a_lone_front_is_marked(
    fates, last, duplex, first_sheet
):
    fates = [*fates, last] if last else fates
    request = ask(duplex, first_sheet=first_sheet)
    events = play(request, fates, "scan.jam")
    kept: list[SideEnd] = []
    for event in events:
        if isinstance(event, SideEnd):
            kept = with_side(kept, event)
    assert [end.seq for end in kept] == [
        n + 1 for n, fate in enumerate(fates) if fate in {"kept", "double"}
    ]
    open_seq = 0
    for event in events[:-1]:
        if isinstance(event, SideBegin):
            assert open_seq == 0
            open_seq = event.seq
        else:
            assert event.seq == open_seq  # type: ignore[union-attr]
            open_seq = open_seq if isinstance(event, SideChunk) else 0
    lone = [end for end in kept if "half_sheet" in end.flags]
    assert len(lone) == (1 if duplex and len(kept) % 2 else 0)
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert ended.refeed_sheet == ended.safe_sheets + 1
    assert ended.pages == len(kept)
    safe = [end for end in kept if first_sheet <= end.sheet <= ended.safe_sheets]
    assert all(end.flags == () for end in safe)
    assert len(safe) == (ended.safe_sheets - first_sheet + 1) * (2 if duplex else 1)


@pytest.mark.parametrize(
    ("duplex", "sides", "declared", "reason"),
    [
        (False, 0, None, "scan.no_docs"),
        (False, 3, None, "complete"),
        (False, 3, 3, "complete"),
        (False, 3, 4, "scan.count_short"),
        (False, 3, 2, "scan.count_over"),
        (True, 6, 3, "complete"),
        (True, 4, 3, "scan.count_short"),
        (True, 5, None, "scan.odd_sides"),
        (True, 5, 3, "scan.odd_sides"),
    ],
)
def test_a_clean_end_is_believed_only_when_the_count_agrees(duplex, sides, declared, reason):
    ended = play(ask(duplex, declared_sheets=declared), ["kept"] * sides, "complete")[-1]
    assert isinstance(ended, Ended)
    assert ended.reason == reason
    assert (ended.refeed_sheet is None) == (reason == "complete")
    assert ended.params.get("declared") == declared
    assert ended.params["safe_sheets"] == ended.safe_sheets


def test_the_declared_count_is_that_of_the_whole_stack_earlier_passes_included():
    request = ask(False, declared_sheets=5, first_sheet=4, first_seq=9)
    assert play(request, ["kept"] * 2, "complete")[-1].reason == "complete"  # type: ignore[union-attr]
    assert play(request, ["kept"], "complete")[-1].reason == "scan.count_short"  # type: ignore[union-attr]


def test_an_end_inside_a_side_drops_it_even_when_the_device_calls_that_complete():
    *_, dropped, ended = play(ask(False), ["kept", "open"], "complete")
    assert isinstance(dropped, SideDropped)
    assert dropped.slug == "scan.page_truncated"
    assert isinstance(ended, Ended)


def test_a_sheet_after_a_double_fed_one_is_not_safe_either():
    ended = play(ask(False), ["kept", "double", "kept"], "scan.double_feed")[-1]
    assert isinstance(ended, Ended)
    assert (ended.safe_sheets, ended.refeed_sheet, ended.pages) == (1, 2, 3)


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        ("scan.jam", "scan.double_feed"),
        ("scan.stalled", "scan.double_feed"),
        ("complete", "scan.double_feed"),
        ("cancelled", "cancelled"),
    ],
)
def test_a_double_feed_outranks_what_else_it_looks_like(reason, verdict):
    ledger = SheetLedger(ask(False))
    for event in (*side(0, False, "kept"), *side(1, False, "double")):
        ledger.take(event)
    ended = list(ledger.end(reason, {}))[-1]
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.safe_sheets, ended.refeed_sheet) == (verdict, 1, 2)


@pytest.mark.parametrize("reason", ["cancelled", "scan.driver_crash", "scan.stalled"])
@pytest.mark.parametrize("duplex", [False, True])
def test_what_befalls_the_device_after_the_last_declared_sheet_asks_for_no_paper(reason, duplex):
    sides = ["kept"] * (4 if duplex else 2)
    ended = play(ask(duplex, declared_sheets=2), sides, reason)[-1]
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.safe_sheets, ended.refeed_sheet) == ("complete", 2, None)
    early = play(ask(duplex, declared_sheets=3), sides, reason)[-1]
    assert isinstance(early, Ended)
    assert (early.reason, early.refeed_sheet) == (reason, 3)
    still_open = play(ask(duplex, declared_sheets=2), [*sides, "open"], reason)[-1]
    assert isinstance(still_open, Ended)
    assert still_open.reason == reason


@pytest.mark.parametrize("reason", ["scan.jam", "scan.ended_with_paper", "scan.cover_open"])
def test_what_speaks_of_more_paper_is_told_though_all_declared_sheets_are_safe(reason):
    ended = play(ask(False, declared_sheets=2), ["kept", "kept"], reason)[-1]
    assert isinstance(ended, Ended)
    assert ended.reason == reason
