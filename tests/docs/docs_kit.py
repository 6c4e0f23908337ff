"""What the tests of the documents share: files, code blocks, the program's own help."""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("app", "scanner", "ocr", "sync")
TYPED = re.compile(r"\./|\.venv/|tests/|python|printf|git |cd |[A-Z_]+=")
SLUG = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")


def pages() -> list[Path]:
    """Every document of the repository that is text; pictures are looked at, not read."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md", "docs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = (ROOT / line for line in sorted(set(listed.stdout.splitlines())))
    return [path for path in found if path.is_file() and path.suffix not in {".png", ".jpg"}]


def sources() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    return tuple(
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8")))
        for path in sources()
    )


def parser_for(arguments: Callable[[argparse.ArgumentParser], None]) -> argparse.ArgumentParser:
    """A parser with the options of one verb."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path)
    arguments(parser)
    return parser


def commands(text: str) -> Iterator[str]:
    """Every command line in the fenced blocks of a page that are meant to be run.

    Blocks marked as text, and blocks of data, are for reading only.
    """
    for language, body in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if language not in {"", "sh", "bash"} or not TYPED.match(body):
            continue
        for line in body.replace("\\\n", " ").splitlines():
            if line.strip() and not line.startswith("#"):
                yield line.strip()
