"""Refusals: a status, a reason code and its Vietnamese sentence from the catalogue."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.canonical import JsonValue

CATALOGUE = Path(__file__).with_name("reasons.toml")


@dataclass(frozen=True, slots=True)
class FieldReason:
    """A reason that concerns one place of the manifest."""

    path: str
    code: str
    params: Mapping[str, str | int]


class Problem(Exception):
    """An answer that is no success.

    Args:
        status: HTTP status.
        code: of the catalogue.
        fields: places concerned.
        headers: more answer headers.
        **params: placeholders of the sentence.
    """

    def __init__(
        self,
        status: int,
        code: str,
        /,
        fields: Sequence[FieldReason] = (),
        headers: Mapping[str, str] | None = None,
        **params: str | int,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.fields = tuple(fields)
        self.headers = dict(headers or {})
        self.params = params

    def document(self) -> dict[str, JsonValue]:
        """The problem document (RFC 9457 section 3)."""
        texts = catalogue()[self.code]
        return {
            "type": f"urn:counter-portal:reason:{self.code}",
            "title": texts.en,
            "status": self.status,
            "code": self.code,
            "vi": sentence(self.code, self.params),
            "fields": [
                {"path": one.path, "code": one.code, "vi": sentence(one.code, one.params)}
                for one in self.fields
            ],
        }


@dataclass(frozen=True, slots=True)
class ReasonText:
    """Both sentences of one reason code."""

    vi: str
    en: str


@functools.cache
def catalogue() -> Mapping[str, ReasonText]:
    """Every reason code with its sentences."""
    rows = tomllib.loads(CATALOGUE.read_text("utf-8"))
    return {code: ReasonText(row["vi"], row["en"]) for code, row in rows.items()}


def sentence(code: str, params: Mapping[str, str | int]) -> str:
    """The Vietnamese sentence of ``code`` with its placeholders filled."""
    return catalogue()[code].vi.format(**params)
