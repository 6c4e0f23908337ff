"""The errors of reading a picture: a slug and its parameters, never a sentence."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class OcrError(Exception):
    """A picture or an engine that cannot be used, named by a slug.

    Args:
        slug: dotted name, for example ``image.truncated``.
        **params: what a sentence about it names (sizes, languages); never page text.
    """

    def __init__(self, slug: str, /, **params: str | int) -> None:
        super().__init__(slug)
        self.slug = slug
        self.params: Mapping[str, str | int] = MappingProxyType(dict(params))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by slug and parameters, so that a worker can hand the error on."""
        return _rebuild, (self.slug, dict(self.params))

    def __str__(self) -> str:
        """Slug and parameters, for logs."""
        return " ".join([self.slug, *(f"{k}={v}" for k, v in sorted(self.params.items()))])


def _rebuild(slug: str, params: dict[str, str | int]) -> OcrError:
    return OcrError(slug, **params)
