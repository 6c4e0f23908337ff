"""Loose pages become papers: each page in exactly one, in order, as a clerk would lay them."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from app.domain.grouping import LoosePage, PaperKind, fold, propose

KINDS = (
    PaperKind("decision", "Quyết định", ("QUYẾT ĐỊNH",)),
    PaperKind("declaration", "Tờ khai", ("TỜ KHAI",)),
    PaperKind("authorisation", "Giấy ủy quyền", ("GIẤY ỦY QUYỀN", "GIẤY UỶ QUYỀN")),
)
lines = st.lists(
    st.sampled_from(
        ["TỜ KHAI", "QUYẾT ĐỊNH", "Trang 1/2", "Trang 2/2", "- 2 -", "Kính gửi:", "", "lý do khác"]
    ),
    max_size=6,
)
pages = st.lists(
    st.builds(
        LoosePage,
        lines.map(tuple),
        st.booleans(),
        st.sampled_from([None, "a-1.jpg", "a-2.jpg", "b-1.jpg", "khai 03.png"]),
    ),
    max_size=14,
)


def page(*text: str, blank: bool = False, name: str | None = None) -> LoosePage:
    return LoosePage(tuple(text), blank, name)


def made(*loose: LoosePage) -> list[tuple[str, tuple[int, ...]]]:
    return [(group.kind, group.pages) for group in propose(loose, KINDS)]


@given(pages)
def test_every_page_is_in_exactly_one_paper_and_the_order_stays(loose: list[LoosePage]):
    groups = propose(loose, KINDS)
    assert [index for group in groups for index in group.pages] == list(range(len(loose)))
    assert all(group.pages and group.title.strip() for group in groups)


def test_a_known_title_opens_a_paper_and_the_rest_goes_on():
    assert made(
        page("CỘNG HÒA XÃ HỘI", "TỜ KHAI", "đăng ký khai sinh"),
        page("tiếp theo"),
        page("QUYẾT ĐỊNH", "Về việc công nhận"),
    ) == [("declaration", (0, 1)), ("decision", (2,))]


def test_a_word_of_a_title_inside_a_sentence_opens_nothing():
    assert made(
        page("QUYẾT ĐỊNH"),
        page("Quyết định này có hiệu lực từ ngày ký và thay thế mọi văn bản trước đây về việc đó"),
    ) == [("decision", (0, 1))]


def test_a_short_title_counts_only_as_a_line_of_its_own():
    card = PaperKind("identity-card", "Căn cước", ("THẺ CĂN CƯỚC",), ("CĂN CƯỚC",))
    alone, inside = page("CĂN CƯỚC", "Số: 0"), page("Căn cước số 0, cấp ngày 1 tháng 1")
    assert [g.kind for g in propose([alone], [card])] == ["identity-card"]
    assert [g.kind for g in propose([inside], [card])] == ["other"]


def test_a_label_page_two_goes_on_even_under_a_title():
    assert made(page("TỜ KHAI", "Trang 1/2"), page("TỜ KHAI", "Trang 2/2")) == [
        ("declaration", (0, 1))
    ]


def test_a_label_page_one_opens_a_paper_without_a_title():
    groups = made(page("TỜ KHAI", "Trang 1/1"), page("Biểu số 7", "Trang 1/2"), page("Trang 2/2"))
    assert [members for _, members in groups] == [(0,), (1, 2)]


def test_a_blank_back_stays_with_its_front():
    assert made(page("TỜ KHAI"), page(blank=True), page("QUYẾT ĐỊNH")) == [
        ("declaration", (0, 1)),
        ("decision", (2,)),
    ]


def test_letters_count_without_tones_and_in_either_unicode_form():
    title = unicodedata.normalize("NFD", "Giấy uỷ quyền")
    assert made(page(title)) == [("authorisation", (0,))]
    assert fold("Đăng ký") == fold(unicodedata.normalize("NFD", "ĐĂNG KÝ")) == "dang ky"


def test_without_text_the_stem_of_the_file_decides():
    groups = propose(
        [page(name="don-1.jpg"), page(name="don-2.jpg"), page(name="bien ban 1.jpg")], KINDS
    )
    assert [(g.title, g.pages) for g in groups] == [("don", (0, 1)), ("bien ban", (2,))]


def test_no_pages_make_no_papers():
    assert propose([], KINDS) == ()
