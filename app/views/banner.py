"""A trouble at the top of the window: three sentences that stay until they are solved."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy

from app.i18n import message
from app.viewmodels import badges
from app.viewmodels.texts import language, ui
from app.views import icons
from app.views.parts import quiet

ICON_PX = 22


class Banner(QFrame):
    """What happened, what was kept, what to do next; never a dialog."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._mark = QLabel()
        self._text = QLabel(wordWrap=True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._name = quiet()
        self._name.setWordWrap(False)
        self._close = QPushButton(ui("banner.close"))
        self._close.clicked.connect(self.calm)
        row = QHBoxLayout(self)
        row.addWidget(self._mark)
        row.addWidget(self._text, 1)
        row.addWidget(self._name)
        row.addWidget(self._close)
        self.slug = ""
        self.hide()

    def show_trouble(self, slug: str, params: Mapping[str, str | int]) -> None:
        """Say the trouble's three sentences."""
        said = message(slug, params, language())
        self.slug = slug
        self._mark.setPixmap(icons.badge_pixmap(badges.FINDING, ICON_PX))
        self._text.setText(said.text)
        self._name.setText(slug)
        self.setAccessibleName(said.text)
        self.show()

    def calm(self) -> None:
        """The trouble is solved or understood."""
        self.slug = ""
        self.hide()

    def text(self) -> str:
        """What is said now; empty while nothing stands in the way."""
        return self._text.text() if self.slug else ""
