"""The errors of the desk: a slug and its parameters, never a sentence.

The sentences (what happened, what was kept, what to do next) live in
``resources/i18n/trouble_{vi,en}.toml``; ``docs/operations.md`` has an anchor for each slug.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self


class DeskError(Exception):
    """Something the desk has a sentence for.

    Args:
        slug: dotted name, for example ``scan.jam``.
        **params: what the sentence names (sheets, files, counts); never personal data.
    """

    def __init__(self, slug: str, /, **params: str | int) -> None:
        super().__init__(slug)
        self.slug = slug
        self.params: Mapping[str, str | int] = params

    def __str__(self) -> str:
        """Slug and parameters, for logs."""
        return " ".join([self.slug, *(f"{k}={v}" for k, v in sorted(self.params.items()))])

    @classmethod
    def of(cls, slug: str, params: Mapping[str, str | int]) -> Self:
        """The error that another room described with ``slug`` and ``params``."""
        return cls(slug, **dict(params))


class Trouble(DeskError):
    """The world stands in the way: paper, token, disk, network, a file. Exit code 3."""


class Defect(DeskError):
    """We are wrong. Exit code 1 and a crash report."""


class Cancelled(DeskError):
    """A person stopped it; silent."""
