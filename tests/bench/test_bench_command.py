"""The measuring command keeps its contract, and what it measures is what was spent."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

from tests.bench import machine
from tests.bench.__main__ import NAMES
from tests.bench.measure import MeasuredError, spend


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.bench", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_name_of_a_later_version_answers_not_yet():
    later = [name for name in NAMES if importlib.util.find_spec(f"tests.bench.{name}") is None]
    for name in later[:2]:
        done = bench(name, "--json")
        assert (done.returncode, done.stderr.strip()) == (2, f"{name}: not_yet")
        assert json.loads(done.stdout)["slug"] == "not_yet"


def test_an_unknown_name_is_a_usage_error():
    assert bench("speed").returncode == 2


def test_every_measurement_has_its_two_functions():
    for name in NAMES:
        if importlib.util.find_spec(f"tests.bench.{name}") is not None:
            module = importlib.import_module(f"tests.bench.{name}")
            assert callable(module.run), name
            assert callable(module.table), name


def test_processor_time_of_grandchildren_is_counted(tmp_path):
    burn = "import time\nwhile time.process_time() < 0.6: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}], check=True)"
    assert spend([sys.executable, "-c", code], tmp_path).cpu_s >= 0.6


def test_peak_memory_is_the_commands_own_and_not_the_measurers(tmp_path):
    weight = bytearray(300 * 2**20)
    small = spend([sys.executable, "-c", "pass"], tmp_path)
    large = spend([sys.executable, "-c", "print(len(bytearray(120 * 2**20)))"], tmp_path)
    assert small.peak_rss_mb < 100
    assert 120 < large.peak_rss_mb < 300
    assert large.out == f"{120 * 2**20}\n"
    assert len(weight) == 300 * 2**20


def test_a_failing_command_has_no_figures(tmp_path):
    with pytest.raises(MeasuredError, match="failed: broken"):
        spend([sys.executable, "-c", "import sys; sys.exit('broken')"], tmp_path)
    with pytest.raises(MeasuredError, match="not done in"):
        spend([sys.executable, "-c", "input() or all(iter(int, 1))"], tmp_path, limit_s=0)


def test_figures_are_appended_with_the_machine(tmp_path):
    document = tmp_path / "benchmarks.md"
    machine.append(document, "pack", machine.line(machine.describe()))
    machine.append(document, "ocr", "second")
    text = document.read_text(encoding="utf-8")
    assert text.index("## pack") < text.index("Python 3.") < text.index("## ocr")
