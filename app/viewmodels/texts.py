"""The window's words, by key, in the chosen language."""

from __future__ import annotations

import os
import tomllib
from functools import lru_cache

from app import paths


@lru_cache(maxsize=2)
def words(language: str) -> dict[str, str]:
    """All words of one language, keys joined by dots."""
    path = paths.resources() / "i18n" / f"desk_{language}.toml"
    flat: dict[str, str] = {}

    def walk(prefix: str, node: dict[str, object]) -> None:
        for key, value in node.items():
            name = f"{prefix}.{key}" if prefix else key
            if isinstance(value, dict):
                walk(name, value)
            else:
                flat[name] = str(value)

    walk("", tomllib.loads(path.read_text("utf-8")))
    return flat


def language() -> str:
    """``vi`` unless the environment asks for English."""
    return "en" if os.environ.get("COUNTER_STATION_LANGUAGE") == "en" else "vi"


def ui(key: str, **params: str | int) -> str:
    """The words for ``key``; a missing key shows itself, and a test finds it."""
    text = words(language()).get(key, key)
    return text.format(**params) if params else text
