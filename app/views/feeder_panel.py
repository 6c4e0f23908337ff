"""What lies in the feeder: how many sheets the clerk counted, how they are scanned."""

from __future__ import annotations

from PySide6.QtGui import QAction, QIntValidator
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.viewmodels.scanners import Scanners, values
from app.viewmodels.texts import ui
from app.views.parts import MARGIN_PX, heading, quiet

BOX_PX, MOST_SHEETS = 76, 9999


class FeederPanel(QWidget):
    """A number that may be left out, a toggle, and one line of facts.

    Args:
        scanners: what is chosen.
        sides: the act that changes the sides.
    """

    def __init__(self, scanners: Scanners, sides: QAction) -> None:
        super().__init__()
        self._scanners = scanners
        self.sheets = QLineEdit(placeholderText=ui("feeder.none"))
        self.sheets.setValidator(QIntValidator(1, MOST_SHEETS, self.sheets))
        self.sheets.setFixedWidth(BOX_PX)
        self.sheets.setAccessibleName(ui("feeder.sheets"))
        self.sheets.setToolTip(ui("action.sheets.tip"))
        self.duplex = QCheckBox(ui("feeder.duplex"))
        self.duplex.setToolTip(sides.toolTip())
        self.duplex.clicked.connect(lambda _checked: sides.trigger())
        self.facts = quiet()
        label = QLabel(ui("feeder.sheets"))
        label.setBuddy(self.sheets)
        counted = QHBoxLayout()
        counted.addWidget(label, 1)
        counted.addWidget(self.sheets)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        column.addWidget(heading(ui("feeder.heading")))
        column.addLayout(counted)
        column.addWidget(self.duplex)
        column.addWidget(self.facts)
        scanners.changed.connect(self._on_scanners_changed)
        self._on_scanners_changed()

    def declared(self) -> int | None:
        """The number of sheets that was typed, or None."""
        text = self.sheets.text()
        return int(text) if text.isdecimal() and int(text) else None

    def _on_scanners_changed(self) -> None:
        now = self._scanners.choice
        self.duplex.setEnabled(now is not None and now.duplex_free)
        if now is None:
            self.facts.setText("")
            return
        self.duplex.setChecked(now.duplex)
        words = [values(now.preset)]
        words.append(ui("profile.sides.two" if now.duplex else "profile.sides.one"))
        if now.source != "feeder":
            words.append(ui(f"scanner.source.{now.source}"))
        if "duplex" in now.presets.locked:
            words.append(ui("feeder.fixed"))
        elif not now.offered:
            words.append(ui("feeder.one_sided"))
        self.facts.setText(" · ".join(words))
