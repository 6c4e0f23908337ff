"""Qt models: rows are frozen values, ``data()`` is total, changes are the smallest that fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import (
    QAbstractListModel,
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)

from app.desk.submission import QueueRow
from app.domain.procedure import Procedure
from app.domain.rules import Finding
from app.i18n import message
from app.viewmodels.snapshot import PageRow, PaperRow
from app.viewmodels.texts import ui

Index = QModelIndex | QPersistentModelIndex
ROW = int(Qt.ItemDataRole.UserRole) + 1
R = TypeVar("R")


class RowsModel(QAbstractListModel, Generic[R]):
    """A list of frozen rows; the row itself is under the role ``ROW``."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[R] = []

    def row(self, number: int) -> R | None:
        """The row at ``number``, or None."""
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def replace(self, rows: Sequence[R]) -> None:
        """Show ``rows``: changed ones are told one by one, the tail grows or shrinks."""
        common = min(len(rows), len(self._rows))
        for number in range(common):
            if self._rows[number] != rows[number]:
                self._rows[number] = rows[number]
                index = self.index(number)
                self.dataChanged.emit(index, index)
        if len(rows) > common:
            self.beginInsertRows(QModelIndex(), common, len(rows) - 1)
            self._rows += rows[common:]
            self.endInsertRows()
        elif len(self._rows) > common:
            self.beginRemoveRows(QModelIndex(), common, len(self._rows) - 1)
            del self._rows[common:]
            self.endRemoveRows()

    def text(self, row: R) -> str:
        """What stands in the list for a row."""
        return str(row)

    def rowCount(self, parent: Index | None = None) -> int:
        """Number of rows; a row has no children."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        """Text, accessible text or the row; anything else, or a stale index, is nothing."""
        row = self.row(index.row()) if index.isValid() else None
        if row is None:
            return None
        if role == ROW:
            return row
        if role in {int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.AccessibleTextRole)}:
            return self.text(row)
        return None


class PageModel(RowsModel[PageRow]):
    """The pages of the dossier in their order."""

    def text(self, row: PageRow) -> str:
        """Number, paper and state in words."""
        words = [ui("page.number", n=row.number), ui(f"page.state.{row.state}")]
        if row.paper:
            words.insert(1, ui("page.paper", n=row.paper))
        return " · ".join(words)


class PaperModel(RowsModel[PaperRow]):
    """The checklist: papers that are there, components that lack one."""

    def text(self, row: PaperRow) -> str:
        """Number, title, pages and state in words."""
        head = f"{row.number}  {row.title}" if row.number else f"–  {row.title}"
        pages = f" · {ui('paper.pages', n=row.pages)}" if row.pages else ""
        return f"{head}{pages} · {ui(f'paper.state.{row.state}')}"


class FindingModel(RowsModel[Finding]):
    """What blocks the signature, each with the key that mends it."""

    def text(self, row: Finding) -> str:
        """What is missing and what to press."""
        said = message(row.slug, row.params)
        return f"{said.happened} {said.next}"


class ProcedureModel(RowsModel[Procedure]):
    """Procedures that the search found."""

    def text(self, row: Procedure) -> str:
        """Code and name."""
        return f"{row.code}  {row.name}"


class QueueModel(QAbstractTableModel):
    """Dossiers on their way to the portal, newest first."""

    COLUMNS = ("code", "state", "left", "next", "reason", "portal_no")

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[QueueRow, ...] = ()

    def replace(self, rows: Sequence[QueueRow]) -> None:
        """Show ``rows``."""
        if len(rows) == len(self._rows):
            if tuple(rows) != self._rows:
                self._rows = tuple(rows)
                last = self.index(len(rows) - 1, len(self.COLUMNS) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self._rows = tuple(rows)
        self.endResetModel()

    def row(self, number: int) -> QueueRow | None:
        """The row at ``number``, or None."""
        return self._rows[number] if 0 <= number < len(self._rows) else None

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
        if role != int(Qt.ItemDataRole.DisplayRole):
            return None
        return self._cell(row, self.COLUMNS[index.column()])

    @staticmethod
    def _cell(row: QueueRow, column: str) -> str:
        dossier = row.dossier
        texts = {
            "code": dossier.temp_code,
            "state": ui(f"dossier.state.{dossier.state}"),
            "left": f"{row.bytes_left / 1024:,.0f} KB".replace(",", ".") if row.bytes_left else "–",
            "next": row.next_try.strftime("%H:%M:%S") if row.next_try else "–",
            "reason": message(row.slug.split(":")[0], {}).happened if row.slug else "–",
            "portal_no": dossier.official_code or "–",
        }
        return texts[column]
