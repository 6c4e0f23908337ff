"""The dossiers of this counter as a table: state, what is left to send, reason, number."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt

from app.desk.submission import QueueRow
from app.i18n import message
from app.viewmodels.models import ROW, Index, shown
from app.viewmodels.texts import language, ui

UNDELIVERED = frozenset({"sealed", "registered", "uploading"})


class QueueModel(QAbstractTableModel):
    """The dossiers of this counter and how far each is on its way to the portal, newest first."""

    COLUMNS = ("code", "name", "state", "left", "next", "reason", "portal_no")

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[QueueRow, ...] = ()

    def replace(self, rows: Sequence[QueueRow]) -> None:
        """Show ``rows``; new ones come in at the top, so that a selected one stays selected."""
        before = [row.dossier.id for row in self._rows]
        after = [row.dossier.id for row in rows]
        new = len(after) - len(before)
        if new < 0 or after[new:] != before:
            self.beginResetModel()
            self._rows = tuple(rows)
            self.endResetModel()
            return
        if new:
            self.beginInsertRows(QModelIndex(), 0, new - 1)
            self._rows = (*rows[:new], *self._rows)
            self.endInsertRows()
        if tuple(rows) != self._rows:
            self._rows = tuple(rows)
            last = self.index(len(rows) - 1, len(self.COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def row(self, number: int) -> QueueRow | None:
        """The row at ``number``, or None."""
        return self._rows[number] if 0 <= number < len(self._rows) else None

    @property
    def waiting(self) -> int:
        """Dossiers that are sealed and not yet wholly with the portal."""
        return sum(1 for row in self._rows if row.dossier.state in UNDELIVERED)

    def rowCount(self, parent: Index | None = None) -> int:
        """Number of rows."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """Number of columns."""
        return 0 if parent is not None and parent.isValid() else len(self.COLUMNS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = int(Qt.ItemDataRole.DisplayRole),
    ) -> object:
        """Names of the columns."""
        if role != int(Qt.ItemDataRole.DisplayRole) or not 0 <= section < len(self.COLUMNS):
            return None
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1)
        return ui(f"queue.{self.COLUMNS[section]}")

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        """Text of a cell."""
        row = self.row(index.row()) if index.isValid() else None
        if row is None or index.column() >= len(self.COLUMNS):
            return None
        if role == ROW:
            return row
        return shown(self._cell(row, self.COLUMNS[index.column()]), role)

    @staticmethod
    def _cell(row: QueueRow, column: str) -> str:
        dossier = row.dossier
        texts = {
            "code": dossier.temp_code,
            "name": dossier.applicant.name,
            "state": ui(f"dossier.state.{dossier.state}"),
            "left": kilobytes(row.bytes_left) if row.bytes_left else "–",
            "next": row.next_try.strftime("%H:%M:%S") if row.next_try else "–",
            "reason": reason(row) or "–",
            "portal_no": dossier.official_code or "–",
        }
        return texts[column]


def kilobytes(size_bytes: int) -> str:
    """A size as people here write it: 1.234 KB; never 0 for something."""
    return f"{max(1, round(size_bytes / 1024)):,} KB".replace(",", ".")


def reason(row: QueueRow) -> str:
    """Why a dossier waits, in one sentence; empty when nothing keeps it."""
    if row.slug is None:
        return ""
    trouble = row.trouble()
    return message(trouble.slug, trouble.params, language()).happened
