"""Scanners that answer and the ways to scan: found in a process of its own, chosen by the clerk.

The search is the verb ``devices``, so that no driver is ever loaded into the window's process.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Signal

from app import paths
from app.desk import profiles, scanners
from app.desk.office import Office
from app.desk.profile_files import Preset
from app.desk.profiles import Choice
from app.desk.scanners import Scanner
from app.viewmodels.models import RowsModel
from app.viewmodels.session import Session
from app.viewmodels.texts import ui

KILLED_MS = 2000


@dataclass(frozen=True, slots=True)
class ScannerRow:
    """A scanner in the list.

    Attributes:
        chosen: F5 uses it.
        seen: the last search found it, or none has ended yet.
    """

    scanner: Scanner
    chosen: bool
    seen: bool


@dataclass(frozen=True, slots=True)
class PresetRow:
    """A profile in the list, as it is used here."""

    preset: Preset
    chosen: bool


class ScannerModel(RowsModel[ScannerRow]):
    """The scanners that may be chosen."""

    def key(self, row: ScannerRow) -> object:
        """Its identifier."""
        return row.scanner.id

    def text(self, row: ScannerRow) -> str:
        """Name and address; what it can do, whether it is chosen, in words."""
        found = row.scanner
        words = [ui(f"scanner.source.{source}") for source in found.sources]
        if found.sources:
            words.append(ui("scanner.duplex" if found.duplex else "scanner.simplex"))
        if found.untried:
            words.append(ui("scanner.untried"))
        if row.chosen:
            words.append(ui("scanner.chosen" if row.seen else "scanner.not_seen"))
        return f"{name(found)}\n{' · '.join(words) or ui('scanner.unknown')}"


class PresetModel(RowsModel[PresetRow]):
    """The profiles that may be chosen."""

    def key(self, row: PresetRow) -> object:
        """Its name."""
        return row.preset.name

    def text(self, row: PresetRow) -> str:
        """Title; the values behind it, whose they are, whether it is chosen."""
        both = ui("profile.sides.two" if row.preset.duplex else "profile.sides.one")
        words = [values(row.preset), both]
        if row.preset.office:
            words.append(ui("profile.office"))
        if row.preset.reason:
            words.append(row.preset.reason)
        if row.chosen:
            words.append(ui("scanner.chosen"))
        return f"{row.preset.title}\n{' · '.join(words)}"


def name(scanner: Scanner) -> str:
    """What the clerk calls it."""
    if scanner.driver == scanners.PRACTICE:
        folder = Path(scanner.id.partition(":")[2].partition("?")[0]).name
        return ui("scanner.practice", folder=folder) if folder else ui("scanner.practice.plain")
    if scanner.driver == "folder":
        return ui("scanner.folder", folder=scanner.id.partition(":")[2])
    return scanner.name


def values(preset: Preset) -> str:
    """Resolution, colour and paper in a few words."""
    return ui("profile.values", dpi=preset.dpi, mode=ui(f"profile.mode.{preset.mode}"),
              page=preset.page)  # fmt: skip


class Scanners(QObject):
    """Looks for scanners and remembers what was chosen.

    Args:
        home: the vault's folder.
        session: whose equipment and desk it speaks to.
    """

    changed = Signal()
    searched = Signal()

    def __init__(self, home: Path, session: Session) -> None:
        super().__init__()
        self.found, self.presets = ScannerModel(), PresetModel()
        self.choice: Choice | None = None
        self.failed = False
        self._session = session
        self._listed: tuple[Scanner, ...] | None = None
        self._typed: tuple[Scanner, ...] = ()
        self._name = ""
        self._told = False
        self._process = QProcess(self)
        self._process.setProgram(paths.command()[0])
        arguments = [*paths.command()[1:], "devices", "--json", "--home", str(home)]
        self._process.setArguments(arguments)
        self._process.finished.connect(self._on_finished)
        session.equipment_changed.connect(self.refresh)

    @property
    def searching(self) -> bool:
        """Whether a search is under way."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    # --- looking ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Ask what is chosen."""
        device = self._session.equipment.device

        def act(office: Office) -> tuple[Choice, str]:
            return profiles.choice(office, device), scanners.chosen_name(office, device)

        self._session.desk.do(act, self._on_choice)

    def search(self) -> None:
        """Look for scanners; one search at a time."""
        if not self.searching:
            self.failed = False
            self._process.start()
            self.searched.emit()

    def cancel(self) -> None:
        """End a search under way; what was found before stays."""
        if self.searching:
            self._process.kill()
            self._process.waitForFinished(KILLED_MS)

    def close(self) -> None:
        """End a search for good."""
        self._process.finished.disconnect(self._on_finished)
        self.cancel()

    # --- choosing ---------------------------------------------------------------------------

    def choose(self, scanner: Scanner) -> None:
        """F5 uses this scanner from now on."""
        self._ask(lambda office: scanners.choose(office, scanner), lambda: self._use(scanner))

    def add(self, text: str, done: Callable[[], None]) -> None:
        """Use the scanner at an address that was typed; ``done`` when it is one."""

        def act(office: Office) -> Scanner:
            scanner = scanners.by_address(text)
            scanners.choose(office, scanner)
            return scanner

        def then(scanner: object) -> None:
            if isinstance(scanner, Scanner):
                self._typed = (*self._typed, scanner)
                self._use(scanner)
                done()

        self._session.desk.do(act, then)

    def choose_preset(self, preset: Preset) -> None:
        """Scan by this profile from now on."""
        self._ask(lambda office: profiles.choose(office, preset.name), self.refresh)

    def toggle_duplex(self) -> None:
        """The other number of sides."""
        now = self.choice
        if now is not None:
            self._ask(lambda office: profiles.set_duplex(office, on=not now.duplex), self.refresh)

    def _ask(self, act: Callable[[Office], object], then: Callable[[], None]) -> None:
        self._session.desk.do(act, lambda _result: then())

    def _use(self, scanner: Scanner) -> None:
        self._session.use_device(scanner.id)
        self._session.calm()

    # --- answers ----------------------------------------------------------------------------

    def _on_choice(self, found: object) -> None:
        if not isinstance(found, tuple):
            return
        self.choice, self._name = found
        self._show()
        problems = self.choice.presets.problems if self.choice else ()
        if problems and not self._told:
            self._told = True
            self._session.trouble(problems[0].slug, dict(problems[0].params))

    def _on_finished(self) -> None:
        try:
            rows = json.loads(bytes(self._process.readAllStandardOutput().data()))
            self._listed = scanners.of_rows(rows)
        except (ValueError, KeyError, TypeError):
            self.failed = True
        self._show()
        self.searched.emit()

    def _show(self) -> None:
        kit = self._session.equipment
        rows = {row.id: row for row in (*(self._listed or ()), *self._typed)}
        if not kit.practice:
            rows = {key: row for key, row in rows.items() if row.driver != scanners.PRACTICE}
        seen = self._listed is None or kit.device in rows
        seen = seen or kit.device.startswith(("simulated:", "folder:"))
        if kit.device:
            rows.setdefault(kit.device, Scanner(kit.device, model=self._name))
        shown = [ScannerRow(row, row.id == kit.device, seen) for row in rows.values()]
        self.found.replace(sorted(shown, key=lambda row: not row.chosen))
        if self.choice is not None:
            now, presets = self.choice.preset, self.choice.presets
            effective = [presets.effective(key) for key in presets.rows if key != now.name]
            rows_of = [PresetRow(now, chosen=True)]
            rows_of += [PresetRow(preset, chosen=False) for preset in effective if preset]
            self.presets.replace(rows_of)
        self.changed.emit()
