"""Invented persons, places and figures of one dossier, drawn from a seed.

Nobody here exists: names are put together by chance, the communes and the province are not on any
map, and the twelve-digit numbers only have the right form.
"""

from __future__ import annotations

import dataclasses

import numpy as np

_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Lò", "Quách", "Hà")
_MIDDLE_F = ("Thị", "Thị Ngọc", "Thị Thuỳ", "Thị Mỹ", "Thị Bích")
_MIDDLE_M = ("Văn", "Đức", "Hữu", "Quốc", "Đình", "Xuân", "Minh")
_GIVEN_F = ("Hạnh", "Nguyệt", "Phượng", "Diệu", "Thuỷ", "Yến", "Oanh", "Quỳnh", "Mẩy", "Nhẫn")
_GIVEN_M = ("Khải", "Thắng", "Nghĩa", "Tuấn", "Hiếu", "Sỹ", "Cường", "Vượng", "Pẩu", "Dũng")
_COMMUNE = ("Nậm Lim", "Suối Vặc", "Khe Đào", "Đồng Ổi", "Bản Ngưỡng", "Phú Lẫm")
_PROVINCE = ("Vĩnh Sơn", "Thượng Lĩnh", "Hải Đằng")
_HAMLET = ("Khuổi Ngoã", "Cửa Ải", "Đồng Mận", "Bến Lở", "Nà Pẳn", "Xuân Quỳ")


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """An invented person."""

    name: str
    woman: bool
    born: tuple[int, int, int]
    number: str

    @property
    def title(self) -> str:
        """Ông or Bà."""
        return "Bà" if self.woman else "Ông"

    @property
    def sex(self) -> str:
        """Nam or Nữ."""
        return "Nữ" if self.woman else "Nam"

    @property
    def born_text(self) -> str:
        """Date of birth as forms have it."""
        return "{:02d}/{:02d}/{}".format(*self.born)


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """The facts all papers of one dossier share."""

    commune: str
    province: str
    hamlet: str
    applicant: Person
    spouse: Person
    proxy: Person
    child: Person
    chairman: Person
    clerk: Person
    number: int
    day: int
    month: int
    damage_pct: int
    support_million: int
    items: tuple[tuple[str, str, int, int, str], ...]

    @property
    def address(self) -> str:
        """Hamlet, commune and province."""
        return f"thôn {self.hamlet}, xã {self.commune}, tỉnh {self.province}"

    @property
    def date_text(self) -> str:
        """Place and date as Decree 30 letters have them."""
        return f"{self.commune}, ngày {self.day:02d} tháng {self.month:02d} năm 2026"


def person(
    rng: np.random.Generator, *, woman: bool, year: int, family: str | None = None
) -> Person:
    """Draw a person; the number has the form ppp g yy nnnnnn of a real one."""
    middle, given = (_MIDDLE_F, _GIVEN_F) if woman else (_MIDDLE_M, _GIVEN_M)
    drawn = tuple(str(rng.choice(part)) for part in (_FAMILY, middle, given))
    name = " ".join((family or drawn[0], *drawn[1:]))
    century = 2 if year >= 2000 else 0
    province = int(rng.integers(1, 96))
    tail = int(rng.integers(0, 1_000_000))
    number = f"{province:03d}{century + int(woman)}{year % 100:02d}{tail:06d}"
    return Person(name, woman, (int(rng.integers(1, 29)), int(rng.integers(1, 13)), year), number)


_GOODS = (
    (
        "Nhà ở ba gian, mái lợp phi-brô xi măng, bị tốc mái hoàn toàn",
        "m²",
        25,
        90,
        "Đã lập biên bản",
    ),
    ("Tấm lợp phi-brô xi măng khổ 1,5 m", "tấm", 60, 160, "Vỡ, không dùng lại được"),
    ("Xà gồ gỗ nhóm IV, dài 4 m", "cây", 8, 30, "Gãy"),
    ("Bếp và công trình phụ xây gạch", "m²", 10, 30, "Sập một phần"),
    ("Cửa đi, cửa sổ gỗ có khuôn", "bộ", 2, 9, "Hư hỏng nặng"),
    ("Thóc giống và thóc thịt bị ướt", "kg", 120, 900, "Đã nảy mầm"),
    ("Ngô hạt", "kg", 80, 500, "Ẩm mốc"),
    ("Lúa vụ mùa đang trỗ bị ngập trắng", "sào", 2, 9, "Mất trắng"),
    ("Gà, vịt thương phẩm", "con", 30, 200, "Bị cuốn trôi"),
    ("Lợn nái sinh sản", "con", 1, 4, "Chết, đã tiêu huỷ"),
    ("Lợn thịt trên 50 kg", "con", 2, 8, "Chết, đã tiêu huỷ"),
    ("Cá giống thả ao", "kg", 15, 90, "Tràn bờ"),
    ("Máy bơm nước 1,5 kW", "chiếc", 1, 2, "Ngập nước, cháy động cơ"),
    ("Máy tuốt lúa liên hoàn", "chiếc", 1, 1, "Cong trục"),
    ("Xe máy", "chiếc", 1, 2, "Ngập nước, sửa được"),
    ("Tủ lạnh, máy giặt", "chiếc", 1, 2, "Hỏng bo mạch"),
    ("Giường, tủ gỗ", "bộ", 1, 4, "Bong, nứt"),
    ("Chăn, màn, quần áo ấm", "bộ", 4, 16, "Trôi mất"),
    ("Sách vở, đồ dùng học tập của học sinh", "bộ", 1, 4, "Trôi mất"),
    ("Đường ống dẫn nước tự chảy, đường kính 32 mm", "m", 40, 300, "Đứt nhiều đoạn"),
    ("Bể chứa nước sinh hoạt 2 m³", "bể", 1, 2, "Nứt đáy"),
    ("Hàng rào lưới thép", "m", 20, 120, "Đổ"),
    ("Cây ăn quả đang cho thu hoạch (bưởi, vải)", "cây", 6, 60, "Bật gốc"),
    ("Cây keo ba năm tuổi", "cây", 60, 600, "Gãy ngang thân"),
    ("Phân bón NPK và thuốc bảo vệ thực vật", "bao", 3, 25, "Tan, chảy"),
    ("Vật liệu xây dựng: cát, sỏi, xi măng", "m³", 2, 14, "Trôi mất"),
)


def draw_case(seed: int) -> Case:
    """Draw the facts of one dossier."""
    rng = np.random.default_rng([seed, 1])
    goods = rng.permutation(len(_GOODS))
    items = tuple(
        (name, unit, int(rng.integers(low, high + 1)), int(rng.integers(4, 220)) * 10_000, note)
        for name, unit, low, high, note in (_GOODS[i] for i in goods)
    )
    applicant = person(rng, woman=True, year=int(rng.integers(1968, 1992)))
    spouse = person(rng, woman=False, year=int(rng.integers(1965, 1990)))
    father_family = spouse.name.split()[0]
    return Case(
        commune=str(rng.choice(_COMMUNE)),
        province=str(rng.choice(_PROVINCE)),
        hamlet=str(rng.choice(_HAMLET)),
        applicant=applicant,
        spouse=spouse,
        proxy=person(rng, woman=False, year=int(rng.integers(1988, 2003))),
        child=person(rng, woman=True, year=int(rng.integers(2012, 2021)), family=father_family),
        chairman=person(rng, woman=False, year=1974),
        clerk=person(rng, woman=True, year=1990),
        number=int(rng.integers(21, 980)),
        day=int(rng.integers(5, 28)),
        month=int(rng.integers(1, 10)),
        damage_pct=int(rng.integers(52, 88)),
        support_million=int(rng.integers(20, 60)),
        items=items,
    )


def money(value: int) -> str:
    """Give an amount with dots between thousands."""
    return f"{value:,}".replace(",", ".")
