"""What single network scanners do differently, read from `quirks.toml` beside this module.

Every entry there names where the behaviour was seen. A device without an entry is taken at its
word, as far as the end rule of the driver goes.
"""

from __future__ import annotations

import functools
import pkgutil
import tomllib
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias, cast

HostName: TypeAlias = Literal["plain", "port", "localhost"]
_PATTERNS: Final = ("model", "maker", "server")


@dataclass(frozen=True, slots=True)
class Quirks:
    """How to treat one device.

    `pause_share`: before a later side wait this share of the time the last one took, a second at
    most. `not_yet`: HTTP statuses that mean 'ask again' while the job runs. `leave_job`: do not
    delete a job that ended well. `look_before_job`: an empty feeder must be seen before the job is
    made. `host`: the Host header names the port always, or `localhost` when a job is made.
    `continue_job`: a job completed with paper loaded is followed by another. `dpi_at_most`: higher
    resolutions are announced but not delivered. `back_rotated`: back sides lie upside down.
    `empty_untold`: the feeder's 'empty' means nothing.
    """

    pause_share: float = 0.0
    not_yet: tuple[int, ...] = ()
    leave_job: bool = False
    look_before_job: bool = False
    host: HostName = "plain"
    continue_job: bool = False
    dpi_at_most: int | None = None
    back_rotated: bool = False
    empty_untold: bool = False


PLAIN: Final = Quirks()


def quirks_for(model: str, maker: str = "", server: str = "") -> Quirks:
    """The quirks of the device that says this of itself, letters in either case."""
    said = {"model": model.lower(), "maker": maker.lower(), "server": server.lower()}
    found = PLAIN
    for patterns, changes in _entries():
        if any(fnmatchcase(said[key], pattern) for key, pattern in patterns):
            found = replace(found, **changes)  # type: ignore[arg-type]
    return found


@functools.cache
def _entries() -> tuple[tuple[tuple[tuple[str, str], ...], dict[str, object]], ...]:
    # Not by importlib.resources: the driver host is to stay small, and that brings half of shutil.
    data = (pkgutil.get_data("scanner.drivers.escl", "quirks.toml") or b"").decode()
    known = {field.name for field in fields(Quirks)}
    return tuple(
        (
            tuple(
                (key, pattern.lower())
                for key in _PATTERNS
                for pattern in cast("list[str]", entry.get(key, []))
            ),
            {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in entry.items()
                if name in known
            },
        )
        for entry in tomllib.loads(data)["device"]
    )
