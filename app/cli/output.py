"""How verbs speak: JSON on stdout and nothing else there, progress and advice on stderr."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from app.domain.errors import Trouble


def emit(value: object) -> None:
    """One JSON value as one line on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """One line for a person on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def read_input(path: Path) -> bytes:
    """The bytes of an input file.

    Raises:
        Trouble: file.missing, file.io.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Trouble("file.missing", name=path.name) from error
    except OSError as error:
        raise Trouble("file.io", name=path.name, why=str(error.strerror)) from error
