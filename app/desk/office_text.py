"""A file that the office writes for its counters: TOML whose faults are named with their line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from app.domain.errors import Trouble


class OfficeText:
    """One file's text and its name, for sentences that point into it."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self._text = file, text

    def parsed(self) -> dict[str, object]:
        """The tables of the file.

        Raises:
            Trouble: profile.broken with the line of the fault.
        """
        try:
            return tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            said = re.search(r"line (\d+)", str(error))
            line = int(said[1]) if said else self._text.count("\n") + 1
            raise Trouble("profile.broken", file=self.file, line=line) from error

    def unknown(self, key: str, header: str) -> Trouble:
        """A key that means nothing here."""
        line = self.line(key, header)
        return Trouble("profile.unknown_key", file=self.file, line=line, key=key)

    def wrong(self, key: str, header: str, allowed: str) -> Trouble:
        """A value that cannot be used."""
        line = self.line(key, header)
        return Trouble("profile.wrong_value", file=self.file, line=line, key=key, allowed=allowed)

    def line(self, key: str, header: str) -> int:
        """Line of ``key`` in its table, else of the table's header, else 1."""
        inside, head = not header, 1
        wanted, short = (f"{key}=", f"{key}."), (f"{header}=", f"{header}.")
        plain = {ord(letter): None for letter in "\"' \t"}
        for number, line in enumerate(self._text.splitlines(), 1):
            text = line.strip().translate(plain)
            if text.startswith("["):
                inside = text.startswith(f"[{header}]")
                head = number if inside else head
                if not header and text.startswith((f"[{key}]", f"[{key}.")):
                    return number
            elif text.startswith(wanted if inside else short):
                return number
        return head


def read(place: Path) -> OfficeText | None:
    """The file's text, or None where there is no file.

    Raises:
        Trouble: profile.unreadable.
    """
    try:
        return OfficeText(place.name, place.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "UTF-8"
        raise Trouble("profile.unreadable", file=place.name, why=str(why)) from error
