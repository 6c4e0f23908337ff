"""The selected page, straightened, as large as there is room."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.viewmodels.snapshot import PageRow
from app.viewmodels.texts import ui
from app.viewmodels.thumbnails import Pictures
from app.views import theme

MARGIN, STEP = 6, 32
SMALLEST = QSize(220, 240)


class PageCanvas(QWidget):
    """Shows the screen picture of a page; its thumbnail until that is there."""

    def __init__(self, screens: Pictures, thumbnails: Pictures) -> None:
        super().__init__()
        self._screens, self._thumbnails = screens, thumbnails
        self._page: PageRow | None = None
        self.setMinimumSize(SMALLEST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(ui("reception.picture"))
        screens.ready.connect(self.update)
        thumbnails.ready.connect(self.update)

    def show_page(self, page: PageRow | None) -> None:
        """Show ``page``, or nothing."""
        if page != self._page:
            self._page = page
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

    def _room(self) -> QSize:
        """The room in steps, so that dragging a splitter does not decode at every pixel."""
        free = self.size() - QSize(2 * MARGIN, 2 * MARGIN)
        return QSize(
            max(STEP, free.width() // STEP * STEP), max(STEP, free.height() // STEP * STEP)
        )
