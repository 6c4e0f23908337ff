"""The pinned Qt binding keeps its hands off the reference counts of True, False and None."""

from __future__ import annotations

import json
import os
import subprocess
import sys

EMITS = 20_000
CHILD = f"""
import json, sys
import PySide6
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel

class Emitter(QObject):
    told = Signal(object)
    counted = Signal(int)

application = QApplication([])
emitter, label, heard = Emitter(), QLabel(), []
emitter.told.connect(lambda value: heard.append(1) if value == 7 else None)
emitter.counted.connect(lambda value: heard.append(1) if value == 7 else None)
before = [sys.getrefcount(value) for value in (True, False, None)]
for number in range({EMITS}):
    emitter.told.emit(True); emitter.told.emit(False); emitter.told.emit(None); emitter.counted.emit(5)
    label.setText("x"); label.isVisible()
after = [sys.getrefcount(value) for value in (True, False, None)]
print(json.dumps({{"version": PySide6.__version__, "moved": [b - a for a, b in zip(before, after)]}}))
"""


def test_twenty_thousand_signals_cost_true_false_and_none_no_reference() -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, check=False, env=environment, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert told["version"] == "6.11.3"
    assert all(abs(moved) < 100 for moved in told["moved"]), told
