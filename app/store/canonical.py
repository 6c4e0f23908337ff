"""One spelling for one JSON value: what is hashed or compared must not depend on who wrote it."""

from __future__ import annotations

import json


def canonical(value: object) -> str:
    """``value`` as JSON: sorted keys, no blanks, ASCII only (so any file name survives).

    Raises:
        ValueError: not a number (NaN, infinity) somewhere inside.
        TypeError: something that JSON does not know.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
