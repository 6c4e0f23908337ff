"""Palette tokens, fonts and sizes; the only place that names a colour.

Every pair of text and ground keeps a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from app import paths
from app.viewmodels.badges import Token

FAMILY = "Noto Sans"
POINT_SIZE = 11
TOUCH_PX = 32
PRACTICE = ("#FFFFFF", "#5B2A86")
"""Text and ground of the strip that marks practice: the same calm violet in both schemes."""
_DARK = "dark"


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
    line: str


LIGHT = Tokens(
    "#16191D", "#FFFFFF", "#F3F5F8", "#FFF3BF", "#D6E4F7", "#0B6B2E", "#1A4F8B", "#7A4B00",
    "#A3121B", "#55595F", "#5B2A86", "#C3C9D1",
)  # fmt: skip
DARK = Tokens(
    "#ECEFF3", "#1E2227", "#262B31", "#4A3F10", "#2B4468", "#7BD88F", "#8AB8F0", "#F2C14E",
    "#FF9A9A", "#B4BAC2", "#CDA8F0", "#4A525C",
)  # fmt: skip


def tokens() -> Tokens:
    """The scheme in use."""
    application = QApplication.instance()
    dark = application is not None and application.property(_DARK)
    return DARK if dark else LIGHT


def colour(token: Token) -> QColor:
    """A token's colour; never the only sign of a state."""
    return QColor(getattr(tokens(), token))


def wants_dark() -> bool:
    """Whether the desktop asks for the dark scheme."""
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def dress(application: QApplication, *, dark: bool | None = None) -> None:
    """Fusion, our palette, our fonts.

    Args:
        application: the application.
        dark: the scheme; None follows the desktop.
    """
    application.setStyle("Fusion")
    for name in ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"):
        QFontDatabase.addApplicationFont(str(paths.resources() / "fonts" / name))
    application.setFont(QFont(FAMILY, POINT_SIZE))
    recolour(application, dark=wants_dark() if dark is None else dark)


def recolour(application: QApplication, *, dark: bool) -> None:
    """Put on the other scheme."""
    application.setProperty(_DARK, dark)
    scheme = tokens()
    application.setPalette(palette(scheme))
    application.setStyleSheet(
        "QPushButton, QLineEdit, QToolButton { min-height: 24px; padding: 3px 9px; }"
        "QToolBar { spacing: 2px; border: none; padding: 2px; }"
        "QToolBar#main QToolButton { padding: 3px 5px; }"
        "QToolBar#pages QToolButton { padding: 3px 5px; font-size: 10pt; }"
        f"QListView, QTableView, QPlainTextEdit {{ border: 1px solid {scheme.line};"
        f" background: {scheme.ground}; }}"
        f"QLineEdit {{ border: 1px solid {scheme.grey}; border-radius: 3px;"
        f" background: {scheme.ground}; }}"
        f"QLineEdit:focus, QPushButton:focus, QToolButton:focus {{ border: 2px solid {scheme.blue};"
        f" border-radius: 3px; background: {scheme.ground}; }}"
        "QLineEdit:focus { padding: 2px 8px; }"
        "QCheckBox { padding: 3px; border: 2px solid transparent; }"
        f"QCheckBox::indicator {{ width: 13px; height: 13px; border: 2px solid {scheme.grey};"
        f" border-radius: 3px; background: {scheme.ground}; }}"
        f"QCheckBox::indicator:checked {{ border-color: {scheme.blue};"
        f" background: {scheme.blue}; }}"
        f"QCheckBox::indicator:disabled {{ border-color: {scheme.line}; }}"
        f"QCheckBox:focus {{ border: 2px solid {scheme.blue}; border-radius: 3px; }}"
        f"QListView:focus, QTableView:focus, QPlainTextEdit:focus {{ border: 2px solid"
        f" {scheme.blue}; }}"
        "QTableView::item { padding: 0 8px; }"
        "QLabel[heading='true'] { font-weight: bold; }"
        "QLabel[big='true'] { font-weight: bold; font-size: 15pt; }"
        f"QLabel[quiet='true'] {{ color: {scheme.grey}; }}"
        f"QLabel#practice {{ color: {PRACTICE[0]}; background: {PRACTICE[1]};"
        " font-weight: bold; padding: 2px 10px; }"
        f"Banner {{ background: {scheme.field}; border: 1px solid {scheme.amber}; }}"
        f"QHeaderView::section {{ background: {scheme.panel}; color: {scheme.text};"
        f" border: none; border-bottom: 1px solid {scheme.line}; padding: 5px 8px; }}"
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
    for name, value in pairs:
        made.setColor(name, QColor(value))
    grey = QColor(scheme.grey)
    for name in (role.Text, role.ButtonText, role.WindowText):
        made.setColor(QPalette.ColorGroup.Disabled, name, grey)
    return made
