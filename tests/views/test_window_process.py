"""The window's process loads no pixels and no signatures, whatever the clerk does in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_window_at_work_loads_no_picture_and_no_signing_library(
    tmp_path: Path, small_pages: Path
) -> None:
    argv = [sys.executable, "-m", "tests.views.window_child", tmp_path / "home", small_pages]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        argv, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=150
    )
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    print(told)
    assert told["pages"] == 3
    assert told["heavy"] == []
    assert told["ticks"] > 100
    assert b"Traceback" not in done.stderr, done.stderr.decode()
