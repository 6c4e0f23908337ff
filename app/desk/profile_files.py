"""Scan profiles as data: what ships with the program, what the office adds, what it locks.

The office's file is TOML: ``default`` names a profile, ``locked`` lists values that nobody changes
at the counter, ``[profile.NAME]`` adds or replaces one. A value left out is that of the profile of
the same name, else of the built-in default. What is wrong in it is named with its line, and the
rest stands.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from app import paths
from app.desk import office_text
from app.desk.office_text import OfficeText
from app.domain.errors import Trouble

DEFAULT = "hai-mat"
LEAST_DPI, PLAIN_DPI, MOST_DPI = 200, 300, 1200
"""Below 200 never (Decree 30/2020 appendix I); from 200 to 299 with a reason only."""
PAGES_MM: Mapping[str, tuple[int, int]] = {"A3": (297, 420), "A4": (210, 297), "A5": (148, 210)}
VALUES = ("dpi", "mode", "duplex", "page", "double_feed")
QUALITY = frozenset({"dpi", "mode", "double_feed"})
"""What is locked while nobody can tell what the office locked."""
LONGEST = 80
Mode = Literal["color", "gray", "lineart"]
DoubleFeed = Literal["stop", "off"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A named way to scan.

    Attributes:
        page: ``A3``, ``A4`` or ``A5``.
        double_feed: whether the device stops when it draws two sheets together.
        reason: why it is coarser than 300 dpi; empty otherwise.
        office: whether the office wrote it.
    """

    name: str
    title: str
    dpi: int = PLAIN_DPI
    mode: Mode = "color"
    duplex: bool = True
    page: str = "A4"
    double_feed: DoubleFeed = "stop"
    reason: str = ""
    office: bool = False


@dataclass(frozen=True, slots=True)
class Presets:
    """All profiles of this station.

    Attributes:
        rows: by name, the built-in ones first.
        default: name of the one that counts unless another is chosen.
        locked: values (of ``VALUES``) that are the default's in every profile.
        problems: what is wrong in the office's file.
        office: whether the office named the default.
    """

    rows: Mapping[str, Preset]
    default: str = DEFAULT
    locked: frozenset[str] = frozenset()
    problems: tuple[Trouble, ...] = ()
    office: bool = False

    def effective(self, name: str) -> Preset | None:
        """The profile as it is used here: what is locked comes from the default."""
        found, default = self.rows.get(name), self.rows[self.default]
        if found is None:
            return None
        changes = {key: getattr(default, key) for key in self.locked}
        if "dpi" in self.locked:
            changes["reason"] = default.reason
        return dataclasses.replace(found, **changes)


def load(office: Path | None = None) -> Presets:
    """The profiles that hold now; an office's file nobody can read leaves the built-in ones.

    What it locked is not known then, so the default's quality is locked until it is mended.

    Args:
        office: the office's file; None is the place where this system keeps it.
    """
    rows = {}
    for path in sorted((paths.resources() / "profiles").glob("*.toml")):
        table = tomllib.loads(path.read_text("utf-8"))
        base = Preset(path.stem, path.stem)
        rows[path.stem] = _preset(OfficeText(path.name, ""), path.stem, table, base)
    built_in = Presets(rows)
    place = office or paths.office_file("profiles.toml")
    if place is None:
        return built_in
    try:
        text = office_text.read(place)
        return built_in if text is None else _office(text, built_in)
    except Trouble as problem:
        return dataclasses.replace(built_in, problems=(problem,), locked=QUALITY)


def _office(text: OfficeText, built_in: Presets) -> Presets:
    """The built-in profiles with the office's laid over them.

    Raises:
        Trouble: profile.broken.
    """
    found = text.parsed()
    problems: list[Trouble] = []
    rows = dict(built_in.rows)
    tables = found.get("profile", {})
    if not isinstance(tables, dict):
        problems.append(text.wrong("profile", "", "[profile.…]"))
        tables = {}
    for name, table in tables.items():
        base = built_in.rows.get(name)
        base = base or dataclasses.replace(built_in.rows[DEFAULT], name=name, title=name)
        try:
            rows[name] = _preset(text, name, table, dataclasses.replace(base, office=True))
        except Trouble as problem:
            problems.append(problem)
    others = sorted(set(found) - {"default", "locked", "profile"})
    problems += [text.unknown(key, "") for key in others]
    default = found.get("default", DEFAULT)
    if not isinstance(default, str) or default not in rows:
        problems.append(text.wrong("default", "", ", ".join(rows)))
        default = DEFAULT
    return Presets(
        rows, default, _locked(text, found, problems), tuple(problems), "default" in found
    )


def _locked(
    text: OfficeText, found: Mapping[str, object], problems: list[Trouble]
) -> frozenset[str]:
    wanted = found.get("locked", [])
    known = isinstance(wanted, list) and all(
        isinstance(key, str) and key in VALUES for key in wanted
    )
    if known:
        return frozenset(cast("list[str]", wanted))
    problems.append(text.wrong("locked", "", ", ".join(VALUES)))
    # A lock that is misspelt must not open the door: what can be understood holds.
    if not isinstance(wanted, list):
        return QUALITY
    return frozenset(key for key in wanted if isinstance(key, str) and key in VALUES)


def _preset(text: OfficeText, name: str, table: object, base: Preset) -> Preset:
    """The profile that a table describes.

    Raises:
        Trouble: profile.unknown_key, profile.wrong_value, profile.no_reason.
    """
    header = f"profile.{name}"
    if not isinstance(table, dict):
        raise text.wrong(name, "profile", f"[{header}]")
    for key, value in table.items():
        if key not in _RULES:
            raise text.unknown(key, header)
        good, allowed = _RULES[key]
        if not good(value):
            raise text.wrong(key, header, allowed)
    made = dataclasses.replace(base, **table)
    if made.dpi < PLAIN_DPI and not made.reason:
        line = text.line("dpi", header)
        raise Trouble("profile.no_reason", file=text.file, line=line, profile=name, dpi=made.dpi)
    return made


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= LONGEST


def _dpi(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and LEAST_DPI <= value <= MOST_DPI


_RULES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "title": (_text, f"1–{LONGEST}"),
    "reason": (_text, f"1–{LONGEST}"),
    "dpi": (_dpi, f"{LEAST_DPI}–{MOST_DPI}"),
    "mode": (lambda value: value in ("color", "gray", "lineart"), "color, gray, lineart"),
    "duplex": (lambda value: isinstance(value, bool), "true, false"),
    "page": (lambda value: isinstance(value, str) and value in PAGES_MM, ", ".join(PAGES_MM)),
    "double_feed": (lambda value: value in ("stop", "off"), "stop, off"),
}
