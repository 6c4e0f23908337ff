"""What holds for every page of the window: reach, names, edits by keys, what is typed stays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QWidget,
)

from app.viewmodels.snapshot import PageRow
from app.views import theme
from app.views.main_window import SMALLEST
from tests.views.views_kit import Clerk, until

PAGES = ("reception", "new_dossier", "sign", "queue", "receipt", "scanner", "doctor")
NAMED = (QAbstractButton, QAbstractItemView, QLineEdit, QPlainTextEdit, QProgressBar)


@pytest.fixture(scope="module")
def at_work(clerk: Clerk) -> Clerk:
    """The same clerk, with three read pages in an open dossier of birth registration."""
    clerk.open_dossier("ks", "1.001193", "Trần Thị Mẫu")
    clerk.scan()
    clerk.wait_read()
    return clerk


@pytest.fixture(autouse=True)
def _back_to_reception(at_work: Clerk) -> Iterator[None]:
    yield
    at_work.window.stack.setCurrentWidget(at_work.window.reception)


def _focusable(clerk: Clerk) -> set[QWidget]:
    return {
        widget
        for widget in clerk.window.findChildren(QWidget)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
    }


@pytest.mark.parametrize("name", PAGES)
def test_tab_meets_every_widget_that_can_have_the_focus(at_work: Clerk, name: str) -> None:
    page = getattr(at_work.window, name)
    at_work.window.stack.setCurrentWidget(page)
    wanted = _focusable(at_work)
    assert wanted
    next(iter(wanted)).setFocus()
    met = []
    for _ in range(len(wanted)):
        at_work.press("Tab")
        met.append(at_work.focus())
        assert _ring(met[-1]), (met[-1], "shows that it has the focus")
    assert set(met) == wanted
    assert len(met) == len(set(met)), "each once"


def _ring(widget: QWidget | None) -> bool:
    """Whether the top edge of a widget is a line of the focus colour."""
    assert widget is not None
    picture = widget.grab().toImage()
    blue = QColor(theme.tokens().blue)
    across = range(10, picture.width() - 10)
    return all(any(picture.pixelColor(x, y) == blue for y in range(5)) for x in across)


@pytest.mark.parametrize("name", PAGES)
def test_everything_that_can_be_used_has_a_name(at_work: Clerk, name: str) -> None:
    at_work.window.stack.setCurrentWidget(getattr(at_work.window, name))
    for widget in at_work.window.findChildren(QWidget):
        header = isinstance(widget, QHeaderView)  # a part of its table, which has the name
        if not widget.isVisible() or not isinstance(widget, NAMED) or header:
            continue
        said = widget.accessibleName()
        if isinstance(widget, QAbstractButton):
            said = said or widget.text()
        assert said.strip(), widget


def test_every_act_has_a_text_a_tooltip_with_its_key_and_works_everywhere(at_work: Clerk) -> None:
    acts = at_work.window.acts
    assert len({action.shortcut().toString() for action in acts.values()}) == len(acts)
    for name, action in acts.items():
        key = action.shortcut().toString()
        assert action.text().strip(), name
        assert key, name
        assert key in action.toolTip() or key in {"Esc", "Del"}, name
        assert action in at_work.window.actions(), name


def test_unaccented_letters_initials_and_codes_find_the_procedure(at_work: Clerk) -> None:
    session = at_work.session
    at_work.press("F2")
    search = at_work.window.new_dossier.search
    until(search.hasFocus, "the procedure box has the focus")
    for typed in ("dang ky khai sinh", "dkks", "1.001193"):
        search.selectAll()
        at_work.type(typed)
        until(lambda: (row := session.procedures.row(0)) and row.code == "1.001193", typed)


def test_what_is_typed_stays_when_the_page_is_left(at_work: Clerk) -> None:
    new = at_work.window.new_dossier
    at_work.press("F2")
    new.name.setFocus()
    at_work.type("Lê Văn Nháp")
    at_work.press("Esc")
    assert at_work.page is at_work.window.reception
    at_work.press("F2")
    assert new.name.text() == "Lê Văn Nháp"
    new.name.clear()


def test_the_pin_box_hides_and_forgets(at_work: Clerk) -> None:
    sign = at_work.window.sign
    at_work.window.stack.setCurrentWidget(sign)
    sign.begin()
    at_work.type("123456")
    assert sign.pin.text() == "123456"
    assert "1" not in sign.pin.displayText()
    hints = sign.pin.inputMethodHints()
    assert hints & Qt.InputMethodHint.ImhSensitiveData
    at_work.window.stack.setCurrentWidget(at_work.window.queue)
    assert sign.pin.text() == ""


def _choose(clerk: Clerk, number: int) -> PageRow:
    """Go to a page with the arrow keys."""
    grid = clerk.window.reception.grid
    grid.setFocus()
    clerk.press("Home")
    for _ in range(number - 1):
        clerk.press("Right")
    row = grid.current()
    assert row is not None
    assert row.number == number
    return row


def test_edits_by_keys_are_taken_back_and_done_again(at_work: Clerk) -> None:
    def order() -> list[str]:
        return [page.id for page in at_work.snapshot.pages]

    def states() -> list[str]:
        return [page.state for page in at_work.snapshot.pages]

    before = order()
    moved = _choose(at_work, 3)
    at_work.press("Ctrl+Up")
    until(lambda: order() == [before[0], before[2], before[1]], "the page has moved")
    current = at_work.window.reception.grid.current()
    assert current is not None
    assert current.id == moved.id, "the selection moves with its page"
    at_work.press("Ctrl+Z")
    until(lambda: order() == before, "undone")
    at_work.press("Ctrl+Y")
    until(lambda: order() != before, "done again")
    at_work.press("Ctrl+Z")
    until(lambda: order() == before, "undone again")

    _choose(at_work, 2)
    at_work.press("Del")
    until(lambda: states()[1] == "dropped", "in the tray")
    at_work.press("Del")
    until(lambda: states()[1] == "read", "back from the tray")

    turned = _choose(at_work, 1)
    at_work.press("Ctrl+Right")
    until(lambda: at_work.snapshot.pages[0].screen not in {None, turned.screen}, "turned")
    at_work.press("Ctrl+Z")
    until(lambda: at_work.snapshot.pages[0].screen == turned.screen, "turned back")


def test_pages_go_into_papers_by_keys(at_work: Clerk) -> None:
    def papers() -> list[tuple[int, int]]:
        return [(p.number, p.pages) for p in at_work.snapshot.papers if p.number]

    _choose(at_work, 1)
    at_work.press("Ctrl+N")
    until(lambda: papers() == [(1, 1)], "the first paper")
    _choose(at_work, 2)
    at_work.press("Ctrl+N")
    until(lambda: papers() == [(1, 1), (2, 1)], "the second paper")
    _choose(at_work, 3)
    at_work.press("Ctrl+2")
    until(lambda: papers() == [(1, 1), (2, 2)], "the third page joins the second paper")
    titles = [paper.title for paper in at_work.snapshot.papers]
    assert "Giấy chứng sinh" in titles, "a component without a paper stays in the list"
    wanted = {finding.slug for finding in at_work.snapshot.findings}
    assert "rule.component_missing" in wanted
    at_work.press("F4")
    assert at_work.window.reception.findings.hasFocus()


def test_a_second_window_on_the_same_vault_is_refused(at_work: Clerk) -> None:
    from app.domain.errors import Trouble
    from app.pipeline.locks import desk_lock

    home = at_work.session.desk._vault.home
    with pytest.raises(Trouble, match=r"desk\.already_open"), desk_lock(home):
        pass


HOSTILE = "<h1>Trần</h1><img src='file:///etc/hostname'> & Mẫu \U0001f58b"


def test_a_name_is_shown_as_typed_and_never_as_markup(at_work: Clerk) -> None:
    before = at_work.snapshot.dossier.id
    window, queue = at_work.window, at_work.session.queue
    at_work.open_dossier("dkks", "1.001193", HOSTILE)
    until(lambda: at_work.snapshot.dossier.applicant.name == HOSTILE, "the name is kept whole")
    assert HOSTILE in window.header.text()
    for label in window.findChildren(QLabel):
        if HOSTILE in label.text():
            assert label.textFormat() == Qt.TextFormat.PlainText, label.text()
    until(lambda: (row := queue.row(0)) and row.dossier.applicant.name == HOSTILE, "in the queue")
    name = queue.index(0, queue.COLUMNS.index("name"))
    assert name.data() == HOSTILE
    tip = QTextDocument()
    tip.setHtml(str(name.data(int(Qt.ItemDataRole.ToolTipRole))))
    assert tip.toPlainText() == HOSTILE, "the tooltip shows the letters"
    at_work.session.select(before)
    until(lambda: at_work.session.snapshot is not None, "back at work")


def test_a_held_enter_opens_one_dossier_and_no_name_opens_none(at_work: Clerk) -> None:
    before, queue = at_work.snapshot.dossier.id, at_work.session.queue
    new = at_work.window.new_dossier
    at_work.press("F2")
    at_work.type("dkks")
    until(lambda: (row := at_work.session.procedures.row(0)) and row.code == "1.001193", "found")
    at_work.press("Return")
    at_work.press("Return")
    until(lambda: at_work.window.banner.slug == "dossier.no_applicant", "a name is asked for")
    assert at_work.page is new
    assert new.search.text() == "dkks", "nothing typed is lost"
    until(new.name.hasFocus, "the name box has the focus")
    rows = queue.rowCount()
    at_work.type("Lê Thị Mẫu")
    for _ in range(3):
        at_work.press("Return")
    until(lambda: at_work.page is at_work.window.reception, "the dossier is open")
    until(lambda: queue.rowCount() > rows, "it is in the list")
    at_work.session.refresh_queue()
    until(lambda: not at_work.session._looking, "the list has been read again")
    assert queue.rowCount() == rows + 1
    at_work.session.select(before)
    until(lambda: at_work.session.snapshot is not None, "back at work")


def test_every_page_has_room_in_the_smallest_window_beside_a_trouble(at_work: Clerk) -> None:
    window = at_work.window
    window.resize(SMALLEST)
    window.sign.anywhere.show()
    window.sign.again.show()
    at_work.session.trouble("scan.jam", {"safe_sheets": 6, "refeed_sheet": 7})
    until(window.banner.isVisible, "the trouble is shown")
    assert window.minimumSizeHint().width() <= SMALLEST.width()
    assert window.minimumSizeHint().height() <= SMALLEST.height()
    assert window.size() == SMALLEST
    for name in PAGES:
        page = getattr(window, name)
        window.stack.setCurrentWidget(page)
        until(page.isVisible, name)
        boxes = [
            widget
            for widget in page.findChildren(QWidget)
            if widget.isVisible()
            and isinstance(widget, NAMED)
            and not isinstance(widget, QHeaderView)
        ]
        for one, other in combinations(boxes, 2):
            if not (one.isAncestorOf(other) or other.isAncestorOf(one)):
                assert not _place(one).intersects(_place(other)), (name, one, other)
    at_work.session.calm()


def _place(widget: QWidget) -> QRect:
    return QRect(widget.mapToGlobal(widget.rect().topLeft()), widget.size())
