"""Sentences for slugs, in Vietnamese and English, without Qt so that the verbs can use them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from app import paths
from app.domain.errors import DeskError


@dataclass(frozen=True, slots=True)
class Message:
    """What happened, what was kept, what to do next."""

    happened: str
    kept: str
    next: str

    @property
    def text(self) -> str:
        """The three sentences in one line."""
        return " ".join(part for part in (self.happened, self.kept, self.next) if part)


class _Params(dict[str, object]):
    """Parameters of a sentence; one that was not passed shows as an ellipsis."""

    def __missing__(self, key: str) -> str:
        return "…"


@lru_cache(maxsize=2)
def texts(language: str) -> Mapping[str, Mapping[str, str]]:
    """All sentences of one language by slug."""
    path = paths.resources() / "i18n" / f"trouble_{language}.toml"
    return tomllib.loads(path.read_text("utf-8"))


def message(slug: str, params: Mapping[str, str | int], language: str = "vi") -> Message:
    """The message for ``slug``; an unknown one is shown as a defect with its name."""
    found = texts(language).get(slug) or texts(language)["defect.unexpected"]
    filled = _Params(params)
    filled.setdefault("slug", slug)
    parts = {name: found[name].format_map(filled) for name in ("happened", "kept", "next")}
    return Message(**parts)


def explain(error: DeskError, language: str = "vi") -> str:
    """One line for a person: the message and the slug."""
    return f"{message(error.slug, error.params, language).text} [{error.slug}]"
