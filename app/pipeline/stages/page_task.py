"""What a process of the crew is asked about one page, and what it answers: plain, small values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.pipeline.stages.loose import Frame

Profile = Literal["faithful", "standard", "compact"]
Params = Mapping[str, str | int]
READ = "app.pipeline.stages.reading:read"
"""Where the answer is found; named, for who asks loads no pixels."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Which recogniser reads.

    Attributes:
        language: name of the model, or several joined by ``+``.
        models: their folder; None for the usual one.
    """

    language: str = "vie"
    models: Path | None = None


@dataclass(frozen=True, slots=True)
class ForText:
    """``ocr``: three files a page.

    Attributes:
        out: the folder they appear in.
        workshop: the folder they are written in.
        again: whether a page that is there already is read anew.
    """

    out: Path
    workshop: Path
    again: bool = False


@dataclass(frozen=True, slots=True)
class ForPackage:
    """``pack``: a part a page.

    Attributes:
        workshop: the folder of the parts.
    """

    workshop: Path
    profile: Profile = "faithful"


@dataclass(frozen=True, slots=True)
class Task:
    """One page to read, and what for.

    Attributes:
        number: of the page among all, from 0.
        beside: the pages before and behind it, whose writing may shine through.
    """

    number: int
    frame: Frame
    reader: Reader
    purpose: ForText | ForPackage
    beside: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a page.

    Attributes:
        report: the facts as ``ocr`` and ``pack`` report them.
        part: name of the part.
            reused: whether an earlier run had it done.
        trouble: slug and parameters instead of a result.
        hopeless: whether every other page would meet the same trouble.
        trace: where our own code broke.
    """

    report: dict[str, object] = field(default_factory=dict)
    part: str = ""
    seconds: float = 0.0
    reused: bool = False
    trouble: tuple[str, Params] | None = None
    hopeless: bool = False
    trace: str = ""
