"""Rows that carry a state: a drawing, the word, and a colour that is never alone."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.desk.health import Check
from app.desk.submission import QueueRow
from app.viewmodels import badges
from app.viewmodels.badges import Badge
from app.viewmodels.models import ROW
from app.viewmodels.scanners import PresetRow, ScannerRow
from app.viewmodels.snapshot import FindingRow, PaperRow
from app.viewmodels.texts import ui
from app.views import icons, theme

HEIGHT, ICON_PX, PAD_PX = 52, 18, 8
Index = QModelIndex | QPersistentModelIndex


class PaperDelegate(QStyledItemDelegate):
    """Draws a paper: mark, number and title, pages and state in words."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines of text."""
        del index
        lines = 2 * option.fontMetrics.height() + PAD_PX
        return QSize(200, max(HEIGHT, lines))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one paper."""
        row = index.data(ROW)
        if not isinstance(row, PaperRow):
            return
        badge = badges.PAPER.get(row.state, badges.FINDING)
        scheme = theme.tokens()
        whole = QRect(option.rect)
        area = whole.adjusted(PAD_PX, 4, -PAD_PX, -4)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(whole, QColor(scheme.selection))
        painter.drawPixmap(area.left(), area.top() + 3, icons.badge_pixmap(badge, ICON_PX))
        text = area.adjusted(ICON_PX + 10, 0, 0, 0)
        top = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        title = f"{row.number}  {row.title}" if row.number else row.title
        metrics = painter.fontMetrics()
        painter.setPen(QColor(scheme.text))
        cut = Qt.TextElideMode.ElideRight
        painter.drawText(text, top, metrics.elidedText(title, cut, text.width()))
        word = ui(f"paper.state.{row.state}")
        if row.pages:
            word = f"{ui('paper.pages', n=row.pages)} · {word}"
        painter.setPen(theme.colour(badge.token))
        below = text.adjusted(0, metrics.height() + 2, 0, 0)
        painter.drawText(below, top, metrics.elidedText(word, cut, below.width()))
        painter.restore()


class BadgeDelegate(QStyledItemDelegate):
    """A row's own words behind the drawing of its state.

    Args:
        view: the view it draws for.
        column: draws the badge in this column only.
    """

    def __init__(self, view: QAbstractItemView, column: int = 0) -> None:
        super().__init__(view)
        self._column = column

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Put the drawing before the text."""
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_HasFocus  # the list's own frame shows the focus
        badge = _badge(index.data(ROW))
        if badge is not None and index.column() == self._column:
            option.icon = icons.badge_icon(badge, ICON_PX)
            option.decorationSize = QSize(ICON_PX, ICON_PX)
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration


def _badge(row: object) -> Badge | None:
    match row:
        case QueueRow():
            return badges.DOSSIER.get(row.dossier.state)
        case Check():
            return badges.CHECK.get(row.state)
        case ScannerRow() | PresetRow():
            return badges.CHOICE[row.chosen]
        case FindingRow():
            return badges.FINDING
    return None
