"""Every act of the clerk as a QAction: text, tooltip, shortcut, accessible through the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QToolBar, QWidget

from app.viewmodels.texts import ui

KEYS = {
    "new": "F2",
    "scanner": "F3",
    "next": "F4",
    "scan": "F5",
    "sides": "F6",
    "sheets": "F7",
    "propose": "F8",
    "sign": "F9",
    "queue": "F11",
    "doctor": "F12",
    "receipt": "F10",
    "back": "Esc",
    "stop": "Ctrl+.",
    "count": "Ctrl+D",
    "blank": "Ctrl+B",
    "numbers": "Ctrl+E",
    "paper": "Ctrl+N",
    "left": "Ctrl+Left",
    "right": "Ctrl+Right",
    "as_scanned": "Ctrl+R",
    "up": "Ctrl+Up",
    "down": "Ctrl+Down",
    "drop": "Del",
    "undo": "Ctrl+Z",
    "redo": "Ctrl+Y",
    "send": "Ctrl+Return",
}
BAR = ("new", "scan", "propose", "count", "next", "sign", "receipt", "queue", "scanner", "doctor")
PAGE_BAR = ("left", "right", "as_scanned", "up", "down", "blank", "drop", "paper", "undo", "redo")
PAPERS = 9
Act = Callable[[], None]


def make(parent: QWidget, acts: Mapping[str, Act]) -> dict[str, QAction]:
    """An action for each act, with its key; all work wherever the focus is in the window."""
    return {name: _action(name, parent, act) for name, act in acts.items()}


def make_assign(parent: QWidget, act: Callable[[int], None]) -> dict[str, QAction]:
    """Ctrl+1 … Ctrl+9: the selected pages into that paper."""
    made = {}
    for number in range(1, PAPERS + 1):
        action = QAction(ui("action.assign", n=number), parent)
        action.setShortcut(QKeySequence(f"Ctrl+{number}"))
        action.setToolTip(f"{ui('action.assign.tip', n=number)} (Ctrl+{number})")
        action.setObjectName(f"assign-{number}")
        action.setProperty("act", "assign")
        action.triggered.connect(lambda _checked=False, number=number: act(number))
        parent.addAction(action)
        made[f"assign-{number}"] = action
    return made


def bar(title: str, actions: Mapping[str, QAction], names: tuple[str, ...]) -> QToolBar:
    """A row of buttons for ``names``."""
    made = QToolBar(title)
    made.setObjectName("pages" if names is PAGE_BAR else "main")
    made.setMovable(False)
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    made.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    for name in names:
        made.addAction(actions[name])
    return made


def allow(actions: Mapping[str, QAction], allowed: frozenset[str]) -> None:
    """Let only what makes sense now be asked for."""
    for name, action in actions.items():
        action.setEnabled((action.property("act") or name) in allowed)


def _action(name: str, parent: QWidget, act: Act) -> QAction:
    action = QAction(ui(f"action.{name}"), parent)
    key = KEYS[name]
    action.setShortcut(QKeySequence(key))
    action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.setToolTip(f"{ui(f'action.{name}.tip')} ({key})")
    on_page = name in PAGE_BAR
    action.setIconText(ui(f"action.{name}.short") if on_page else f"{key}  {ui(f'action.{name}')}")
    action.setObjectName(name)
    action.triggered.connect(lambda _checked=False: act())
    parent.addAction(action)
    return action
