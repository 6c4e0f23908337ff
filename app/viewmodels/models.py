"""Qt models: rows are frozen values, ``data()`` is total, changes are the smallest that fit.

The tooltip of a row is its text: what a narrow list cuts can still be read.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)

from app.desk.health import Check
from app.desk.page_facts import PageField
from app.domain.procedure import Procedure
from app.i18n import message
from app.viewmodels.snapshot import FindingRow, PageRow, PaperRow
from app.viewmodels.texts import language, ui

Index = QModelIndex | QPersistentModelIndex
ROW = int(Qt.ItemDataRole.UserRole) + 1
TEXT_ROLES = frozenset(
    int(role) for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
)
DATES = frozenset({"issue_date", "expiry", "birth_date"})
TIP_ROLE = int(Qt.ItemDataRole.ToolTipRole)
Row = TypeVar("Row")


def shown(text: str, role: int) -> str | None:
    """A row's text for ``role``; a tooltip, which Qt reads as markup, shows the same letters."""
    if role == TIP_ROLE:
        return f'<p style="white-space: pre-wrap">{html.escape(text)}</p>'
    return text if role in TEXT_ROLES else None


class RowsModel(QAbstractListModel, Generic[Row]):
    """A list of frozen rows; the row itself is under the role ``ROW``."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []

    def row(self, number: int) -> Row | None:
        """The row at ``number``, or None."""
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def replace(self, rows: Sequence[Row]) -> None:
        """Show ``rows``: a new order moves them, changed ones are told, the tail grows or shrinks.

        What is selected stays selected when it moves.
        """
        self._reorder(rows)
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

    def key(self, row: Row) -> object:
        """What makes a row the same one in another place; hashable."""
        return self.text(row)

    def _reorder(self, rows: Sequence[Row]) -> None:
        """Bring the rows that are there into the order of ``rows`` when it is only another one."""
        before = [self.key(row) for row in self._rows]
        after = [self.key(row) for row in rows]
        places = {key: place for place, key in enumerate(after)}
        if before == after or len(before) != len(after) or set(before) != set(places):
            return
        if len(places) != len(after):
            return
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        new = [self.index(places[before[index.row()]]) for index in old]
        self._rows.sort(key=lambda row: places[self.key(row)])
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def text(self, row: Row) -> str:
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
        return shown(self.text(row), role)


class PageModel(RowsModel[PageRow]):
    """The pages of the dossier in their order."""

    def key(self, row: PageRow) -> object:
        """Its identifier."""
        return row.id

    def text(self, row: PageRow) -> str:
        """Number, paper and state in words."""
        words = [ui("page.number", n=row.number), ui(f"page.state.{row.state}")]
        if row.paper:
            words.insert(1, ui("page.paper", n=row.paper))
        return " · ".join(words)


class PaperModel(RowsModel[PaperRow]):
    """The checklist: papers that are there, components that lack one."""

    def key(self, row: PaperRow) -> object:
        """The paper, or the component's name."""
        return row.status.document.id if row.status else row.title

    def text(self, row: PaperRow) -> str:
        """Number, title, pages and state in words."""
        head = f"{row.number}  {row.title}" if row.number else f"–  {row.title}"
        pages = f" · {ui('paper.pages', n=row.pages)}" if row.pages else ""
        return f"{head}{pages} · {ui(f'paper.state.{row.state}')}"


class FindingModel(RowsModel[FindingRow]):
    """What blocks the signature, each with the key that mends it."""

    def key(self, row: FindingRow) -> object:
        """Its kind."""
        return row.first.slug

    def text(self, row: FindingRow) -> str:
        """What is missing and what to press."""
        said = message(row.first.slug, row.first.params, language())
        more = f" {ui('finding.more', n=row.more)}" if row.more else ""
        return f"{said.happened}{more} {said.next}"


class FieldModel(RowsModel[PageField]):
    """What seems to stand on a page, each a guess with its trust."""

    def key(self, row: PageField) -> object:
        """Its name."""
        return row.name

    def text(self, row: PageField) -> str:
        """Name, value and how sure."""
        value = row.value
        if row.name in DATES and language() == "vi":
            value = "/".join(reversed(value.split("-")))
        return ui(f"field.{row.name}", value=value, confidence=round(row.confidence * 100))


class ProcedureModel(RowsModel[Procedure]):
    """Procedures that the search found."""

    def text(self, row: Procedure) -> str:
        """Code and name."""
        return f"{row.code}  {row.name}"


class CheckModel(RowsModel[Check]):
    """What the doctor found."""

    def text(self, row: Check) -> str:
        """What was looked at, how it is, what to do."""
        head = f"{ui(f'check.{row.check}')} · {ui(f'check.state.{row.state}')}"
        return f"{head}\n{row.advice}" if row.advice else head
