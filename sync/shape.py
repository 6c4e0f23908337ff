"""Typed reading of parsed JSON: each question names what it expects, each failure names the place.

Bytes from the other side pass through here before any of our types is built from them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sync.canonical import MAX_SAFE_INTEGER, JsonValue

SHA256_HEX = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
MAX_TEXT = 2000


class ShapeError(ValueError):
    """A place in the JSON where something else stands than the contract says."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where[:120]
        self.why = why


def parse_time(text: str) -> dt.datetime:
    """The aware time that ``text`` names.

    Raises:
        ValueError: it is no RFC 3339 time with an offset.

    Source: RFC 3339 section 5.6.
    """
    if not _TIME.fullmatch(text):
        raise ValueError("time needs date, time and offset")
    return dt.datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Shape:
    """One JSON object and the path that leads to it."""

    fields: dict[str, JsonValue]
    where: str = ""

    @classmethod
    def of(cls, value: JsonValue, where: str = "") -> Shape:
        """The object at ``where``.

        Raises:
            ShapeError: ``value`` is no object.
        """
        if not isinstance(value, dict):
            raise ShapeError(where or "$", "object expected")
        return cls(value, where)

    def path(self, key: str) -> str:
        """Where ``key`` stands."""
        return f"{self.where}.{key}" if self.where else key

    def has(self, key: str) -> bool:
        """Whether ``key`` stands there with a value other than null."""
        return self.fields.get(key) is not None

    def _value(self, key: str) -> JsonValue:
        if key not in self.fields:
            raise ShapeError(self.path(key), "missing")
        return self.fields[key]

    def text(self, key: str, form: re.Pattern[str] | None = None, *, most: int = MAX_TEXT) -> str:
        """The text at ``key``, matching ``form`` from end to end and at most ``most`` letters."""
        value = self._value(key)
        if not isinstance(value, str):
            raise ShapeError(self.path(key), "text expected")
        if not value or len(value) > most:
            raise ShapeError(self.path(key), f"1 to {most} letters expected")
        if form is not None and not form.fullmatch(value):
            raise ShapeError(self.path(key), "wrong form")
        return value

    def text_or_none(self, key: str, form: re.Pattern[str] | None = None) -> str | None:
        """The text at ``key``; None for an explicit null."""
        return None if self._value(key) is None else self.text(key, form)

    def sha256(self, key: str) -> str:
        """The lower-case hex SHA-256 at ``key``."""
        return self.text(key, SHA256_HEX)

    def integer(self, key: str, least: int = 0, most: int = MAX_SAFE_INTEGER - 1) -> int:
        """The integer at ``key`` within ``least`` and ``most``."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ShapeError(self.path(key), "integer expected")
        if not least <= value <= most:
            raise ShapeError(self.path(key), f"{least} to {most} expected")
        return value

    def time(self, key: str) -> dt.datetime:
        """The aware time at ``key``."""
        try:
            return parse_time(self.text(key))
        except ShapeError:
            raise
        except ValueError as error:
            raise ShapeError(self.path(key), "RFC 3339 time with offset expected") from error

    def shape(self, key: str) -> Shape:
        """The object at ``key``."""
        return Shape.of(self._value(key), self.path(key))

    def items(self, key: str, most: int) -> list[JsonValue]:
        """The list at ``key``, at most ``most`` long."""
        value = self._value(key)
        if not isinstance(value, list):
            raise ShapeError(self.path(key), "list expected")
        if len(value) > most:
            raise ShapeError(self.path(key), f"at most {most} items")
        return value

    def shapes(self, key: str, most: int) -> Iterator[Shape]:
        """The objects of the list at ``key``."""
        for index, item in enumerate(self.items(key, most)):
            yield Shape.of(item, f"{self.path(key)}[{index}]")

    def texts(self, key: str, most: int) -> tuple[str, ...]:
        """The texts of the list at ``key``."""
        found: list[str] = []
        for index, item in enumerate(self.items(key, most)):
            if not isinstance(item, str) or not item or len(item) > MAX_TEXT:
                raise ShapeError(f"{self.path(key)}[{index}]", "text expected")
            found.append(item)
        return tuple(found)
