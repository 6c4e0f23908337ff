"""Writes the table of troubles into operations.md: run it after any change of the texts.

    python docs/make_operations.py

The sentences come from resources/i18n, the administrator's line from administrator.toml beside
this script; everything outside the two markers of operations.md is written by hand and kept.
"""

# ruff: noqa: INP001 - a script of a data folder, not a package

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE / "operations.md"
ADMINISTRATOR = HERE / "administrator.toml"
I18N = HERE.parent / "resources" / "i18n"
BEGIN, END = "<!-- troubles: begin -->", "<!-- troubles: end -->"
PARTS = ("happened", "kept", "next")

Texts = dict[str, dict[str, str]]


def texts(language: str) -> Texts:
    """All sentences of one language by slug."""
    return tomllib.loads((I18N / f"trouble_{language}.toml").read_text("utf-8"))


def administrator(slug: str, lines: dict[str, dict[str, str]]) -> str:
    """What an administrator does about ``slug``: its own line, else its family's.

    Raises:
        KeyError: neither is written in administrator.toml.
    """
    family = slug.split(".", maxsplit=1)[0]
    return lines["slug"].get(slug) or lines["family"][family]


def section() -> str:
    """Everything between the markers."""
    vietnamese, english = texts("vi"), texts("en")
    lines = tomllib.loads(ADMINISTRATOR.read_text("utf-8"))
    blocks = []
    for slug in sorted(vietnamese):
        told = [
            " ".join(text[slug][part] for part in PARTS if text[slug][part])
            for text in (vietnamese, english)
        ]
        act = administrator(slug, lines)
        blocks.append(f"### {slug}\n\n{told[0]}\n\n*{told[1]}*\n\nAdministrator: {act}\n")
    return "\n".join(blocks)


def page(before: str) -> str:
    """The page ``before`` with the section written anew.

    Raises:
        ValueError: a marker is missing.
    """
    head, found, rest = before.partition(BEGIN)
    _, closed, tail = rest.partition(END)
    if not (found and closed):
        raise ValueError(BEGIN if not found else END)
    return f"{head}{BEGIN}\n\n{section()}\n{END}{tail}"


def main() -> int:
    """Write the page; 0."""
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"{PAGE.name}: {len(texts('vi'))} troubles\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
