"""The yardsticks themselves: known texts have known recall and error rate."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from tests.corpus.metrics import aligned_recall, line_cer, line_errors

LINES = (
    "ỦY BAN NHÂN DÂN XÃ SUỐI VẶC",
    "Số: 660/QĐ-UBND",
    "Căn cứ Luật Tổ chức chính quyền địa phương;",
    "Theo đề nghị của Trưởng phòng Văn hóa - Xã hội xã Suối Vặc.",
)


def test_the_printed_text_itself_is_perfect():
    assert aligned_recall(LINES, "\n".join(LINES)) == 1
    assert line_cer(LINES, "\n".join(LINES)) == 0


def test_decomposed_letters_and_odd_white_space_cost_no_recall():
    text = unicodedata.normalize("NFD", "\n\n  ".join(LINES)).replace(" ", "   ")
    assert aligned_recall(LINES, text) == 1
    assert aligned_recall(LINES, "".join("".join(LINES).split())) == 1
    assert line_cer(LINES, text) == 0


def test_columns_read_in_another_order_cost_nothing():
    assert aligned_recall(LINES, "\n".join(reversed(LINES))) == 1
    assert line_cer(LINES, "\n".join(reversed(LINES))) == 0


def test_a_line_left_out_costs_its_characters():
    sizes = [len("".join(line.split())) for line in LINES]
    text = "\n".join(LINES[:3])
    assert aligned_recall(LINES, text) == pytest.approx(sum(sizes[:3]) / sum(sizes))


def test_one_wrong_one_missing_one_added_letter_count_one_each():
    line = "Quyết định này có hiệu lực kể từ ngày ký"
    assert line_errors([line], line.replace("Quyết", "Quyêt")) == (1, 40)
    assert line_errors([line], line.replace("ngày", "ngà")) == (1, 40)
    assert line_errors([line], line.replace("ngày", "ngàyy")) == (1, 40)
    assert line_cer([line], line.replace("Quyết", "Quyêt")) == pytest.approx(1 / 40)
    printed = len(line.replace(" ", ""))
    assert aligned_recall([line], line.replace("Quyết", "Quyêt")) == pytest.approx(1 - 1 / printed)
    assert aligned_recall([line], line.replace("ngày", "ngàyy")) == 1


def test_a_line_printed_twice_must_be_read_twice():
    twice = ["thôn Khuổi Ngoã, xã Suối Vặc"] * 2
    assert aligned_recall(twice, twice[0]) == pytest.approx(0.5)
    assert aligned_recall(twice, "\n".join(twice)) == 1


def test_unrelated_text_finds_next_to_nothing():
    other = "Bảng kê này được lập thành hai bản có giá trị như nhau, mỗi bên giữ một bản. " * 12
    assert aligned_recall(LINES, other) < 0.05
    assert line_cer(LINES, other) > 0.55


def test_text_around_the_lines_is_not_an_error():
    text = "rác đầu trang\n" + "\n~ | ~\n".join(LINES) + "\nrác cuối trang"
    assert line_cer(LINES, text) == 0
    assert aligned_recall(LINES, text) == 1


def test_empty_text_finds_nothing_and_an_unprinted_page_asks_for_nothing():
    assert aligned_recall(LINES, "") == 0
    assert line_cer(LINES, "") == 1
    assert aligned_recall((), "bất kỳ") == 1
    assert line_cer((), "bất kỳ") == 0


def test_errors_agree_with_a_plain_edit_distance_on_random_lines():
    rng = np.random.default_rng(7)
    print("seed 7")
    for _ in range(40):
        line = "".join(rng.choice(list("abcđ "), 12)).strip() or "a"
        page = "".join(rng.choice(list("abcđ "), 30))
        line, page = " ".join(line.split()), " ".join(page.split())
        assert line_errors([line], page)[0] == min(
            _edits(line, page[i:j]) for i in range(len(page) + 1) for j in range(i, len(page) + 1)
        )


def _edits(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]
