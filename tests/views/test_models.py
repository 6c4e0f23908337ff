"""Models keep Qt's promises while rows come, change, move and go; selection moves along."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random

import pytest
from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.desk.submission import QueueRow
from app.domain.dossier import Applicant, Dossier
from app.domain.ids import DossierId, PageId
from app.domain.rules import Finding
from app.viewmodels.models import (
    ROW,
    CheckModel,
    FindingModel,
    PageModel,
    PaperModel,
    ProcedureModel,
)
from app.viewmodels.queue_model import QueueModel
from app.viewmodels.snapshot import FindingRow, PageRow, PaperRow

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal
SEED = 20261124
AT = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=7)))


def page(number: int) -> PageRow:
    return PageRow(
        PageId(f"p{number}"), number, (1, number), 0, None, None, "received", None, None, None
    )


def dossier(number: int) -> Dossier:
    return Dossier(
        id=DossierId(f"d{number}"), rev=1, prev=None, state="sealed", temp_code=f"TAM-{number}",
        official_code=None, procedure_code="1.001193", procedure_version="2026-01",
        applicant=Applicant("Nguyễn Văn Mẫu"), declared_sheets=None, counted_by=None, label=None,
        opened_at=AT, received_at=AT, portal_received_at=None, manifest=None, seq=number,
    )  # fmt: skip


def test_pages_may_come_change_move_and_go_in_any_order(qapp: object) -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    model = PageModel()
    tester = QAbstractItemModelTester(model, FATAL)
    rows: list[PageRow] = []
    for step in range(300):
        act = chance.choice(["come", "change", "move", "go"])
        if act == "come" or not rows:
            rows.append(page(step))
        elif act == "change":
            place = chance.randrange(len(rows))
            rows[place] = dataclasses.replace(rows[place], state=chance.choice(["read", "blank"]))
        elif act == "move":
            rows.insert(chance.randrange(len(rows)), rows.pop(chance.randrange(len(rows))))
        else:
            rows.pop(chance.randrange(len(rows)))
        model.replace(tuple(rows))
        shown = [model.index(number).data(ROW) for number in range(model.rowCount())]
        assert shown == rows
    assert tester.model() is model


def test_a_selected_page_stays_selected_when_it_moves(qapp: object) -> None:
    model = PageModel()
    model.replace(tuple(page(n) for n in range(1, 6)))
    selection = QItemSelectionModel(model)
    selection.setCurrentIndex(model.index(3), QItemSelectionModel.SelectionFlag.ClearAndSelect)
    moved = [page(n) for n in (4, 1, 2, 3, 5)]
    model.replace(moved)
    assert selection.currentIndex().row() == 0
    assert [index.data(ROW).id for index in selection.selectedIndexes()] == ["p4"]


@pytest.mark.parametrize(
    "kind", [PageModel, PaperModel, FindingModel, ProcedureModel, QueueModel, CheckModel]
)
def test_what_is_not_there_is_nothing_and_never_an_error(qapp: object, kind: type) -> None:
    model = kind()
    QAbstractItemModelTester(model, FATAL)
    assert model.data(QModelIndex()) is None
    assert model.data(model.createIndex(99, 99)) is None
    assert model.row(-1) is None
    for role in Qt.ItemDataRole:
        assert model.data(model.createIndex(0, 0), int(role)) is None


def test_a_new_dossier_enters_the_queue_above_the_selected_one(qapp: object) -> None:
    model = QueueModel()
    QAbstractItemModelTester(model, FATAL)
    rows = [QueueRow(dossier(n), 0, 10, None, None) for n in (2, 1)]
    model.replace(rows)
    selection = QItemSelectionModel(model)
    selection.setCurrentIndex(model.index(0, 0), QItemSelectionModel.SelectionFlag.ClearAndSelect)
    model.replace([QueueRow(dossier(3), 0, 10, None, None), *rows])
    assert selection.currentIndex().row() == 1
    changed = QueueRow(dossier(2), 4096, 8192, "sync.offline", AT)
    model.replace([QueueRow(dossier(3), 0, 10, None, None), changed, rows[1]])
    cells = [model.index(1, column).data() for column in range(model.columnCount())]
    assert cells[0] == "TAM-2"
    assert "4 KB" in cells
    assert "09:00:00" in cells
    assert any("mạng" in cell or "cổng" in cell.lower() for cell in cells), cells
    model.replace([])
    assert model.rowCount() == 0


def test_rows_say_in_words_what_they_are(qapp: object) -> None:
    pages, papers, findings = PageModel(), PaperModel(), FindingModel()
    pages.replace([dataclasses.replace(page(3), paper=2, state="blank")])
    papers.replace([PaperRow(1, "Tờ khai", 2, "confirmed", None, None)])
    finding = Finding("rule.page_unassigned", "x", {"page": 4})
    findings.replace([FindingRow(finding, 7)])
    texts = [model.index(0).data(int(Qt.ItemDataRole.AccessibleTextRole))
             for model in (pages, papers, findings)]  # fmt: skip
    assert texts[0] == "Trang 3 · giấy 2 · có vẻ trắng"
    assert "Tờ khai" in texts[1]
    assert "Đã xác nhận" in texts[1]
    assert "4" in texts[2]
    assert "7" in texts[2]
