"""Random troubles in random places, played to the end of the stack and judged from outside.

A run is a stack of numbered pages in the simulated feeder, a plan of faults or one strike at the
driver host, and a caller who commits each side, puts the named sheet back and goes on. The judge
knows the plan and the folder of pages only, never the account that the scanner package keeps.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from scanner.completeness import unmarked
from scanner.model import (
    Ended,
    Event,
    ScanRequest,
    SideBegin,
    SideChunk,
    SideDropped,
    SideEnd,
)
from scanner.remote import RemoteSource
from scanner.simulator import FAULT_NAMES, Fault, SimulatorServer
from tests.scanner.scan_kit import hidden_driver_code, write_pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

MOST_SHEETS = 6
MOST_PASSES = 12
STALL_S = 3.0
SIDES_PER_MINUTE = 3000.0
RETRIES = 3
SLUGS = {
    "jam": "scan.jam",
    "cover_open": "scan.cover_open",
    "half_jpeg": "scan.page_truncated",
    "zero_byte": "scan.page_empty",
    "link_cut": "scan.link_lost",
    "hang": "scan.stalled",
    "wrong_size": "scan.page_wrong",
    "permanent_404": "scan.ended_with_paper",
    "early_404": "scan.ended_with_paper",
    "double_feed": "scan.double_feed",
}
STRIKES = {
    "kill": "scan.driver_crash",
    "freeze": "scan.stalled",
    "stop_now": "cancelled",
    "stop_after_sheet": "cancelled",
}
StrikeName = Literal["kill", "freeze", "stop_now", "stop_after_sheet"]
_HOST = hidden_driver_code("open(os.environ['HOST_PID_FILE'], 'w').write(str(os.getpid()))")


@dataclass(frozen=True, slots=True)
class Strike:
    """What hits the first pass, so many seconds after so many of its events."""

    kind: StrikeName
    after_events: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class FaultRun:
    sheets: int
    duplex: bool
    faults: tuple[Fault, ...] = ()
    strike: Strike | None = None
    ipm: float = SIDES_PER_MINUTE

    @property
    def per_sheet(self) -> int:
        return 2 if self.duplex else 1

    @property
    def injected(self) -> int:
        return len(self.faults) + (self.strike is not None)

    def place(self, sheet: int, side: str) -> int:
        """Which page of the folder this side shows."""
        return (sheet - 1) * self.per_sheet + (side == "back")


@dataclass(frozen=True, slots=True)
class Kept:
    """A side as the caller committed it, and whether its sheet was fed again afterwards."""

    turn: int
    seq: int
    sheet: int
    side: str
    flags: tuple[str, ...]
    data: bytes
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One pass as the caller saw it; times in seconds, None when not such an end."""

    first_sheet: int
    reason: str
    refeed_sheet: int | None
    safe_sheets: int
    struck: bool
    stall_s: float | None = None
    crash_s: float | None = None
    idle_s: float | None = None


@dataclass(frozen=True, slots=True)
class Record:
    run: FaultRun
    turns: tuple[Turn, ...]
    kept: tuple[Kept, ...]
    left_over: tuple[str, ...]


# --- what is drawn ------------------------------------------------------------------------------


def draw(seed: int, number: int) -> FaultRun:
    """The run of that number; the same for ever."""
    dice = random.Random(f"{seed}/{number}")
    sheets, duplex = dice.randint(2, MOST_SHEETS), dice.random() < 0.5
    if dice.random() < 0.25:
        weights = {"kill": 5, "freeze": 1, "stop_now": 3, "stop_after_sheet": 2}
        kind: StrikeName = dice.choices(list(weights), list(weights.values()))[0]  # type: ignore[assignment]
        events = dice.randint(1, 3 * sheets * (2 if duplex else 1))
        return FaultRun(sheets, duplex, strike=Strike(kind, events, dice.random() * 0.03))
    places = [(n, side) for n in range(1, sheets + 1) for side in ("front", "back")[: 1 + duplex]]
    struck = dice.sample(places, min(len(places), dice.choice((1, 1, 2, 2, 3))))
    return FaultRun(sheets, duplex, tuple(_fault(dice, sheet, side) for sheet, side in struck))


def _fault(dice: random.Random, sheet: int, side: str) -> Fault:
    name = dice.choice(FAULT_NAMES)
    most = {"early_404": RETRIES + 2, "hang": 1, "slow": 1, "permanent_404": 1}.get(name, 2)
    return Fault(sheet, name, dice.randint(1, most), side)  # type: ignore[arg-type]


def numbered(seed: int, faults: int) -> list[FaultRun]:
    """As many runs as it takes to inject so many faults."""
    runs: list[FaultRun] = []
    while sum(run.injected for run in runs) < faults:
        runs.append(draw(seed, len(runs)))
    return runs


# --- what must happen, from the plan alone ------------------------------------------------------


def foretell(run: FaultRun) -> list[tuple[str, int | None]]:
    """Reason and sheet to re-feed of every pass, by walking through the plan."""
    left = {(fault.sheet, fault.side): [fault.fault, fault.times] for fault in run.faults}
    turns: list[tuple[str, int | None]] = []
    first = 1
    while True:
        reason, sheet = _walk(run, left, first)
        turns.append((reason, sheet))
        if sheet is None:
            return turns
        first = sheet


def _walk(
    run: FaultRun, left: dict[tuple[int, str], list[object]], first: int
) -> tuple[str, int | None]:
    for sheet in range(first, run.sheets + 1):
        double = False
        for side in ("front", "back")[: run.per_sheet]:
            name, times = left.get((sheet, side), ["", 0])
            assert isinstance(times, int)
            if times == 0 or name == "slow":
                continue
            if name == "double_feed":
                left[sheet, side][1] = times - 1
                double = True
            elif not double and (name == "busy_503" or (name == "early_404" and times <= RETRIES)):
                left[sheet, side][1] = 0
            else:
                spent = RETRIES + 1 if name == "early_404" and not double else 1
                left[sheet, side][1] = times - spent
                return ("scan.double_feed" if double else SLUGS[str(name)]), sheet
        if double:
            return "scan.double_feed", sheet
    return "complete", None


# --- the caller ---------------------------------------------------------------------------------


def play(run: FaultRun, folder: Path) -> Record:
    """The run, pass after pass, until the stack is complete."""
    folder.mkdir(parents=True)
    pages = folder / "pages"
    write_pages(pages, run.sheets * run.per_sheet)
    pace = run.ipm if run.strike else None
    server = SimulatorServer(pages, plan=run.faults, ipm=pace, duplex=run.duplex)
    server.start()
    caller = _Caller(run, folder, server)
    try:
        while len(caller.turns) < MOST_PASSES:
            if caller.go_on():
                break
        return caller.record()
    finally:
        caller.source.close()
        server.close()


class _Caller:
    """Commits sides like the scan worker: hash checked, named when whole, then acknowledged."""

    def __init__(self, run: FaultRun, folder: Path, server: SimulatorServer) -> None:
        self.run, self.server = run, server
        self.pid_file = folder / "host.pid"
        self.out = folder / "out"
        self.out.mkdir()
        self.source = RemoteSource(_HOST, {"HOST_PID_FILE": str(self.pid_file)})
        self.turns: list[Turn] = []
        self.ends: list[tuple[int, SideEnd, bool]] = []
        self.next_seq = 1

    def go_on(self) -> bool:
        """One more pass over what lies in the feeder; whether it was the last."""
        first = self.turns[-1].refeed_sheet if self.turns else 1
        assert first is not None
        self.ends = [
            (turn, end, superseded or end.sheet >= first) for turn, end, superseded in self.ends
        ]
        if self.turns:
            self._put_back(first)
        hangs = any(fault.fault == "hang" for fault in self.run.faults)
        frozen = self.run.strike is not None and self.run.strike.kind == "freeze"
        request = ScanRequest(
            f"escl:{self.server.url}",
            "feeder",
            self.run.duplex,
            200,
            declared_sheets=self.run.sheets,
            first_seq=self.next_seq,
            first_sheet=first,
            stall_s=STALL_S if hangs or frozen else None,
        )
        watch = _Watch(self, None if self.turns else self.run.strike)
        part = self.out / "open.part"
        for event in watch.listen(request):
            self._take(event, part)
        self.turns.append(watch.turn(first))
        last = self.turns[-1]
        # Whoever counted the sheets knows that behind the last there is none to put back.
        return last.reason == "complete" or last.safe_sheets == self.run.sheets

    def record(self) -> Record:
        kept = tuple(
            Kept(turn, end.seq, end.sheet, end.side, end.flags, self._file(end).read_bytes(), over)
            for turn, end, over in self.ends
        )
        whole = {self._file(end).name for _, end, _ in self.ends}
        left_over = tuple(sorted({path.name for path in self.out.iterdir()} - whole))
        return Record(self.run, tuple(self.turns), kept, left_over)

    def _file(self, end: SideEnd) -> Path:
        return self.out / f"{end.seq:04}-{end.sheet}-{end.side}.jpg"

    def _put_back(self, sheet: int) -> None:
        tray = self.server.tray
        until(lambda: tray.job is None or not tray.job.busy)
        link = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=20)
        link.request("PUT", f"/sim/reload?sheet={sheet}")
        assert link.getresponse().status == 200
        link.close()

    def _take(self, event: Event, part: Path) -> None:
        if isinstance(event, SideBegin):
            self.next_seq = event.seq + 1
            part.write_bytes(b"")
        elif isinstance(event, SideChunk):
            with part.open("ab") as file:
                file.write(event.data)
        elif isinstance(event, SideDropped):
            part.unlink()
        elif isinstance(event, SideEnd):
            data = part.read_bytes()
            assert hashlib.sha256(data).hexdigest() == event.sha256
            assert len(data) == event.size_bytes
            part.replace(self._file(event))
            if event.side == "back" and self.ends and self.ends[-1][1].sheet == event.sheet:
                turn, front, superseded = self.ends[-1]
                self.ends[-1] = (turn, unmarked(front), superseded)
            self.ends.append((len(self.turns), event, False))
            self.source.ack(event.seq)


@dataclass
class _Watch:
    """The events of a pass with a clock beside them, and the strike that was planned."""

    caller: _Caller
    strike: Strike | None
    struck_at: float | None = None
    heard_at: float = 0.0
    silence_s: float = 0.0
    ended_at: float = 0.0
    idle_at: float = 0.0
    ended: Ended | None = None
    timer: threading.Timer | None = field(default=None, repr=False)

    def listen(self, request: ScanRequest) -> Iterator[Event]:
        self.heard_at = time.monotonic()
        for events, event in enumerate(self.caller.source.scan(request), 1):
            now = time.monotonic()
            if now - self.heard_at > STALL_S / 2:
                # The last silence of the pass; a held back front is handed on behind it.
                self.silence_s = now - self.heard_at
            self.heard_at = now
            if isinstance(event, Ended):
                self.ended, self.ended_at = event, now
            yield event
            if self.strike is not None and events == self.strike.after_events:
                self.timer = threading.Timer(self.strike.delay_s, self._hit)
                self.timer.start()
        self.idle_at = time.monotonic()
        if self.timer is not None:
            self.timer.cancel()
            self.timer.join()

    def _hit(self) -> None:
        assert self.strike is not None
        self.struck_at = time.monotonic()
        if self.strike.kind in {"stop_now", "stop_after_sheet"}:
            self.caller.source.stop(now=self.strike.kind == "stop_now")
            return
        number = signal.SIGKILL if self.strike.kind == "kill" else signal.SIGSTOP
        try:
            os.kill(int(self.caller.pid_file.read_text()), number)
        except ProcessLookupError:
            self.struck_at = None

    def turn(self, first: int) -> Turn:
        ended = self.ended
        assert ended is not None
        struck = (
            self.struck_at if self.strike and ended.reason == STRIKES[self.strike.kind] else None
        )
        since = self.ended_at - (struck or self.ended_at)
        return Turn(
            first,
            ended.reason,
            ended.refeed_sheet,
            ended.safe_sheets,
            struck is not None,
            stall_s=self.silence_s if ended.reason == "scan.stalled" else None,
            crash_s=since if struck and ended.reason == "scan.driver_crash" else None,
            idle_s=(
                self.idle_at - struck
                if struck and self.strike and self.strike.kind == "stop_now"
                else None
            ),
        )


def until(done: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Return when `done()`; it is asked every few milliseconds, and fails after the limit."""
    deadline = time.monotonic() + limit_s
    pause = threading.Event()
    while not done():
        assert time.monotonic() < deadline, "never came true"
        pause.wait(0.01)


# --- the judge ----------------------------------------------------------------------------------


def judge(record: Record, pages: list[bytes]) -> list[str]:
    """What went wrong, by the plan and the pages alone; nothing when all is right."""
    run = record.run
    faults = [f"left over: {name}" for name in record.left_over]
    for kept in record.kept:
        place = run.place(kept.sheet, kept.side)
        if place >= len(pages) or kept.data != pages[place]:
            faults.append(f"damaged: pass {kept.turn} sheet {kept.sheet} {kept.side}")
    counts = Counter(
        run.place(kept.sheet, kept.side) for kept in record.kept if not kept.superseded
    )
    faults += [f"lost: page {at + 1}" for at in range(len(pages)) if not counts[at]]
    faults += [f"doubled: page {at + 1}" for at, count in counts.items() if count > 1]
    seqs = [kept.seq for kept in record.kept]
    if seqs != sorted(set(seqs)):
        faults.append(f"numbers: {seqs}")
    faults += _judge_turns(record)
    return faults


def _judge_turns(record: Record) -> list[str]:
    run, faults = record.run, []
    seen = [(turn.reason, turn.refeed_sheet) for turn in record.turns]
    if run.strike is None:
        if seen != foretell(run):
            faults.append(f"passes: {seen}, expected {foretell(run)}")
    elif len(seen) > 2 or seen[-1][1] not in {None, run.sheets + 1}:
        faults.append(f"passes: {seen}")
    elif seen[0][0] not in {"complete", STRIKES[run.strike.kind]}:
        faults.append(f"struck by {run.strike.kind}, named {seen[0]}")
    for at, turn in enumerate(record.turns):
        safe = _safe(record, at)
        wanted = None if turn.reason == "complete" else safe + 1
        if (turn.safe_sheets, turn.refeed_sheet) != (safe, wanted):
            faults.append(f"pass {at}: {turn}, by the files {safe} sheets are safe")
    return faults


def _safe(record: Record, at: int) -> int:
    """Whole sheets from the first on, by the sides committed up to and in this pass."""
    run = record.run
    whole: Counter[int] = Counter()
    for kept in record.kept:
        again = any(turn.first_sheet <= kept.sheet for turn in record.turns[kept.turn + 1 : at + 1])
        if kept.turn <= at and not again and not {"double_feed", "half_sheet"} & set(kept.flags):
            whole[kept.sheet] += 1
    double = {kept.sheet for kept in record.kept if kept.turn == at and "double_feed" in kept.flags}
    safe = 0
    while whole[safe + 1] == run.per_sheet and safe + 1 not in double:
        safe += 1
    return safe


def play_all(
    runs: Iterable[FaultRun], folder: Path, threads: int = 6
) -> Iterator[tuple[Record, list[str]]]:
    """Every run with what the judge says; a few at a time, because most of it is waiting."""

    def one(numbered_run: tuple[int, FaultRun]) -> tuple[Record, list[str]]:
        number, run = numbered_run
        place = folder / f"run-{number}"
        record = play(run, place)
        pages = [file.read_bytes() for file in sorted((place / "pages").iterdir())]
        return record, judge(record, pages)

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(one, enumerate(runs))
