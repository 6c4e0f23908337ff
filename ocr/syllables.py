"""Which words can be Vietnamese at all: to highlight a misreading, never to correct one.

A syllable is an onset, a rime and one tone; rimes that end in a stop bear only two of the tones.
The mark of tone may stand on either vowel: ``hòa`` and ``hoà`` are the same syllable.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ocr.vietnamese import normalise

if TYPE_CHECKING:
    from ocr.text import PageText, Word

LOW_CONF: Final = 0.6
_SURE: Final = 0.95
_ACRONYM: Final = 5
_TONES: Final = frozenset("\u0300\u0301\u0303\u0309\u0323")
_STOP_TONES: Final = frozenset("\u0301\u0323")
_STOPS: Final = ("c", "ch", "p", "t")
_ONSETS: Final = (
    *("ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu", "th", "tr", "b", "c", "d", "đ", "g"),
    *("h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "x", ""),
)
_RIMES: Final = frozenset(
    (
        *("a", "ac", "ach", "ai", "am", "an", "ang", "anh", "ao", "ap", "at", "au", "ay"),
        *("ăc", "ăm", "ăn", "ăng", "ăp", "ăt", "âc", "âm", "ân", "âng", "âp", "ât", "âu", "ây"),
        *("e", "ec", "em", "en", "eng", "eo", "ep", "et", "ê", "êch", "êm", "ên", "ênh", "êp"),
        *("êt", "êu", "i", "ia", "ich", "im", "in", "inh", "ip", "it", "iu", "iêc", "iêm", "iên"),
        *("iêng", "iêp", "iêt", "iêu", "o", "oc", "oi", "om", "on", "ong", "op", "ot", "oa"),
        *("oac", "oach", "oai", "oam", "oan", "oang", "oanh", "oao", "oap", "oat", "oay", "oăc"),
        *("oăm", "oăn", "oăng", "oăt", "oe", "oen", "oeo", "oet", "ooc", "oong", "ô", "ôc", "ôi"),
        *("ôm", "ôn", "ông", "ôp", "ôt", "ơ", "ơi", "ơm", "ơn", "ơp", "ơt", "u", "ua", "uc", "ui"),
        *("um", "un", "ung", "up", "ut", "uân", "uâng", "uât", "uây", "uê", "uêch", "uênh", "uơ"),
        *("uôc", "uôi", "uôm", "uôn", "uông", "uôt", "uy", "uya", "uych", "uyên", "uyêt", "uynh"),
        *("uyt", "uyu", "uyn", "uyp", "ư", "ưa", "ưc", "ưi", "ưng", "ưt", "ưu", "ươc", "ươi"),
        *("ươm", "ươn", "ương", "ươp", "ươt", "ươu", "y", "yêm", "yên", "yêng", "yêt", "yêu"),
        *("ym", "yn", "ynh", "yt", "ych", "ơng", "êng"),
    )
)
_UNITS: Final = frozenset({"kg", "km", "mm", "cm", "dm", "ml", "kW", "kWh", "pH", "ha"})
_FRONT: Final = frozenset("eêiy")
_ONLY_FRONT: Final = frozenset({"k", "gh", "ngh"})
_NEVER_FRONT: Final = frozenset({"c", "ng"})
_EDGES: Final = re.compile(r"^[\W_]+|[\W_]+$")
_PARTS: Final = re.compile(r"[-–/.]")


@lru_cache(maxsize=4096)
def is_syllable(word: str) -> bool:
    """Return whether ``word`` can be one Vietnamese syllable.

    Args:
        word: letters alone; the case does not count.
    """
    letters: list[str] = []
    tones = []
    for letter in normalise(word).lower():
        apart = unicodedata.normalize("NFD", letter)
        tones += [mark for mark in apart[1:] if mark in _TONES]
        bare = "".join(mark for mark in apart if mark not in _TONES)
        letters.append(unicodedata.normalize("NFC", bare))
    if len(tones) > 1:
        return False
    plain = "".join(letters)
    stopped = not tones or tones[0] in _STOP_TONES
    return any(
        _fits(onset, plain[len(onset) :], stopped=stopped, toned=bool(tones))
        for onset in _ONSETS
        if plain.startswith(onset)
    )


def _fits(onset: str, rime: str, *, stopped: bool, toned: bool) -> bool:
    if rime not in _RIMES:
        return False
    front = rime[0] in _FRONT
    if onset in (_NEVER_FRONT if front else _ONLY_FRONT):
        return False
    return not rime.endswith(_STOPS) or (stopped and toned)


def doubtful_words(text: PageText) -> tuple[int, ...]:
    """Return the indexes of the words a clerk should look at, in order.

    A word is doubtful when the engine trusted it little, or when it is nothing Vietnamese and
    the engine was not quite sure of it either.
    """
    return tuple(index for index, word in enumerate(text.words) if _doubtful(word))


def _doubtful(word: Word) -> bool:
    if word.conf < LOW_CONF:
        return True
    return word.conf < _SURE and not _possible(word.text)


def _possible(text: str) -> bool:
    """Whether every part of a word is a syllable, a number, or a short form in capitals."""
    parts = (_EDGES.sub("", part) for part in _PARTS.split(text))
    return all(_possible_part(part) for part in parts if part)


def _possible_part(part: str) -> bool:
    if not part.isalpha():
        return any(letter.isdigit() for letter in part) or not any(map(str.isalpha, part))
    if len(part) == 1 or (part.isupper() and len(part) <= _ACRONYM) or part in _UNITS:
        return True
    return is_syllable(part)
