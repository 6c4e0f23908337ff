"""Machine-readable lines: right ones are verified, and no wrong one ever is."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from ocr.mrz import read_mrz
from ocr.mrz_format import check_digit
from tests.ocr.mrz_kit import Truth, digit, page, somebody, td1

ALIKE = {
    "0": "OQD8",
    "1": "I7L",
    "8": "B3",
    "5": "S6",
    "2": "Z7",
    "3": "8",
    "6": "5G",
    "<": "KCL«(",
}
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
CARD = Truth("079180497081", "801018", "F", "401018", "LE<<NA")
LINES = td1(CARD)
HANOI = "I<UTOD231458907<<<<<<<<<<<<<<<"


def mrz(*lines: str):
    (hit,) = read_mrz(page(*lines))
    return hit.mrz


def test_check_digits_are_those_of_the_standard():
    # Examples of Doc 9303 part 3, 4.9, and of the specimen passport in part 4.
    assert check_digit("520727") == 3
    assert check_digit("AB2134<<<") == 5
    assert check_digit("L898902C3") == 6
    assert check_digit("ZE184226B<<<<<") == 1
    assert check_digit(HANOI[5:] + "740812" + "2" + "120415" + "9" + "<" * 11) == 6


def test_a_card_is_read_and_verified():
    found = mrz(*LINES)
    assert (found.number, found.sex, found.name) == ("079180497081", "Nữ", "LE NA")
    assert (found.birth_date, found.expiry) == (dt.date(1980, 10, 18), dt.date(2040, 10, 18))
    assert found.verified
    assert found.checked
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("bad", "good"), [("O", "0"), ("I", "1"), ("B", "8"), ("S", "5"), ("Z", "2")]
)
def test_letters_that_look_like_digits_are_mended_in_digit_places(bad: str, good: str):
    who = Truth("001152080251", "520810", "F", "120810", "TRAN<<BOI")
    one, two, three = td1(who)
    assert good in one[5:]
    found = mrz(one[:5] + one[5:].replace(good, bad), two.replace(good, bad), three)
    assert found.number == who.number
    assert found.checked
    assert found.name == "TRAN BOI"


def test_no_letter_becomes_a_digit_when_the_check_fails():
    one, two, three = LINES
    broken = one[:15] + "O79I8" + str((int(one[20]) + 1) % 10) + one[21:]
    assert read_mrz(page(broken, two, three)) == ()


@pytest.mark.parametrize(
    "lines",
    [
        (LINES[0][:14] + " " + LINES[0][14:], LINES[1].replace("<<<<", "<< <<"), LINES[2]),
        ("".join(LINES),),
        (" ".join(LINES),),
        (LINES[0].replace("<<", "«"), LINES[1].replace("<<", "«"), LINES[2].replace("<<", "«")),
        (LINES[0].lower(), LINES[1][:18] + "<<K<C<<<<" + LINES[1][-1], LINES[2]),
        ("Nơi cư trú: thôn Đồng Mận", LINES[0], LINES[1][:18] + "<" * 14 + LINES[1][-1], LINES[2]),
    ],
)
def test_split_merged_and_misread_fillers_do_no_harm(lines: tuple[str, ...]):
    found = mrz(*lines)
    assert found.verified
    assert found.number == CARD.number


def test_a_crossed_nought_is_a_nought_and_a_name_has_no_digits():
    who = Truth("036303000251", "030810", "F", "280810", "LO<<BOI")
    one, two, _ = td1(who)
    found = mrz(one, "Ø" + two[1:], "L0<<8O1".ljust(30, "<"))
    assert (found.number, found.name) == (who.number, "LO BOI")
    assert found.verified


def test_each_line_has_its_box_and_the_least_trust_counts():
    (hit,) = read_mrz(page(*LINES, conf=0.55))
    assert [box[1] for box in hit.boxes] == [200.0, 260.0, 320.0]
    assert hit.conf == 0.55


@pytest.mark.parametrize(
    ("who", "warning"),
    [
        (Truth("079180497081", "801018", "M", "401018", "A<<B"), "identity.sex_mismatch"),
        (Truth("079180497081", "811018", "F", "411018", "A<<B"), "identity.year_mismatch"),
        (Truth("003180497081", "801018", "F", "401018", "A<<B"), "identity.place_unknown"),
        (Truth("079180497081", "801018", "F", "401019", "A<<B"), "identity.expiry_odd"),
    ],
)
def test_what_disagrees_is_a_guess_with_its_reason(who: Truth, warning: str):
    found = mrz(*td1(who))
    assert found.checked
    assert not found.verified
    assert found.warnings == (warning,)


def test_two_numbers_that_differ_are_a_guess():
    nine, twelve = "180497081", "079180497082"
    one = f"IDVNM{nine}{digit(nine)}{twelve}<<{digit(twelve)}"
    two = LINES[1][:29]
    two += digit(one[5:] + two[:7] + two[8:15] + two[18:29])
    found = mrz(one, two, LINES[2])
    assert found.checked
    assert not found.verified
    assert found.warnings == ("identity.numbers_differ",)


def test_a_passport_is_read_but_never_verified():
    document, born, ends, number = "C1234567<", "801018", "330102", "079180497081<<"
    first = "P<VNMLE<<NA".ljust(44, "<")
    body = f"{document}{digit(document)}VNM{born}{digit(born)}F{ends}{digit(ends)}"
    body += number + digit(number)
    second = body + digit(body[:10] + body[13:20] + body[21:43])
    found = mrz(first, second)
    assert (found.kind, found.number, found.name) == ("td3", CARD.number, "LE NA")
    assert (found.birth_date, found.expiry) == (dt.date(1980, 10, 18), dt.date(2033, 1, 2))
    assert found.checked
    assert not found.verified


def test_the_specimen_of_the_standard_is_a_foreign_passport():
    lines = (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    )
    assert read_mrz(page(*lines)) == ()


def corrupted(rng: random.Random, line: str, changes: int) -> str:
    chars = list(line)
    for _ in range(changes):
        at, what = rng.randrange(len(chars)), rng.random()
        if what < 0.35:
            chars[at] = rng.choice(LETTERS)
        elif what < 0.6:
            chars[at] = rng.choice(ALIKE.get(chars[at], LETTERS))
        elif what < 0.75:
            chars[at] = rng.choice("0123456789")
        elif what < 0.83:
            del chars[at]
        elif what < 0.9:
            chars.insert(at, rng.choice(LETTERS))
        elif at + 1 < len(chars):
            chars[at : at + 2] = chars[at + 1], chars[at]
    return "".join(chars)


def test_no_corrupted_line_is_called_verified_with_a_wrong_value():
    rng = random.Random(9303)
    verified = 0
    for _ in range(2000):
        who = somebody(rng)
        one, two, three = td1(who)
        changes = rng.choice([1, 1, 2, 2, 3, 4])
        upper = rng.randint(0, changes)
        lines = corrupted(rng, one, upper), corrupted(rng, two, changes - upper), three
        for hit in read_mrz(page(*lines)):
            if hit.mrz.verified:
                verified += 1
                assert hit.mrz.number == who.number, lines
                assert f"{hit.mrz.birth_date:%y%m%d}" == who.born, lines
                assert hit.mrz.sex == {"F": "Nữ", "M": "Nam"}[who.sex], lines
                assert (f"{hit.mrz.expiry:%y%m%d}" if hit.mrz.expiry else "991231") == who.expiry
    assert verified > 50, "mended lines are verified: the test would catch a wrong one"


def test_ordinary_text_holds_no_lines():
    assert (
        read_mrz(page("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Số: 2727/QĐ-UBND", "079180497081"))
        == ()
    )
    assert read_mrz(page()) == ()
