"""The doctor: what the counter needs, how each thing is, what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QListView, QPushButton, QVBoxLayout, QWidget

from app.viewmodels.doctor import Doctor
from app.viewmodels.texts import ui
from app.views.parts import heading, quiet
from app.views.state_list import BadgeDelegate

SPACING_PX = 4


class DoctorView(QWidget):
    """The list and a button to look again."""

    def __init__(self, doctor: Doctor) -> None:
        super().__init__()
        self._doctor = doctor
        self.list = QListView()
        self.list.setModel(doctor.checks)
        self.list.setItemDelegate(BadgeDelegate(self.list))
        self.list.setWordWrap(True)
        self.list.setSpacing(SPACING_PX)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(ui("doctor.heading"))
        self.said = quiet()
        self.again = QPushButton(ui("doctor.again"))
        self.again.clicked.connect(self.begin)
        doctor.examined.connect(lambda: self.said.setText(ui("doctor.done")))
        buttons = QHBoxLayout()
        buttons.addWidget(self.said, 1)
        buttons.addWidget(self.again)
        column = QVBoxLayout(self)
        column.addWidget(heading(ui("doctor.heading")))
        column.addWidget(self.list, 1)
        column.addLayout(buttons)

    def begin(self) -> None:
        """Look now."""
        self.said.setText(ui("doctor.looking"))
        self._doctor.examine()
        self.list.setFocus()
