"""One invented paper before it is printed: who is in it, in which type, and how the parts are set."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tests.corpus.marks import seal, signature
from tests.corpus.people import draw_case, person
from tests.corpus.phrases import Cast, Organ, pick
from tests.corpus.sheet import Sheet, mm

if TYPE_CHECKING:
    import numpy as np

    from tests.corpus.people import Case, Person
    from tests.corpus.sheet import Align

STATE = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
_FAMILIES = ("Tinos", "Arimo", "NotoSans", "NotoSerif", "Cousine")
_SHARES = (0.44, 0.2, 0.13, 0.13, 0.1)


@dataclasses.dataclass(frozen=True, slots=True)
class Print:
    """One printed side that goes to the scanner.

    `through`: how strongly `other`, the other side of the sheet, shows. `fed`: the clockwise turns
    that may be needed because of how such a sheet is fed. `loose`: lies on a bed larger than itself.
    """

    sheet: Sheet
    title: str
    label: str | None = None
    blank: bool = False
    other: Sheet | None = None
    through: float = 0.0
    fed: tuple[int, ...] = ()
    loose: bool = False
    partner: int | None = None


class Draft:
    """Chance and the invented facts of one set of pages."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.case: Case = draw_case(int(rng.integers(2**31)))
        self.family = _FAMILIES[int(rng.choice(len(_FAMILIES), p=_SHARES))]
        men = [self.someone(woman=False) for _ in range(4)]
        women = [self.someone(woman=True) for _ in range(4)]
        self.people = (*men, *women)
        self.cast = Cast(
            tuple(p.name for p in men),
            tuple(p.name for p in women),
            tuple(p.number for p in self.people),
            self.case.commune,
            self.case.province,
            self.case.hamlet,
        )

    def someone(self, *, woman: bool) -> Person:
        """Draw a person."""
        return person(self.rng, woman=woman, year=int(self.rng.integers(1955, 2006)))

    def between(self, low: float, high: float) -> float:
        """Draw a number."""
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        """Whether something of that probability happens."""
        return bool(self.rng.random() < share)

    def seed(self) -> int:
        """Draw a seed for the marks that take one."""
        return int(self.rng.integers(2**31))

    def one_of(self, *among: str) -> str:
        """Draw one of some texts."""
        return pick(self.rng, among)

    def issued(self) -> tuple[str, str]:
        """Draw a date of issue: as words of a letter, and as ISO 8601."""
        day, month = int(self.rng.integers(1, 29)), int(self.rng.integers(1, 13))
        year = int(self.rng.integers(2020, 2026))
        return (
            f"ngày {day:02d} tháng {month:02d} năm {year}",
            f"{year}-{month:02d}-{day:02d}",
        )


def fitted(sheet: Sheet, text: str, style: str, size_pt: float, span: tuple[int, int]) -> None:
    """Print one centred line, smaller by half points until it fits its place."""
    while sheet.width(text, style, size_pt) > span[1] - span[0]:
        size_pt -= 0.5
    sheet.line(text, "centre", style, size_pt, span)


def block(
    sheet: Sheet,
    text: str,
    style: str,
    size_pt: float,
    span: tuple[int, int],
    *,
    align: Align = "centre",
) -> None:
    """Print a text over as many lines as it needs."""
    for row in sheet.wrap(text, span[1] - span[0], style, size_pt):
        sheet.line(row, align, style, size_pt, span)


def halves(sheet: Sheet) -> tuple[tuple[int, int], tuple[int, int]]:
    """Give the places of the two columns of a letterhead."""
    left, right = max(sheet.left - mm(4), mm(8)), sheet.width_px - mm(12)
    middle = left + round((right - left) * 0.44)
    return (left, middle - mm(2)), (middle + mm(2), right)


def letterhead(sheet: Sheet, who: Organ, number: str, place_and_date: str, about: str = "") -> None:
    """Print the two columns at the top of a document: the office at the left, the state at the right.

    *Source:* Decree 30/2020/NĐ-CP, Appendix I.
    """
    left, right = halves(sheet)
    top = sheet.y
    size = sheet.size_pt - 1
    block(sheet, who.upper, "Bold" if who.both_bold else "Regular", size, left)
    block(sheet, who.lower, "Bold", size, left)
    centre = sum(left) // 2
    sheet.rule(centre - mm(11), centre + mm(11), sheet.y + mm(1.6))
    sheet.gap(3.2)
    sheet.line(number, "centre", "Regular", sheet.size_pt, left)
    if about:
        block(sheet, f"V/v {about}", "Regular", size, left)
    bottom, sheet.y = sheet.y, top
    fitted(sheet, STATE, "Bold", size, right)
    fitted(sheet, MOTTO, "Bold", sheet.size_pt, right)
    centre = sum(right) // 2
    sheet.rule(centre - mm(26), centre + mm(26), sheet.y + mm(1.6))
    sheet.gap(3.2)
    fitted(sheet, place_and_date, "Italic", sheet.size_pt, right)
    sheet.y = max(bottom, sheet.y)
    sheet.gap(5)


def state(sheet: Sheet) -> None:
    """Print the name of the state and its motto over the whole width."""
    span = (sheet.left, sheet.right)
    fitted(sheet, STATE, "Bold", sheet.size_pt, span)
    fitted(sheet, MOTTO, "Bold", sheet.size_pt + 0.5, span)
    centre = sum(span) // 2
    sheet.rule(centre - mm(24), centre + mm(24), sheet.y + mm(1.6))
    sheet.gap(5)


def fill(sheet: Sheet, texts: list[str], until_mm: float, style: str = "Regular") -> int:
    """Print paragraphs while they end above `until_mm`, and give how many were printed."""
    for count, text in enumerate(texts):
        rows = _rows(sheet, text, style)
        if sheet.y + len(rows) * sheet.pitch() + mm(1.4) > mm(until_mm):
            return count
        indent = mm(10)
        for x, words in rows[:-1]:
            sheet.justified(x, words, style)
        x, words = rows[-1]
        sheet.line(" ".join(words), "left", style, None, (x, sheet.right + indent))
        sheet.gap(1.4)
    return len(texts)


def _rows(sheet: Sheet, text: str, style: str) -> list[tuple[int, list[str]]]:
    """Break a paragraph: where each line starts, and its words, measured word by word."""
    space = sheet.width(" ", style)
    rows: list[tuple[int, list[str]]] = [(sheet.left + mm(10), [])]
    x = float(rows[0][0])
    for word in text.split():
        width = sheet.width(word, style)
        if rows[-1][1] and x + width > sheet.right:
            rows.append((sheet.left, []))
            x = float(sheet.left)
        rows[-1][1].append(word)
        x += width + space
    return rows


def sign_off(
    draft: Draft, sheet: Sheet, offices: tuple[str, ...], name: str, ring: str, *, sealed: bool
) -> None:
    """Print the signing block at the right with a signature and, over it, the red seal."""
    span = (sheet.width_px - mm(98), sheet.width_px - mm(14))
    for text in offices:
        fitted(sheet, text, "Bold", sheet.size_pt, span)
    middle = sheet.y + mm(13)
    x = sum(span) // 2 - mm(22)
    signature(sheet, x, middle, draft.between(34, 48), draft.seed())
    if sealed:
        at = (x - mm(draft.between(-4, 4)), middle + mm(draft.between(-2, 3)))
        number = f"SỐ ĐK: {draft.seed() % 90000 + 10000}"
        seal(sheet, *at, outer=ring, inner=number, seed=draft.seed())
    sheet.gap(25)
    sheet.line(name, "centre", "Bold", None, span)


def put_line(
    sheet: Sheet,
    text: str,
    at_mm: tuple[float, float],
    size_pt: float,
    style: str = "Regular",
    *,
    ink: tuple[int, int, int] = (26, 26, 30),
) -> None:
    """Print and record one line with its baseline at a place given in mm."""
    box = sheet.put([(mm(at_mm[0]), text)], mm(at_mm[1]), style, size_pt, ink)
    sheet.record(text, box)


def labelled(sheet: Sheet, text: str, align: Align = "right", size_pt: float = 10) -> None:
    """Print a page label in the bottom margin."""
    y, sheet.y = sheet.y, sheet.height_px - mm(16)
    sheet.line(text, align, "Italic", size_pt)
    sheet.y = y
