"""The fault part of the scan measurement runs as a whole and says what it found."""

from __future__ import annotations

import json
import subprocess
import sys

ARGV = (sys.executable, "-m", "tests.bench", "scan", "--only")


def test_a_few_faults_are_played_judged_and_printed():
    options = ("faults", "--faults", "2", "--seed", "3", "--json")
    done = subprocess.run([*ARGV, *options], capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["faults"]
    assert found["faults"] >= 2
    assert [found[key] for key in ("lost", "damaged", "doubled", "sheet_or_name_wrong")] == [0] * 4
    assert found["wrong"] == []


def test_a_part_that_is_none_is_a_mistake_of_use():
    done = subprocess.run([*ARGV, "speed"], capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert b"scan has no part speed" in done.stderr
