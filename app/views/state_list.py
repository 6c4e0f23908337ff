"""A list whose rows carry a state: a drawn mark, the word, and a colour that is never alone."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.viewmodels.models import ROW
from app.viewmodels.snapshot import PaperRow
from app.viewmodels.texts import ui
from app.views import theme

HEIGHT, MARK = 50, 14
DONE = frozenset({"signed", "delivered", "confirmed"})
OPEN = frozenset({"missing", "optional"})
Index = QModelIndex | QPersistentModelIndex


class StateDelegate(QStyledItemDelegate):
    """Draws a paper: mark, number and title, pages and state in words."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines of text."""
        del option, index
        return QSize(200, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one paper."""
        row = index.data(ROW)
        if not isinstance(row, PaperRow):
            return
        scheme = theme.tokens()
        area = QRect(option.rect).adjusted(8, 4, -8, -4)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(QRect(option.rect), QColor(scheme.selection))
        colour = theme.state_colour(row.state)
        self._mark(painter, QRect(area.left(), area.top() + 4, MARK, MARK), row.state, colour)
        text = area.adjusted(MARK + 10, 0, 0, 0)
        top = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        title = f"{row.number}  {row.title}" if row.number else row.title
        metrics = painter.fontMetrics()
        shown = metrics.elidedText(title, Qt.TextElideMode.ElideRight, text.width())
        painter.setPen(QColor(scheme.text))
        painter.drawText(text, top, shown)
        word = ui(f"paper.state.{row.state}")
        if row.pages:
            word = f"{ui('paper.pages', n=row.pages)} · {word}"
        painter.setPen(colour)
        painter.drawText(text.adjusted(0, metrics.height() + 2, 0, 0), top, word)
        painter.restore()

    @staticmethod
    def _mark(painter: QPainter, box: QRect, state: str, colour: QColor) -> None:
        """Tick for done, ring for open, bar for not needed, dot for under way."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 2))
        if state in DONE:
            painter.drawLine(box.left() + 1, box.center().y(), box.center().x(), box.bottom() - 2)
            painter.drawLine(box.center().x(), box.bottom() - 2, box.right(), box.top() + 1)
        elif state in OPEN:
            painter.drawEllipse(box.adjusted(1, 1, -2, -2))
        elif state in {"not_to_ask", "presented", "exempt"}:
            painter.drawLine(box.left() + 1, box.center().y(), box.right() - 1, box.center().y())
        elif state in {"rescan", "failed"}:
            painter.drawLine(box.topLeft(), box.bottomRight())
            painter.drawLine(box.topRight(), box.bottomLeft())
        else:
            painter.setBrush(colour)
            painter.drawEllipse(box.adjusted(3, 3, -3, -3))
