"""The window's process: vault, workers, equipment, window; and their end in the right order."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from app.desk import training
from app.desk.opening import Opening, open_counter, posts
from app.domain.errors import DeskError
from app.pipeline.locks import desk_lock
from app.pipeline.supervisor import Supervisor
from app.viewmodels.bridge import Bridge
from app.viewmodels.deskthread import DeskThread
from app.viewmodels.session import Equipment, Session
from app.views import theme
from app.views.main_window import MainWindow

CLERK = "clerk"


class Practice(QObject):
    """Makes the practice token and portal ready beside the window, never in its thread."""

    ready = Signal(object, object)
    failed = Signal(str, object)

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self._opening = opening
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="practice", daemon=True)

    def start(self) -> None:
        """Begin; ``ready`` tells the token and the portal's URL."""
        self._thread.start()

    def close(self) -> None:
        """End the portal."""
        self._end.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        vault = self._opening.office.vault
        try:
            with training.practice_portal(vault.home) as url:
                token = training.practice_token_in(self._opening, vault.connect())
                self.ready.emit(token, url)
                self._end.wait()
        except DeskError as error:
            self.failed.emit(error.slug, dict(error.params))


@dataclass(frozen=True, slots=True)
class Counter:
    """A running window and what it holds."""

    session: Session
    window: MainWindow
    practice: Practice


@contextlib.contextmanager
def counter(home: Path, pages: Path | None = None) -> Iterator[Counter]:
    """An open counter on practice equipment; everything is ended on leaving.

    Args:
        home: the vault.
        pages: folder of the simulated feeder; None takes the built-in sample.

    Raises:
        Trouble: desk.already_open, store.* when the vault cannot be opened.
    """
    with desk_lock(home):
        opening = open_counter(home, CLERK, env="demo")
        vault = opening.office.vault
        bridge = Bridge()
        supervisor = Supervisor(vault, opening.master.value, posts(home, stay=False), bridge.hear)
        desk = DeskThread(vault, CLERK, supervisor.wake)
        device = f"simulated:{pages or training.sample_pages()}"
        session = Session(desk, bridge, supervisor, Equipment(device))
        practice = Practice(opening)
        window = MainWindow(session, practice=True)

        def equip(token: object, url: object) -> None:
            if isinstance(token, training.PracticeToken):
                session.equip(
                    module=token.module,
                    module_env=(("SOFTHSM2_CONF", str(token.softhsm_conf)),),
                    serial=token.serial,
                    signer=token.signer,
                    practice_pin=token.pin,
                )
            session.connect_portal(str(url))

        practice.ready.connect(equip)
        practice.failed.connect(session.troubled)
        desk.start()
        supervisor.start()
        practice.start()
        session.refresh()
        try:
            yield Counter(session, window, practice)
        finally:
            window.close()
            practice.close()
            desk.close()
            supervisor.close()
            vault.close()


def run(home: Path) -> int:
    """Show the window until it is closed."""
    application = QApplication(sys.argv[:1])
    theme.dress(application)
    with counter(home) as running:
        running.window.show()
        running.window.new_dossier.begin()
        running.window.stack.setCurrentWidget(running.window.new_dossier)
        gc.collect()
        gc.freeze()
        return application.exec()
