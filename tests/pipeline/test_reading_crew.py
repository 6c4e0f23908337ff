"""A crew: one bad task is one lost task, whatever it does to the process that runs it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from app.pipeline.crew import Crew, Limits, Lost

ROOT = Path(__file__).resolve().parents[2]
WORK = "tests.pipeline.crew_work:work"
TASKS = [("work", n) for n in range(12)]


def run(tasks, jobs=2, limits=None):
    with Crew(WORK, jobs, limits) as crew:
        return dict(crew.run(tasks))


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_a_task_that_kills_its_process_is_given_up_and_every_other_one_is_done():
    found = run([*TASKS[:5], ("die", 99), *TASKS[5:]])
    assert found.pop(("die", 99)) == Lost("died")
    assert [found[task][0] for task in TASKS] == list(range(12))


def test_a_task_that_never_ends_is_ended():
    found = run([("hang", 7), *TASKS], limits=Limits(task_s=1.5))
    assert found.pop(("hang", 7)) == Lost("late")
    assert [found[task][0] for task in TASKS] == list(range(12))


def test_an_error_of_the_code_is_told_with_its_name_and_the_process_goes_on():
    found = run([("break", 1), *TASKS], jobs=1)
    lost = found.pop(("break", 1))
    assert isinstance(lost, Lost)
    assert (lost.why, lost.kind) == ("broke", "ZeroDivisionError")
    assert "crew_work.py" in lost.trace
    assert len({process for _, process, _ in found.values()}) == 1


def test_a_process_is_replaced_after_long_service_or_when_it_grew_fat():
    found = run(TASKS, jobs=1, limits=Limits(tasks=5))
    assert max(served for _, _, served in found.values()) == 5
    assert len({process for _, process, _ in found.values()}) == 3
    fat = run([("swell", 150), *TASKS], jobs=1, limits=Limits(rss_bytes=120 << 20))
    after = {process for task, (_, process, _) in fat.items() if task[0] == "work"}
    assert fat["swell", 150][1] not in after
    assert len(after) == 1


def test_tasks_are_taken_only_as_processes_get_free():
    taken = itertools.count()
    with Crew(WORK, 2) as crew:
        news = crew.run(("work", next(taken)) for _ in range(1000))
        next(news)
        assert next(taken) < 10
        assert sum(1 for _ in news) > 900


def test_no_process_of_a_crew_outlives_its_parent():
    code = (
        "import os, threading\n"
        "from app.pipeline.crew import Crew\n"
        f"crew = Crew({WORK!r}, 2).__enter__()\n"
        "news = crew.run([('work', 1), ('work', 2), *[('hang', n) for n in range(3, 9)]])\n"
        "print(next(news)[1][1], next(news)[1][1], flush=True)\n"
        "threading.Event().wait()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        processes = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()
        assert parent.stdout.read() == b""  # the pipe ends when the last of them has let go of it
    assert len(processes) == 2
