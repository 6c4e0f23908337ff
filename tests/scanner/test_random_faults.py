"""Sixty faults drawn by a seed, a judge that can turn red, and scans whose every process is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scanner.simulator import Fault, SimulatorServer
from tests.scanner.fault_runs import (
    FaultRun,
    Record,
    Strike,
    foretell,
    judge,
    numbered,
    play,
    play_all,
    until,
)
from tests.scanner.scan_kit import ROOT, page_jpeg, write_pages

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20261
FAULTS = 60
JAMMED = FaultRun(3, duplex=True, faults=(Fault(2, "jam", side="back"), Fault(3, "double_feed")))


def test_sixty_random_faults_lose_double_and_cut_no_page_and_name_the_sheet(tmp_path):
    print(f"seed {SEED}")
    runs = numbered(SEED, FAULTS)
    wrong = {
        number: (record.run, found)
        for number, (record, found) in enumerate(play_all(runs, tmp_path))
        if found
    }
    assert wrong == {}


def test_the_plan_alone_foretells_every_pass():
    assert foretell(JAMMED) == [("scan.jam", 2), ("scan.double_feed", 3), ("complete", None)]
    twice = FaultRun(2, duplex=False, faults=(Fault(1, "early_404", 5), Fault(2, "slow")))
    assert foretell(twice) == [("scan.ended_with_paper", 1), ("complete", None)]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, list[bytes]]:
    record = play(JAMMED, tmp_path_factory.mktemp("judge") / "run")
    pages = [page_jpeg(number) for number in range(6)]
    assert judge(record, pages) == []
    return record, pages


MUTANTS: dict[str, Callable[[Record], Record]] = {
    "lost": lambda got: replace(got, kept=got.kept[:-1]),
    "doubled": lambda got: replace(got, kept=(*got.kept, replace(got.kept[-1], seq=99))),
    "damaged": lambda got: replace(
        got, kept=(replace(got.kept[0], data=got.kept[0].data[:-1]), *got.kept[1:])
    ),
    "damaged: pass 0 sheet 1": lambda got: replace(
        got, kept=(replace(got.kept[0], data=got.kept[1].data), *got.kept[1:])
    ),
    "numbers": lambda got: replace(got, kept=(replace(got.kept[0], seq=2), *got.kept[1:])),
    "left over": lambda got: replace(got, left_over=("open.part",)),
    "passes": lambda got: replace(
        got, turns=(replace(got.turns[0], reason="scan.stalled"), *got.turns[1:])
    ),
    "by the files": lambda got: replace(
        got, turns=(replace(got.turns[0], refeed_sheet=3, safe_sheets=2), *got.turns[1:])
    ),
    "doubled: page 3": lambda got: replace(
        got, kept=tuple(replace(kept, superseded=False) for kept in got.kept)
    ),
}


@pytest.mark.parametrize("word", MUTANTS)
def test_the_judge_turns_red(good: tuple[Record, list[bytes]], word: str):
    record, pages = good
    assert any(word in line for line in judge(MUTANTS[word](record), pages))


@pytest.mark.parametrize("kind", ["kill", "freeze", "stop_now", "stop_after_sheet"])
def test_every_strike_is_named_and_the_rest_of_the_stack_follows(tmp_path, kind):
    run = FaultRun(4, duplex=True, strike=Strike(kind, 8, 0), ipm=600)
    record = play(run, tmp_path / "run")
    assert record.turns[0].struck
    assert judge(record, [page_jpeg(number) for number in range(8)]) == []


def scanning(server: SimulatorServer, out: Path, *more: str) -> subprocess.Popen[bytes]:
    """The verb `scan` at work."""
    argv = [sys.executable, str(ROOT / "main.py"), "scan", "--json", "--dpi", "200", *more]
    argv += ["--device", f"escl:{server.url}", "--out", str(out)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT)


def children_of(pid: int) -> set[int]:
    """Every living process below this one. Source: proc(5), /proc/PID/task/TID/children."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found |= {int(child) for child in task.read_text("ascii").split()}
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found | {below for child in found for below in children_of(child)}


@pytest.mark.parametrize("turn", range(4))
def test_a_scan_killed_whole_leaves_only_whole_pages_and_no_process(tmp_path, turn):
    dice = random.Random(f"{SEED}/{turn}")
    pages = write_pages(tmp_path / "pages", 12)
    server = SimulatorServer(tmp_path / "pages", ipm=1200, duplex=True)
    server.start()
    out = tmp_path / "out"
    with scanning(server, out, "--duplex") as verb:
        assert verb.stdout is not None
        for _ in range(dice.randint(1, 9)):
            verb.stdout.readline()
        threading.Event().wait(dice.random() * 0.05)
        below = children_of(verb.pid)
        verb.kill()
        rest = verb.stdout.read()
        verb.wait(20)
    until(lambda: not any(alive(pid) for pid in below))
    server.close()
    assert below
    assert b"Traceback" not in rest
    shown = sorted(path.name for path in out.iterdir() if path.name[0] != ".")
    assert shown
    assert [(out / name).read_bytes() for name in shown] == pages[: len(shown)]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state not in {"Z", "X"}


def test_an_interrupted_scan_leaves_no_trace_of_the_open_page(tmp_path):
    pages = write_pages(tmp_path / "pages", 6)
    server = SimulatorServer(tmp_path / "pages", plan=[Fault(3, "slow")])
    server.start()
    out = tmp_path / "out"
    with scanning(server, out) as verb:
        assert verb.stdout is not None
        lines = [verb.stdout.readline(), verb.stdout.readline()]
        until(lambda: any(path.suffix == ".part" for path in out.iterdir()))
        verb.send_signal(signal.SIGINT)
        lines += verb.stdout.read().splitlines()
        assert verb.wait(20) == 130
    server.close()
    last = json.loads(lines[-1])
    assert (last["ended"], last["safe_sheets"], last["refeed_sheet"]) == ("cancelled", 2, 3)
    assert [path.read_bytes() for path in sorted(out.iterdir())] == pages[:2]
