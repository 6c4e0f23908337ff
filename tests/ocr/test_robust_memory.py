from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT_MIB = 230.0


def _peaks(file: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.ocr.read_whole", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, float] = json.loads(done.stdout)
    print(found)
    return found


def test_a_worker_reads_an_a4_page_of_300_dpi_in_230_mib(sample):
    """Measured: 215 MiB with the engine's 71, most of it while the page is read."""
    folder, truth = sample
    found = _peaks(folder / truth.page("01-quyet-dinh-1.jpg").file)
    assert found["words"] > 200
    assert found["render"] <= LIMIT_MIB
