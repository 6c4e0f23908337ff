"""The one root of every trouble this room reports.

A slug names the trouble; the words a clerk reads stand in the interface's tables, never here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SigningError(Exception):
    """A trouble of signing or checking, named by a dotted slug such as ``sign.pin_wrong``.

    Attributes:
        slug: dotted name of the trouble.
        params: values for the placeholders of the slug's texts; never a PIN, never personal data.
    """

    def __init__(self, slug: str, **params: str | int) -> None:
        super().__init__(slug)
        self.slug = slug
        self.params: Mapping[str, str | int] = MappingProxyType(dict(params))

    def __str__(self) -> str:
        told = ", ".join(f"{key}={value}" for key, value in sorted(self.params.items()))
        return f"{self.slug} ({told})" if told else self.slug
