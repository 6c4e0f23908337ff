"""Printed page numbers: what is missing, twice there or out of order is told, and nothing else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.page_labels import Label, label_doubts, parse_label


def told(*labels: str | None) -> list[tuple[str, int, int]]:
    """Kind, index and number of missing pages of every doubt."""
    return [(doubt.kind, doubt.index, doubt.missing) for doubt in label_doubts(labels)]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Trang 2/5", Label(2, 5)),
        ("trang 2 / 5", Label(2, 5)),
        (unicodedata.normalize("NFD", "Trang 2 trên 5"), Label(2, 5)),
        ("Trang 2 của 5", Label(2, 5)),
        ("Tờ số 2/5", Label(2, 5)),
        ("2/5", Label(2, 5)),
        ("Page 2 of 5", Label(2, 5)),
        ("- 3 -", Label(3)),
        ("– 3 –", Label(3)),
        ("3", Label(3)),
        ("Trang 3", Label(3)),
        ("Trang: 12", Label(12)),
        ("3.", Label(3)),
    ],
)
def test_every_usual_form_of_a_page_number_is_understood(text: str, label: Label):
    assert parse_label(text) == label


@pytest.mark.parametrize(
    "text", ["", "5/3", "0", "0/4", "1/0", "12/2026", "QĐ-UBND", "1.234", "a3"]
)
def test_what_is_no_page_number_is_none(text: str):
    assert parse_label(text) is None


@pytest.mark.parametrize(
    "labels",
    [
        (),
        (None,),
        (None, None, None),
        ("1/1",),
        ("Trang 1/3", "Trang 2/3", "Trang 3/3"),
        (None, "2", "3"),
        (None, "- 2 -", None, "- 4 -"),
        ("1/3", None, "3/3"),
        ("1/3", "2/3", None),
        (None, "2/3", "3/3"),
        ("1/2", "2/2", "1/3", "2/3", "3/3"),
        (None, "2", "3", None, "2"),
        (None, "2", "3", "1", "2"),
        ("1/3", "2/4", "3/3"),
        ("23",),
        ("23", "24"),
    ],
)
def test_a_whole_paper_raises_no_doubt(labels: tuple[str | None, ...]):
    assert told(*labels) == []


@pytest.mark.parametrize(
    ("labels", "doubts"),
    [
        (("1/4", "2/4", "4/4"), [("gap", 2, 1)]),
        (("1/6", None, "5/6", "6/6"), [("gap", 2, 2)]),
        ((None, "3", "4"), [("gap", 1, 1)]),
        (("2",), [("gap", 0, 1)]),
        (("12/20",), [("gap", 0, 11), ("short", 0, 8)]),
        (("1/3", "2/3"), [("short", 1, 1)]),
        (("1/5", None), [("short", 1, 3)]),
        (("1/2", "1/2", "2/2"), [("repeated", 1, 0)]),
        ((None, "2", "2", "3"), [("repeated", 2, 0)]),
        (("1/3", "3/3", "2/3"), [("order", 2, 0)]),
        (("2/2", "1/2"), [("order", 1, 0)]),
        (("3/3", "2/3", "1/3"), [("order", 1, 0), ("order", 2, 0)]),
        (("1/3", "1/2", "2/2"), [("short", 0, 2)]),
        (("1/3", "2/3", "1/3", "2/3", "3/3"), [("short", 1, 1)]),
        (("1/4", "4/4", "2/4"), [("gap", 1, 1), ("order", 2, 0)]),
    ],
)
def test_a_gap_a_repeat_a_wrong_order_and_a_short_paper_are_told_where_they_show(
    labels: tuple[str | None, ...], doubts: list[tuple[str, int, int]]
):
    assert told(*labels) == doubts


def test_what_was_settled_does_not_settle_a_worse_doubt():
    (one,) = label_doubts(("1", "2", "4"))
    (two,) = label_doubts(("1", "4"))
    assert one.flag != two.flag
    assert " " not in one.flag  # flags are stored with a blank between them


LABELS = st.lists(
    st.one_of(
        st.none(),
        st.text(max_size=12),
        st.integers(0, 40).map(str),
        st.tuples(st.integers(0, 12), st.integers(0, 12)).map(
            lambda pair: "Trang {}/{}".format(*pair)
        ),
    ),
    max_size=12,
)


@given(LABELS)
def test_whatever_stands_on_the_pages_doubts_name_a_page_of_the_paper(labels: list[str | None]):
    for doubt in label_doubts(labels):
        assert 0 <= doubt.index < len(labels)
        assert doubt.missing >= (1 if doubt.kind in {"gap", "short"} else 0)


@given(st.integers(1, 30), st.data())
def test_a_complete_paper_has_no_doubt_however_many_numbers_were_not_read(total: int, data):
    shown = data.draw(st.lists(st.booleans(), min_size=total, max_size=total))
    labels = [f"{n}/{total}" if seen else None for n, seen in enumerate(shown, 1)]
    assert label_doubts(labels) == ()


@given(st.integers(2, 30), st.data())
def test_one_lost_page_of_a_numbered_paper_is_always_told(total: int, data):
    labels = [f"Trang {n}/{total}" for n in range(1, total + 1)]
    del labels[data.draw(st.integers(0, total - 1))]
    (doubt,) = label_doubts(labels)
    assert doubt.kind in {"gap", "short"}
    assert doubt.missing == 1


@given(st.integers(3, 30), st.data())
def test_two_pages_that_changed_places_are_always_told(total: int, data):
    labels = [f"- {n} -" for n in range(1, total + 1)]
    at = data.draw(st.integers(0, total - 2))
    labels[at], labels[at + 1] = labels[at + 1], labels[at]
    assert [doubt.kind for doubt in label_doubts(labels)] == ["order"]
