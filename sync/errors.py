"""The one exception of this room: a dotted slug and its parameters, never a sentence."""

from __future__ import annotations

from collections.abc import Mapping

TRANSIENT = frozenset(
    {
        "sync.offline",
        "sync.cut",
        "sync.captive",
        "sync.not_a_portal",
        "sync.portal_busy",
        "sync.portal_checking",
        "sync.answer_bad",
    }
)
"""Slugs of troubles that pass by themselves: the lane stops, backs off and comes again."""

OF_ONE_DOSSIER = frozenset(
    {"sync.cut", "sync.portal_busy", "sync.portal_checking", "sync.answer_bad", "sync.receipt_bad"}
)
"""Slugs that may come from one dossier alone: the lane tries the next one before it stops."""


class SyncError(Exception):
    """Something the reader of the slug has a sentence for.

    Args:
        slug: dotted name, for example ``sync.offline``.
        **params: what the sentence names (status, count, host); never personal data.
    """

    def __init__(self, slug: str, /, **params: str | int) -> None:
        super().__init__(slug)
        self.slug = slug
        self.params: Mapping[str, str | int] = params

    def __str__(self) -> str:
        """Slug and parameters, for logs."""
        return " ".join([self.slug, *(f"{k}={v}" for k, v in sorted(self.params.items()))])

    @property
    def transient(self) -> bool:
        """Whether waiting alone may cure it."""
        return self.slug in TRANSIENT

    @property
    def retry_after_s(self) -> int:
        """Seconds the portal asked us to wait, 0 when it asked for none."""
        value = self.params.get("retry_after_s", 0)
        return value if isinstance(value, int) else 0
