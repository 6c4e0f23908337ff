"""Drawings of states: SVG files in one colour, which is that of the state."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app import paths
from app.viewmodels.badges import Badge
from app.views import theme

SHARPNESS = 2
"""Pixels per unit: sharp up to 200 % scaling."""


@lru_cache(maxsize=256)
def pixmap(name: str, colour: str, side_px: int) -> QPixmap:
    """The drawing ``name`` in ``colour``, ``side_px`` wide and high."""
    source = (paths.resources() / "icons" / f"{name}.svg").read_bytes()
    renderer = QSvgRenderer(QByteArray(source.replace(b"currentColor", colour.encode())))
    drawn = QPixmap(side_px * SHARPNESS, side_px * SHARPNESS)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    renderer.render(painter, QRectF(0, 0, side_px * SHARPNESS, side_px * SHARPNESS))
    painter.end()
    drawn.setDevicePixelRatio(SHARPNESS)
    return drawn


def badge_pixmap(badge: Badge, side_px: int) -> QPixmap:
    """A badge's drawing in the colour of the present scheme."""
    return pixmap(badge.icon, theme.colour(badge.token).name(), side_px)


def badge_icon(badge: Badge, side_px: int) -> QIcon:
    """The same as an icon that keeps its colour when its row is selected."""
    drawn = badge_pixmap(badge, side_px)
    icon = QIcon(drawn)
    icon.addPixmap(drawn, QIcon.Mode.Selected)
    return icon
