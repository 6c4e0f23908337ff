"""Separators part the stack as the person who put them there meant it; no page gets lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.grouping import Group, LoosePage, PaperKind, propose, separator_pages
from app.domain.procedure import Component, Procedure
from app.domain.separators import Separator

KINDS = (
    PaperKind("decision", "Quyết định", ("QUYẾT ĐỊNH",)),
    PaperKind("declaration", "Tờ khai", ("TỜ KHAI",)),
)
MARRIAGE = Procedure(
    "1.000894",
    "2026-01",
    "Đăng ký kết hôn",
    "ho-tich",
    (
        Component("to-khai", "Tờ khai theo mẫu", "form", required=True, kinds=("declaration",)),
        Component(
            "quyet-dinh", "Quyết định kèm theo", "scan", required=False, kinds=("copy", "decision")
        ),
        Component("khac", "Giấy tờ khác", "scan", required=False),
    ),
)
CUT = Separator()
signs = st.sampled_from(
    [None, None, None, CUT, Separator("", "declaration"), Separator("1.000894", "khac")]
)
stacks = st.lists(
    st.builds(
        LoosePage,
        st.lists(st.sampled_from(["TỜ KHAI", "Trang 1/2", "Trang 2/2", "thân"]), max_size=3).map(
            tuple
        ),
        st.booleans(),
        st.sampled_from([None, "a-1.jpg", "b-1.jpg"]),
        signs,
        st.sampled_from([None, "1", "2", "3"]),
    ),
    max_size=16,
)


def page(*text: str, blank: bool = False, sheet: str | None = None) -> LoosePage:
    return LoosePage(tuple(text), blank, None, sheet=sheet)


def cut(
    component: str = "", procedure: str = "", dossier: str = "", sheet: str | None = None
) -> LoosePage:
    sign = Separator(procedure, component, dossier)
    return LoosePage(("TỜ PHÂN CÁCH",), blank=False, name=None, separator=sign, sheet=sheet)


def made(*stack: LoosePage) -> list[tuple[str, tuple[int, ...]]]:
    return [(group.kind, group.pages) for group in propose(stack, KINDS, MARRIAGE)]


@given(stacks)
def test_every_page_is_in_one_paper_or_set_aside_and_the_order_stays(stack: list[LoosePage]):
    groups, aside = propose(stack, KINDS, MARRIAGE), separator_pages(stack)
    inside = [index for group in groups for index in group.pages]
    assert inside == sorted(inside)
    assert sorted([*inside, *aside]) == list(range(len(stack)))
    assert all(group.pages and group.title.strip() for group in groups)


@given(stacks)
def test_no_paper_reaches_over_a_separator(stack: list[LoosePage]):
    cuts = [index for index, loose in enumerate(stack) if loose.separator]
    for group in propose(stack, KINDS, MARRIAGE):
        assert not any(group.pages[0] < at < group.pages[-1] for at in cuts)


def test_patch_t_only_cuts():
    assert made(page("thân"), cut(), page("thân"), page("TỜ KHAI"), cut(), page("QUYẾT ĐỊNH")) == [
        ("other", (0,)),
        ("other", (2,)),
        ("declaration", (3,)),
        ("decision", (5,)),
    ]


def test_a_named_sheet_opens_that_paper_and_holds_up_to_the_next():
    assert made(cut("declaration"), page("thân"), page("QUYẾT ĐỊNH"), cut(), page("thân")) == [
        ("declaration", (1, 2)),
        ("other", (4,)),
    ]


def test_a_component_gives_its_name_and_a_kind_it_takes():
    stack = [cut("quyet-dinh", "1.000894"), page("QUYẾT ĐỊNH"), cut("khac"), page("TỜ KHAI")]
    assert propose(stack, KINDS, MARRIAGE) == (
        Group("decision", "Quyết định kèm theo", (1,), "quyet-dinh"),
        Group("other", "Giấy tờ khác", (3,), "khac"),
    )
    unread = propose([cut("quyet-dinh"), page("thân")], KINDS, MARRIAGE)
    assert [group.kind for group in unread] == ["copy"]


def test_a_sheet_of_another_procedure_names_no_component_here():
    assert made(cut("to-khai", "2.000635"), page("thân")) == [("other", (1,))]
    assert made(cut("to-khai", "1.000894"), page("thân")) == [("declaration", (1,))]
    assert made(cut("declaration", "2.000635"), page("thân")) == [("declaration", (1,))]


def test_a_name_nobody_knows_cuts_all_the_same():
    assert made(page("thân"), cut("nonsense"), page("QUYẾT ĐỊNH"), page("TỜ KHAI")) == [
        ("other", (0,)),
        ("decision", (2,)),
        ("declaration", (3,)),
    ]


def test_the_blank_back_of_a_separator_goes_with_it():
    stack = [
        cut("declaration", sheet="1"),
        page(blank=True, sheet="1"),
        page("thân", sheet="2"),
        page(blank=True, sheet="2"),
    ]
    assert separator_pages(stack) == (0, 1)
    assert made(*stack) == [("declaration", (2, 3))]


def test_a_sheet_fed_face_down_separates_as_well():
    stack = [page("thân"), page(blank=True, sheet="7"), cut("declaration", sheet="7"), page("thân")]
    assert separator_pages(stack) == (1, 2)
    assert made(*stack) == [("other", (0,)), ("declaration", (3,))]


def test_what_is_printed_on_the_back_of_a_separator_is_kept():
    stack = [cut("declaration", sheet="1"), page("bút tích", sheet="1"), page("thân")]
    assert separator_pages(stack) == (0,)
    assert made(*stack) == [("declaration", (1, 2))]


def test_a_plain_sheet_right_after_a_named_one_does_not_unname_it():
    assert made(cut("declaration"), cut(), page("thân")) == [("declaration", (2,))]
    assert made(cut(), cut("decision"), page("thân")) == [("decision", (2,))]


def test_separators_alone_make_no_paper():
    assert made(cut(), cut("declaration"), page(blank=True, sheet=None)) == [("declaration", (2,))]
    assert propose([cut(), cut("declaration")], KINDS) == ()
    assert separator_pages([cut(), cut("declaration")]) == (0, 1)
