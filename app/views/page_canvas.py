"""The selected page, straightened, as large as there is room."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.viewmodels.snapshot import PageRow
from app.viewmodels.texts import ui
from app.viewmodels.thumbnails import Pictures
from app.views import theme

MARGIN = 6


class PageCanvas(QWidget):
    """Shows the screen picture of a page; its thumbnail until that is there."""

    def __init__(self, screens: Pictures, thumbnails: Pictures) -> None:
        super().__init__()
        self._screens, self._thumbnails = screens, thumbnails
        self._page: PageRow | None = None
        self.setMinimumSize(QSize(220, 240))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(ui("reception.picture"))
        screens.ready.connect(lambda _blob: self.update())
        thumbnails.ready.connect(lambda _blob: self.update())

    def show_page(self, page: PageRow | None) -> None:
        """Show ``page``, or nothing."""
        if page != self._page:
            self._page = page
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture centred, its aspect kept."""
        del event
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.tokens().panel))
        if self._page is None:
            return
        pixmap = self._screens.get(self._page.screen) or self._thumbnails.get(self._page.thumb)
        if pixmap is None or pixmap.isNull():
            return
        room = self.size() - QSize(2 * MARGIN, 2 * MARGIN)
        size = pixmap.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, size.width(), size.height())
        target.moveCenter(self.rect().center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(target, pixmap)
        painter.setPen(QPen(QColor(theme.tokens().grey), 1))
        painter.drawRect(target)
