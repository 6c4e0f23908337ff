"""The window's process: vault, workers, equipment, window; and their end in the right order."""

from __future__ import annotations

import contextlib
import gc
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from PySide6.QtWidgets import QApplication

from app.desk import paper_files
from app.desk.opening import open_counter, posts
from app.pipeline.locks import desk_lock
from app.pipeline.supervisor import Supervisor
from app.viewmodels.bridge import Bridge
from app.viewmodels.deskthread import DeskThread
from app.viewmodels.doctor import Doctor
from app.viewmodels.equipment import Fitting, decide
from app.viewmodels.scanners import Scanners
from app.viewmodels.session import Session
from app.views import theme
from app.views.main_window import MainWindow

CLERK = "clerk"
INTERRUPTED = 130
PILE, OLDEST = 60, 2
log = logging.getLogger("ui")


@dataclass(frozen=True, slots=True)
class Counter:
    """A running window and what it holds."""

    session: Session
    window: MainWindow


@contextlib.contextmanager
def counter(home: Path, device: str = "") -> Iterator[Counter]:
    """An open counter; everything is ended on leaving, whatever is in the vault stays.

    Delivery outlives a real counter's window until the queue is empty; in practice the portal ends
    with the window, and so does delivery.

    Args:
        home: the vault.
        device: scanner id that overrides the vault's setting.

    Raises:
        Trouble: desk.already_open, desk.other_kind, store.* when the vault cannot be opened.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(desk_lock(home))
        opening = open_counter(home, CLERK)
        vault = opening.office.vault
        stack.callback(vault.close)
        paper_files.remember(opening.office)
        equipment = decide(opening, device)
        bridge, doctor = Bridge(), Doctor(home)
        workers = posts(home, stay=not equipment.practice)
        supervisor = Supervisor(vault, opening.master.value, workers, bridge.hear)
        desk = DeskThread(vault, CLERK, supervisor.wake)
        session = Session(desk, bridge, supervisor, equipment)
        fitting = Fitting(opening, supervisor.token, equipment)
        session.token_wanted.connect(fitting.find_token)
        fitting.fitted.connect(session.equip)
        fitting.failed.connect(session.trouble)
        scanners = Scanners(home, session)
        window = MainWindow(session, doctor, scanners)
        stack.callback(supervisor.close)
        stack.callback(desk.close)
        stack.callback(fitting.close)
        stack.callback(doctor.close)
        stack.callback(scanners.close)
        stack.callback(bridge.close)
        stack.callback(window.close)
        desk.start()
        supervisor.start()
        fitting.start()
        session.resume()
        scanners.refresh()
        session.refresh_queue()
        yield Counter(session, window)


def run(home: Path) -> int:
    """Show the window until it is closed.

    Returns:
        0, or 130 when it was interrupted from outside.
    """
    application = QApplication(sys.argv[:1])
    application.setApplicationName("counter-station")
    theme.dress(application)
    hints = application.styleHints()
    hints.colorSchemeChanged.connect(
        lambda _scheme: theme.recolour(application, dark=theme.wants_dark())
    )
    interrupted = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        interrupted.set()
        application.quit()

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    sys.excepthook = _on_defect
    with counter(home) as running:
        running.window.show()
        settle(running.session.bridge)
        code = application.exec()
    return INTERRUPTED if interrupted.is_set() else code


def settle(bridge: Bridge) -> None:
    """Garbage is collected in this thread only, a little every second.

    A widget or timer that another thread's collection happened to free would end the process, and
    what lives as long as the window need never be looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    bridge.looked.connect(_tidy)


def _tidy() -> None:
    """The young garbage; all of it when much has piled up."""
    gc.collect(OLDEST if gc.get_count()[1] > PILE else 0)


def _on_defect(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """A defect of ours in a slot: into the log, and on with the work."""
    log.error("ui.defect", exc_info=(kind, error, trace))
    sys.__excepthook__(kind, error, trace)
