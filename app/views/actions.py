"""Every act of the clerk as a QAction: text, tooltip, shortcut, accessible through the keyboard."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from app.viewmodels.texts import ui

KEYS = {
    "new": "F2",
    "next": "F4",
    "scan": "F5",
    "propose": "F8",
    "sign": "F9",
    "queue": "F11",
    "back": "Esc",
    "count": "Ctrl+D",
    "blank": "Ctrl+B",
    "paper": "Ctrl+N",
    "left": "Ctrl+Left",
    "right": "Ctrl+Right",
    "up": "Ctrl+Up",
    "down": "Ctrl+Down",
    "drop": "Del",
    "undo": "Ctrl+Z",
    "redo": "Ctrl+Y",
    "stop": "Ctrl+.",
    "send": "Ctrl+Return",
}
BAR = ("new", "scan", "propose", "count", "sign", "queue")
PAPERS = 9


def make(name: str, parent: QWidget, act: Callable[[], None]) -> QAction:
    """The action ``name`` with its key."""
    action = QAction(ui(f"action.{name}"), parent)
    key = KEYS[name]
    action.setShortcut(QKeySequence(key))
    action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.setToolTip(f"{ui(f'action.{name}.tip')} ({key})")
    action.setIconText(f"{key}  {ui(f'action.{name}')}")
    action.setObjectName(name)
    action.triggered.connect(lambda _checked=False: act())
    parent.addAction(action)
    return action


def make_assign(number: int, parent: QWidget, act: Callable[[int], None]) -> QAction:
    """Put the selected pages into paper ``number``."""
    action = QAction(ui("action.assign", n=number), parent)
    action.setShortcut(QKeySequence(f"Ctrl+{number}"))
    action.setToolTip(ui("action.assign.tip", n=number))
    action.setObjectName(f"assign-{number}")
    action.triggered.connect(lambda _checked=False: act(number))
    parent.addAction(action)
    return action
