"""The selected page, straightened, as large as there is room."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.desk.page_facts import Box
from app.viewmodels.snapshot import PageRow
from app.viewmodels.texts import ui
from app.viewmodels.thumbnails import Pictures
from app.views import theme

MARGIN, STEP = 6, 32
MARK_PX, AIR_PX = 2, 3
SMALLEST = QSize(220, 240)


class PageCanvas(QWidget):
    """Shows the screen picture of a page; its thumbnail until that is there."""

    def __init__(self, screens: Pictures, thumbnails: Pictures) -> None:
        super().__init__()
        self._screens, self._thumbnails = screens, thumbnails
        self._page: PageRow | None = None
        self._marks: tuple[Box, ...] = ()
        self._size_px = (1, 1)
        self.setMinimumSize(SMALLEST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(ui("reception.picture"))
        screens.ready.connect(self.update)
        thumbnails.ready.connect(self.update)

    def show_page(self, page: PageRow | None) -> None:
        """Show ``page``, or nothing."""
        if page != self._page:
            if page is None or self._page is None or page.id != self._page.id:
                self._marks = ()
            self._page = page
            self.update()

    def point_at(self, boxes: tuple[Box, ...], size_px: tuple[int, int]) -> None:
        """Frame places of the page.

        Args:
            boxes: x0, y0, x1, y1 of each, px of the whole page.
            size_px: its width and height.
        """
        if (boxes, size_px) != (self._marks, self._size_px):
            self._marks, self._size_px = boxes, size_px
            self.update()

    @property
    def waits(self) -> bool:
        """Whether a sharper picture is on its way."""
        return self._screens.waits or self._thumbnails.waits

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture centred, its aspect kept."""
        del event
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.tokens().panel))
        if self._page is None:
            return
        room = self._room()
        ratio = self.devicePixelRatioF()
        sharp = self._screens.get(self._page.screen, room * ratio)
        pixmap = sharp or self._thumbnails.get(self._page.thumb)
        if pixmap is None:
            return
        size = pixmap.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, size.width(), size.height())
        target.moveCenter(self.rect().center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(target, pixmap)
        painter.setPen(QPen(QColor(theme.tokens().line), 1))
        painter.drawRect(target)
        painter.setPen(QPen(QColor(theme.tokens().amber), MARK_PX))
        for box in self._marks:
            painter.drawRoundedRect(self._on_screen(box, target), MARK_PX, MARK_PX)

    def _on_screen(self, box: Box, page: QRect) -> QRectF:
        """Where a box of the page stands on the widget, with a little air around it."""
        across, down = page.width() / self._size_px[0], page.height() / self._size_px[1]
        x0, y0, x1, y1 = box
        area = QRectF(x0 * across, y0 * down, (x1 - x0) * across, (y1 - y0) * down)
        return area.translated(page.left(), page.top()).adjusted(-AIR_PX, -AIR_PX, AIR_PX, AIR_PX)

    def _room(self) -> QSize:
        """The room in steps, so that dragging a splitter does not decode at every pixel."""
        free = self.size() - QSize(2 * MARGIN, 2 * MARGIN)
        return QSize(
            max(STEP, free.width() // STEP * STEP), max(STEP, free.height() // STEP * STEP)
        )
