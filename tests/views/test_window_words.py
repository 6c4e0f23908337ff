"""Every word of the window exists in both languages, can be drawn, and is never colour alone."""

from __future__ import annotations

import re
import string
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
from PySide6.QtGui import QColor, QRawFont

from app import paths
from app.desk.profile_files import VALUES, Mode
from app.desk.profiles import Source
from app.desk.signing import PaperState
from app.domain.dossier import MOVES
from app.viewmodels import badges
from app.viewmodels.queue_model import QueueModel
from app.viewmodels.snapshot import PageState
from app.views import actions, receipt_view, theme
from ocr.findings import FIELD_NAMES

ROOT = Path(__file__).resolve().parents[2]
REASON = r'"((?:page|crop|skew|orientation)\.[a-z_]+)"'
LANGUAGES = ("vi", "en")
DEVICES = ("none", "simulated", "sane", "escl", "folder", "wia", "twain")
LETTERS = (
    "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
)


def _words(language: str) -> dict[str, str]:
    path = paths.resources() / "i18n" / f"desk_{language}.toml"
    return tomllib.loads(path.read_text("utf-8"))


def _holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_words_with_the_same_holes() -> None:
    vi, en = _words("vi"), _words("en")
    assert set(vi) == set(en)
    for key in vi:
        assert vi[key].strip(), key
        assert en[key].strip(), key
        assert _holes(vi[key]) == _holes(en[key]), key


def _mentioned() -> set[str]:
    """Every text of the window's sources that could be a key."""
    found: set[str] = set()
    for folder in ("views", "viewmodels"):
        for path in (ROOT / "app" / folder).glob("*.py"):
            found |= set(re.findall(r"""["']([a-z_.]+)["']""", path.read_text("utf-8")))
    return found


def _checks() -> set[str]:
    source = (ROOT / "app" / "desk" / "health.py").read_text("utf-8")
    return set(re.findall(r'[Cc]heck\(\s*"([a-z_]+)"', source))


def _found_on_pages(pattern: str) -> set[str]:
    """What the sources of recognition say of a page, by a pattern with one group."""
    found: set[str] = set()
    for path in (ROOT / "ocr").rglob("*.py"):
        found |= set(re.findall(pattern, path.read_text("utf-8")))
    return found


def test_every_word_that_the_window_asks_for_is_there() -> None:
    asked: set[str] = set()
    for folder in ("views", "viewmodels"):
        for path in (ROOT / "app" / folder).glob("*.py"):
            asked |= set(re.findall(r'ui\(\s*"([^"]+)"', path.read_text("utf-8")))
    asked |= {f"action.{name}" for name in actions.KEYS}
    asked |= {f"action.{name}.tip" for name in actions.KEYS}
    asked |= {f"action.{name}.short" for name in actions.PAGE_BAR}
    asked |= {f"queue.{name}" for name in QueueModel.COLUMNS}
    asked |= {f"dossier.state.{state}" for state in MOVES}
    asked |= {f"page.state.{state}" for state in get_args(PageState)}
    asked |= {f"paper.state.{state}" for state in badges.PAPER}
    asked |= {f"check.state.{state}" for state in badges.CHECK}
    asked |= {f"receipt.{name}" for name in receipt_view.LINES}
    asked |= {f"check.{name}" for name in _checks()}
    asked |= {f"window.device.{kind}" for kind in DEVICES}
    asked |= {f"profile.mode.{mode}" for mode in get_args(Mode)}
    asked |= {f"profile.value.{value}" for value in VALUES}
    asked |= {f"scanner.source.{source}" for source in get_args(Source)}
    asked |= {f"page.reason.{slug}" for slug in _found_on_pages(REASON)}
    asked |= {f"field.{name}" for name in FIELD_NAMES}
    assert not asked - set(_words("vi"))
    assert not set(_words("vi")) - asked - _mentioned(), "a word that nobody says"


def test_every_state_has_a_drawing_a_word_and_a_colour() -> None:
    assert set(badges.DOSSIER) == set(MOVES)
    assert set(badges.PAGE) == set(get_args(PageState))
    assert set(get_args(PaperState)) <= set(badges.PAPER)
    drawn = {path.stem for path in (paths.resources() / "icons").glob("*.svg")}
    for table in (badges.DOSSIER, badges.PAGE, badges.PAPER, badges.CHECK):
        assert {badge.icon for badge in table.values()} <= drawn
    for table in (badges.PAPER, badges.DOSSIER):
        by_drawing: dict[str, set[str]] = {}
        for state, badge in table.items():
            by_drawing.setdefault(badge.icon, set()).add(badge.token)
            assert state
        assert len(by_drawing) > len({badge.token for badge in table.values()})


def _letters_of_troubles(language: str) -> set[str]:
    path = paths.resources() / "i18n" / f"trouble_{language}.toml"
    troubles = tomllib.loads(path.read_text("utf-8"))
    said = [text for trouble in troubles.values() for text in trouble.values()]
    assert all(isinstance(text, str) for text in said)
    return set("".join(said))


@pytest.mark.parametrize("name", ["NotoSans-Regular.ttf", "NotoSans-Bold.ttf"])
def test_the_font_draws_every_vietnamese_letter_and_every_word(qapp: object, name: str) -> None:
    font = QRawFont(str(paths.resources() / "fonts" / name), 12.0)
    assert font.isValid()
    letters = set(LETTERS + LETTERS.upper())
    for language in LANGUAGES:
        letters |= set("".join(_words(language).values()))
        letters |= _letters_of_troubles(language)
    missing = sorted(letter for letter in letters if not font.supportsCharacter(ord(letter)))
    assert not missing


def test_mnemonics_can_be_typed_and_differ_on_a_page() -> None:
    for language in LANGUAGES:
        found: dict[str, list[str]] = {}
        for key, text in _words(language).items():
            marks = re.findall(r"&(.)", text)
            assert all(letter.isascii() and letter.isalpha() for letter in marks), key
            found.setdefault(key.split(".")[0], []).extend(letter.lower() for letter in marks)
        for page, letters in found.items():
            assert len(letters) == len(set(letters)), (language, page)


def _luminance(colour: str) -> float:
    parts = [QColor(colour).redF(), QColor(colour).greenF(), QColor(colour).blueF()]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    """Source: WCAG 2.2, definition of contrast ratio."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK])
def test_every_text_stands_out_from_every_ground(scheme: theme.Tokens) -> None:
    texts = ("text", "green", "blue", "amber", "red", "grey", "violet")
    for ground in ("ground", "panel", "selection"):
        for text in texts:
            assert _contrast(getattr(scheme, text), getattr(scheme, ground)) >= 4.5, (text, ground)
    for text in ("text", "grey", "amber"):  # a trouble: its words, its name, its mark
        assert _contrast(getattr(scheme, text), scheme.field) >= 4.5, text
    assert _contrast(*theme.PRACTICE) >= 4.5


def test_no_two_acts_share_a_key_and_none_is_taken_by_an_input_method() -> None:
    keys = [*actions.KEYS.values(), *(f"Ctrl+{n}" for n in range(1, actions.PAPERS + 1))]
    assert len(keys) == len(set(keys))
    taken = {"Ctrl+Shift", "Alt+Z", "Ctrl+Space", "[", "]"}
    assert not taken & set(keys)
    assert all(len(key) > 1 for key in keys), "bare letters belong to typing"
    for one, other in pairwise(sorted(keys)):
        assert one != other


def test_the_main_window_stays_a_frame() -> None:
    lines = (ROOT / "app" / "views" / "main_window.py").read_text("utf-8").splitlines()
    assert len(lines) <= 200
