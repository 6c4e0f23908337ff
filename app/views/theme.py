"""Palette tokens, fonts and sizes; the only place that names a colour.

Every pair of text and ground keeps a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from app import paths


@dataclass(frozen=True, slots=True)
class Tokens:
    """One scheme."""

    text: str
    ground: str
    panel: str
    field: str
    selection: str
    green: str
    blue: str
    amber: str
    red: str
    grey: str
    violet: str


LIGHT = Tokens(
    "#16191D", "#FFFFFF", "#F3F5F8", "#FFF3BF", "#D6E4F7", "#0B6B2E", "#1A4F8B", "#7A4B00",
    "#A3121B", "#55595F", "#5B2A86",
)  # fmt: skip
DARK = Tokens(
    "#ECEFF3", "#1E2227", "#262B31", "#4A3F10", "#2B4468", "#7BD88F", "#8AB8F0", "#F2C14E",
    "#FF9A9A", "#B4BAC2", "#CDA8F0",
)  # fmt: skip

STATE_COLOUR = {
    "rescan": "red", "failed": "red", "missing": "red", "rejected": "red",
    "processing": "blue", "signing": "blue", "composing": "blue", "preparing": "blue",
    "embedding": "blue", "not_to_ask": "blue", "waits_for_token": "violet",
    "review": "amber", "in_doubt": "amber", "blank": "amber",
    "scanned": "text", "confirmed": "violet", "signed": "green", "delivered": "green",
    "presented": "grey", "optional": "grey", "exempt": "grey",
}  # fmt: skip
POINT_SIZE = 11
TOUCH_PX = 32


def tokens() -> Tokens:
    """The scheme that the desktop asks for."""
    dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return DARK if dark else LIGHT


def state_colour(state: str) -> QColor:
    """The colour beside a state's word; never the only sign of it."""
    return QColor(getattr(tokens(), STATE_COLOUR.get(state, "text")))


def dress(application: QApplication) -> None:
    """Fusion, our palette, our fonts."""
    application.setStyle("Fusion")
    for name in ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"):
        QFontDatabase.addApplicationFont(str(paths.resources() / "fonts" / name))
    application.setFont(QFont("Noto Sans", POINT_SIZE))
    application.setPalette(palette(tokens()))
    application.setStyleSheet(
        "QPushButton, QLineEdit { min-height: 26px; padding: 2px 8px; }"
        "QListView, QTableView { border: 1px solid palette(mid); }"
        "QLabel[heading='true'] { font-weight: bold; }"
    )


def palette(scheme: Tokens) -> QPalette:
    """A palette of the scheme's tokens."""
    made = QPalette()
    role = QPalette.ColorRole
    pairs = (
        (role.Window, scheme.panel), (role.WindowText, scheme.text), (role.Base, scheme.ground),
        (role.AlternateBase, scheme.panel), (role.Text, scheme.text), (role.Button, scheme.panel),
        (role.ButtonText, scheme.text), (role.ToolTipBase, scheme.ground),
        (role.ToolTipText, scheme.text), (role.Highlight, scheme.selection),
        (role.HighlightedText, scheme.text), (role.PlaceholderText, scheme.grey),
        (role.Link, scheme.blue), (role.BrightText, scheme.red), (role.Mid, scheme.grey),
    )  # fmt: skip
    for name, colour in pairs:
        made.setColor(name, QColor(colour))
    grey = QColor(scheme.grey)
    for name in (role.Text, role.ButtonText, role.WindowText):
        made.setColor(QPalette.ColorGroup.Disabled, name, grey)
    return made
