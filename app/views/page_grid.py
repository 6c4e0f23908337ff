"""The grid of pages: thumbnails, numbers, veils and marks, drawn by one delegate."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.domain.ids import PageId
from app.viewmodels import badges
from app.viewmodels.models import ROW, PageModel
from app.viewmodels.snapshot import PageRow
from app.viewmodels.texts import ui
from app.viewmodels.thumbnails import Pictures
from app.views import icons, theme

THUMB_W, THUMB_H, LABEL_H, GAP, ICON_PX = 150, 212, 46, 10, 14
Index = QModelIndex | QPersistentModelIndex


class PageDelegate(QStyledItemDelegate):
    """Paints a page: picture, number, paper, and its state in words."""

    def __init__(self, pictures: Pictures, parent: QWidget) -> None:
        super().__init__(parent)
        self._pictures = pictures

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Every page takes the same room."""
        del option, index
        return QSize(THUMB_W + GAP, THUMB_H + LABEL_H + GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one page."""
        row = index.data(ROW)
        if not isinstance(row, PageRow):
            return
        scheme = theme.tokens()
        painter.save()
        area = QRect(option.rect).adjusted(GAP // 2, GAP // 2, -GAP // 2, -GAP // 2)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(QRect(option.rect), QColor(scheme.selection))
        frame = QRect(area.left(), area.top(), area.width(), area.height() - LABEL_H)
        self._picture(painter, frame, row)
        self._label(painter, QRect(area.left(), frame.bottom() + 2, area.width(), LABEL_H), row)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(scheme.blue), 2))
            painter.drawRect(area.adjusted(-2, -2, 2, 2))
        painter.restore()

    def _picture(self, painter: QPainter, frame: QRect, row: PageRow) -> None:
        pixmap = self._pictures.get(row.thumb)
        scheme = theme.tokens()
        target = frame
        if pixmap is not None:
            size = pixmap.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(0, 0, size.width(), size.height())
            target.moveCenter(frame.center())
            painter.drawPixmap(target, pixmap)
        else:
            painter.fillRect(frame, QColor(scheme.ground))
        if row.state in {"hidden", "dropped", "blank"}:
            veil = QColor(scheme.panel)
            veil.setAlpha(120 if row.state == "blank" else 190)
            painter.fillRect(target, veil)
        trouble = row.state in {"failed", "rescan"}
        painter.setPen(QPen(QColor(scheme.red if trouble else scheme.line), 2 if trouble else 1))
        painter.drawRect(target)

    @staticmethod
    def _label(painter: QPainter, area: QRect, row: PageRow) -> None:
        """Number and paper, below them the state: drawing, word, colour."""
        badge = badges.PAGE[row.state]
        middle = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        head = str(row.number) + (f" · {ui('page.paper', n=row.paper)}" if row.paper else "")
        painter.setPen(QColor(theme.tokens().text))
        painter.drawText(area, middle, head)
        word = ui(f"page.state.{row.state}")
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(word) + ICON_PX + 4
        left = area.left() + max(0, (area.width() - width) // 2)
        top = area.top() + metrics.height()
        painter.drawPixmap(left, top + 3, icons.badge_pixmap(badge, ICON_PX))
        painter.setPen(theme.colour(badge.token))
        below = QRect(left + ICON_PX + 4, top, area.width(), metrics.height())
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, word)


class PageGrid(QListView):
    """The pages in rows; several may be selected."""

    def __init__(self, model: PageModel, pictures: Pictures) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(PageDelegate(pictures, self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setUniformItemSizes(True)
        self.setGridSize(QSize(THUMB_W + 2 * GAP, THUMB_H + LABEL_H + 2 * GAP))
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(ui("reception.pages"))
        pictures.ready.connect(self.viewport().update)

    def selected(self) -> list[PageId]:
        """Ids of the selected pages in their order; the current one when none is."""
        indexes = sorted(self.selectedIndexes(), key=QModelIndex.row)
        rows = [index.data(ROW) for index in indexes or [self.currentIndex()]]
        return [row.id for row in rows if isinstance(row, PageRow)]

    def choose(self, place: int) -> None:
        """Select the page at ``place`` alone, whatever keys are held down just now."""
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.selectionModel().setCurrentIndex(self.model().index(place, 0), flag)

    def current(self) -> PageRow | None:
        """The page under the focus, or None."""
        row = self.currentIndex().data(ROW)
        return row if isinstance(row, PageRow) else None
