"""The doctor's list: the same verb as on the command line, in a process of its own.

Its checks load a token module and recognition models, which the window's process never does.
"""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Signal

from app import paths
from app.desk.health import Check
from app.viewmodels.models import CheckModel


class Doctor(QObject):
    """Asks for an examination and holds what was found."""

    examined = Signal()
    failed = Signal(str, object)

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.checks = CheckModel()
        self._process = QProcess(self)
        self._process.setProgram(paths.command()[0])
        arguments = [*paths.command()[1:], "doctor", "--json", "--home", str(home)]
        self._process.setArguments(arguments)
        self._process.finished.connect(self._on_finished)

    def examine(self) -> None:
        """Look now; one look at a time."""
        if self._process.state() == QProcess.ProcessState.NotRunning:
            self._process.start()

    def close(self) -> None:
        """End a look under way."""
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.finished.disconnect(self._on_finished)
            self._process.kill()
            self._process.waitForFinished()

    def _on_finished(self) -> None:
        try:
            found = json.loads(bytes(self._process.readAllStandardOutput().data()))
            rows = [Check(row["check"], row["state"], row["advice"]) for row in found]
        except (ValueError, KeyError, TypeError):
            self.failed.emit("defect.unexpected", {"kind": "doctor"})
            return
        self.checks.replace(rows)
        self.examined.emit()
