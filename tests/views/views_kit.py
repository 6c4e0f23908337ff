"""A clerk at the window: key events through the window system's door, waits with deadlines.

Keys go to ``windowHandle()`` so that shortcuts, focus and input boxes see them as from a keyboard;
Vietnamese text arrives the way an input method commits it.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer
from PySide6.QtGui import QInputMethodEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.viewmodels.session import Session
from app.viewmodels.snapshot import Snapshot
from app.views import theme
from app.views.application import counter
from app.views.main_window import MainWindow

LIMIT_S = 60.0
LOOK_MS = 10


def until(condition: Callable[[], object], what: str, limit_s: float = LIMIT_S) -> None:
    """Run the event loop until ``condition`` holds; an assertion names ``what`` otherwise."""
    if not condition():
        loop = QEventLoop()
        look, end = QTimer(interval=LOOK_MS), QTimer(singleShot=True, interval=int(limit_s * 1000))
        look.timeout.connect(lambda: condition() and loop.quit())
        end.timeout.connect(loop.quit)
        look.start()
        end.start()
        loop.exec()
        for timer in (look, end):  # no cycle is left for another thread's garbage collection
            timer.stop()
            timer.timeout.disconnect()
    assert condition(), f"not within {limit_s:.0f} s: {what}; {_seen()}"


def _seen() -> str:
    """What stands on the screen, for the report of a test that waited in vain."""
    for window in QApplication.topLevelWidgets():
        if isinstance(window, MainWindow):
            now = window.session.snapshot
            papers = [(p.title, p.state, p.slug) for p in now.papers] if now else []
            state = now.dossier.state if now else None
            page = type(window.stack.currentWidget()).__name__
            return f"{page}, banner {window.banner.slug!r}, {state}, {papers}"
    return "no window"


class Clerk:
    """What a person can do at the window, and what can be seen there."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self.window, self.session = window, session
        self.acts = 0

    @property
    def snapshot(self) -> Snapshot:
        assert self.session.snapshot is not None
        return self.session.snapshot

    @property
    def page(self) -> QWidget:
        return self.window.stack.currentWidget()

    def focus(self) -> QWidget | None:
        return QApplication.focusWidget()

    def press(self, keys: str) -> None:
        """One key combination, as ``Ctrl+D``."""
        combination = QKeySequence(keys)[0]
        self.acts += 1
        QTest.keyClick(
            self.window.windowHandle(), combination.key(), combination.keyboardModifiers()
        )

    def type(self, text: str) -> None:
        """Type ASCII by keys; anything else as an input method commits it."""
        self.acts += len(text)
        if text.isascii():
            for letter in text:
                QTest.keyClick(self.window.windowHandle(), letter)
            return
        event = QInputMethodEvent()
        event.setCommitString(text)
        QCoreApplication.sendEvent(self.focus(), event)

    def show(self) -> None:
        self.window.show()
        self.window.activateWindow()
        until(self.window.isActiveWindow, "the window is active")

    # --- the acts of the main job -----------------------------------------------------------

    def open_dossier(self, search: str, code: str, name: str) -> None:
        """F2, a few letters, Enter, the name, Enter."""
        self.fill_in(search, code, name)
        self.press("Return")
        until(lambda: self.page is self.window.reception, "the reception is shown")
        until(lambda: self.session.snapshot is not None, "the dossier is shown")

    def fill_in(self, search: str, code: str, name: str) -> None:
        """F2, a few letters, Enter, the name."""
        new = self.window.new_dossier
        self.press("F2")
        until(lambda: self.page is new and new.search.hasFocus(), "the procedure box has the focus")
        self.type(search)
        until(lambda: _first_code(self.session) == code, f"the search finds {code}")
        self.press("Return")
        until(new.name.hasFocus, "the name box has the focus")
        self.type(name)

    def scan(self, limit_s: float = LIMIT_S) -> None:
        """F5, until the batch has ended one way or the other."""
        before = self.snapshot.scan.job
        until(lambda: self.session.equipment.device, "the scanner is ready")
        self.press("F5")
        until(lambda: self.snapshot.scan.job != before, "a batch has begun")
        until(lambda: not self.snapshot.scanning, "the batch has ended", limit_s)

    def wait_read(self, limit_s: float = 2 * LIMIT_S) -> None:
        until(lambda: self.snapshot.settled >= self.snapshot.current, "every page is read", limit_s)

    def leave_out_blanks(self) -> None:
        """To each page that seems blank with the arrow keys, Ctrl+B."""
        for place, page in enumerate(self.snapshot.pages):
            if page.state == "blank":
                self.window.reception.grid.setFocus()
                self.press("Home")
                for _ in range(place):
                    self.press("Right")
                self.press("Ctrl+B")

    def prepare(self, limit_s: float = 2 * LIMIT_S) -> None:
        """F9, until every paper waits for the PIN; a mark without room may stand elsewhere."""
        until(lambda: self.session.equipment.signer is not None, "the token is ready")
        self.press("F9")
        until(lambda: self.page is self.window.sign, "the signing page is shown")
        until(lambda: self._papers() <= {"waits_for_token", "failed"}, "papers prepared", limit_s)
        if self.window.sign.anywhere.isVisible():
            self.window.sign.anywhere.setFocus()
            self.press("Space")
        until(lambda: self._papers() == {"waits_for_token"}, "marks have a place", limit_s)
        self.window.sign.pin.setFocus()

    def _papers(self) -> set[str]:
        return {paper.state for paper in self.snapshot.papers if paper.number}

    def sign(self, limit_s: float = 2 * LIMIT_S) -> None:
        """F9, PIN, Enter, until the dossier is sealed."""
        until(lambda: self.session.equipment.signer is not None, "the token is ready")
        self.press("F9")
        until(lambda: self.page is self.window.sign, "the signing page is shown")
        until(self.window.sign.pin.hasFocus, "the PIN box has the focus")
        self.type(self.session.equipment.practice_pin)
        self.press("Return")
        until(lambda: self.page is self.window.receipt, "the receipt is shown", limit_s)


def _first_code(session: Session) -> str:
    row = session.procedures.row(0)
    return row.code if row is not None else ""


@contextlib.contextmanager
def at_the_desk(home: Path, device: str = "", *, dark: bool = False) -> Iterator[Clerk]:
    """A clerk at an open window on ``home``; needs an application."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme.dress(application, dark=dark)
    gc.disable()  # as in the application: no other thread may free what belongs to this one
    try:
        with counter(home, device) as running:
            clerk = Clerk(running.window, running.session)
            clerk.show()
            yield clerk
        _drain()
    finally:
        gc.enable()


def _drain() -> None:
    """Deliver what is still queued, so that nothing reaches the next test."""
    QCoreApplication.sendPostedEvents(None, 0)
    QCoreApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete.value))
