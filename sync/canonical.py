"""Canonical JSON: one value, one byte sequence.

The subset of RFC 8785 that needs no number formatting and no UTF-16 key order: keys are ASCII,
numbers are integers below 2^53, text is NFC. Within it Python's own serialiser with sorted keys
writes exactly what RFC 8785 asks for. A receiver that parses, writes again and demands identical
bytes thereby refuses duplicate keys, floats, byte order marks, odd spacing and odd escapes.

Source: RFC 8785 sections 3.2.1 to 3.2.4; RFC 7493 section 2.2 for the integer range.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Never, TypeAlias

from sync.errors import SyncError

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"
"""What canonical JSON can hold once it is parsed."""

MAX_DEPTH = 12
MAX_SAFE_INTEGER = 2**53


def canonical_json(value: object) -> bytes:
    """The one byte sequence that stands for ``value``.

    Args:
        value: dicts with ASCII keys, lists or tuples, NFC text, integers, booleans, None.

    Raises:
        SyncError: ``sync.not_canonical`` for anything else (floats, deep nesting, NFD text,
            lone surrogates, large integers).

    Source: RFC 8785.
    """
    _check(value, "$", 0)
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8")


def parse_canonical(data: bytes) -> JsonValue:
    """The value that ``data`` stands for, provided ``data`` is its canonical form.

    Raises:
        SyncError: ``sync.not_canonical``.
    """
    value = parse_json(data)
    if canonical_json(value) != data:
        raise SyncError("sync.not_canonical", where="$", why="not in canonical form")
    return value


def parse_json(data: bytes) -> JsonValue:
    """The value of a JSON text without floats and duplicate keys, in any spacing.

    Raises:
        SyncError: ``sync.not_canonical``.
    """
    try:
        value: JsonValue = json.loads(
            data.decode("utf-8"),
            parse_float=_no_number,
            parse_constant=_no_number,
            object_pairs_hook=_unique_keys,
        )
    except (ValueError, RecursionError) as error:
        raise SyncError("sync.not_canonical", where="$", why="not JSON") from error
    return value


def _no_number(text: str) -> Never:
    raise SyncError("sync.not_canonical", where="$", why=f"{text[:20]} is not an integer")


def _unique_keys(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise SyncError("sync.not_canonical", where="$", why="duplicate key")
    return found


def _check(value: object, where: str, depth: int) -> None:
    if depth >= MAX_DEPTH and isinstance(value, (dict, list, tuple)):
        raise SyncError("sync.not_canonical", where=where[:80], why="nested too deeply")
    match value:
        case None | bool():
            pass
        case str():
            _check_text(value, where)
        case int():
            if abs(value) >= MAX_SAFE_INTEGER:
                raise SyncError("sync.not_canonical", where=where[:80], why="integer too large")
        case dict():
            for key, item in value.items():
                _check(item, f"{where}.{_ascii(key, where)}", depth + 1)
        case list() | tuple():
            for index, item in enumerate(value):
                _check(item, f"{where}[{index}]", depth + 1)
        case _:
            raise SyncError("sync.not_canonical", where=where[:80], why="type has no such form")


def _ascii(key: object, where: str) -> str:
    if not isinstance(key, str) or not key.isascii():
        raise SyncError("sync.not_canonical", where=where[:80], why="key is not ASCII")
    return key


def _check_text(value: str, where: str) -> None:
    if not unicodedata.is_normalized("NFC", value):
        raise SyncError("sync.not_canonical", where=where[:80], why="text is not NFC")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise SyncError("sync.not_canonical", where=where[:80], why="lone surrogate")
