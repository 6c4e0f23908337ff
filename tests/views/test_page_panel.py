"""The selected page in words: facts, fields that lead to their place, and the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.desk.page_facts import PageField, Reading
from app.domain.ids import PageId
from app.viewmodels.snapshot import PageRow
from app.views.page_panel import PagePanel

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

NUMBER = PageField("number", "660", 0.72, ((100.0, 200.0, 180.0, 230.0),))
DAY = PageField("issue_date", "2026-06-26", 0.96, ((900.0, 240.0, 1400.0, 280.0),))
READING = Reading(("Số: 660/QĐ-UBND", "Điều 1."), 0.96, (NUMBER, DAY), (), (), (2480, 3508))


def row(page: str, **changes: object) -> PageRow:
    values: dict[str, object] = {
        "number": 1, "sheet": (1, 1), "paper": 1, "thumb": None, "screen": None, "state": "read",
        "angle_deg": 3.5, "confidence": 0.96, "failure": None,
    }  # fmt: skip
    return PageRow(id=PageId(page), **{**values, **changes})


@pytest.fixture
def panel(qtbot: QtBot) -> PagePanel:
    made = PagePanel()
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_chosen_field_says_where_on_the_page_it_was_read(panel: PagePanel, qtbot: QtBot):
    panel.show_page(row("a"))
    panel.show_reading(READING)
    assert panel.text.toPlainText() == "Số: 660/QĐ-UBND\nĐiều 1."
    model = panel.fields.model()
    assert [model.index(n, 0).data() for n in range(2)] == [
        "Số: 660 (72 %)",
        "Ngày ban hành: 26/06/2026 (96 %)",
    ]
    with qtbot.waitSignal(panel.pointed) as told:
        panel.fields.setCurrentIndex(model.index(1, 0))
    assert told.args == [DAY.boxes, (2480, 3508)]


def test_another_page_takes_fields_text_and_marks_away(panel: PagePanel, qtbot: QtBot):
    panel.show_page(row("a"))
    panel.show_reading(READING)
    with qtbot.waitSignal(panel.pointed) as told:
        panel.show_page(row("b"))
    assert told.args == [(), (1, 1)]
    assert panel.text.toPlainText() == ""
    assert not panel.fields.isVisible()


def test_the_same_page_read_again_keeps_what_the_clerk_looks_at(panel: PagePanel):
    panel.show_page(row("a"))
    panel.show_reading(READING)
    panel.fields.setCurrentIndex(panel.fields.model().index(1, 0))
    panel.show_page(row("a", state="blank"))
    panel.show_reading(READING)
    assert panel.fields.currentIndex().row() == 1


def test_what_a_clerk_should_know_of_a_page_stands_in_words(panel: PagePanel):
    panel.show_page(row("a", reasons=("page.blurred", "page.cut_edge")))
    said = panel.facts.text().splitlines()
    assert said[0].startswith("Trang 1: nghiêng 3,5°")
    assert said[1] == "Ảnh mờ; nên quét lại."
    assert "cắt" in said[2]
