"""Small parts that several pages of the window are made of."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

MARGIN_PX = 4


def plain(text: str = "") -> QLabel:
    """Words shown as they are: a name that looks like markup stays a name."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def heading(text: str) -> QLabel:
    """A panel's heading."""
    label = plain(text)
    label.setProperty("heading", "true")
    return label


def quiet(text: str = "") -> QLabel:
    """Words that explain and never shout."""
    label = plain(text)
    label.setWordWrap(True)
    label.setProperty("quiet", "true")
    return label


def value() -> QLabel:
    """A fact that can be copied."""
    label = plain()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def panel(*widgets: QWidget, grow: int) -> QWidget:
    """Widgets below each other; the one at ``grow`` takes the room."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
    for number, widget in enumerate(widgets):
        column.addWidget(widget, 1 if number == grow else 0)
    return box
