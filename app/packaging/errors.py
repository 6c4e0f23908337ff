"""The one error of this room: a slug and its parameters, never a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class PackagingError(Exception):
    """A package that cannot be made, judged or shown.

    Slugs: ``pack.no_pages``, ``pack.bad_image``, ``pack.too_large``, ``pack.many_frames``,
    ``pack.bad_geometry``, ``pack.bad_attachment``, ``pack.not_compliant``, ``pack.unreadable``,
    ``pack.no_such_page``, ``pack.pages_differ``, ``pack.picture_differs``,
    ``pack.text_differs``.
    The parameter ``page`` counts from 1, as people do.

    Args:
        slug: dotted name of what went wrong.
        **params: what the sentence to the clerk names.
    """

    def __init__(self, slug: str, /, **params: str | int) -> None:
        super().__init__(slug)
        self.slug = slug
        self.params: Mapping[str, str | int] = params

    def __str__(self) -> str:
        """Slug and parameters, for logs."""
        return " ".join([self.slug, *(f"{k}={v}" for k, v in sorted(self.params.items()))])
