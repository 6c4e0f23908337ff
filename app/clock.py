"""The only place that reads the wall clock; everybody else is handed the time."""

from __future__ import annotations

import datetime as dt
import os

HANOI = dt.timezone(dt.timedelta(hours=7), "+07:00")
"""Indochina Time; Vietnam has had no daylight saving since 1975 (IANA Asia/Ho_Chi_Minh)."""


def now() -> dt.datetime:
    """The present second in Vietnam, aware; microseconds are cut."""
    return dt.datetime.now(HANOI).replace(microsecond=0)  # noqa: TID251 - this is the clock module


def unix_ms() -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return int(dt.datetime.now(dt.UTC).timestamp() * 1000)  # noqa: TID251 - this is the clock module


def source_date() -> dt.datetime | None:
    """The build time that ``SOURCE_DATE_EPOCH`` pins, or None (reproducible-builds.org)."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not (text.isascii() and text.isdigit()):
        return None
    return dt.datetime.fromtimestamp(int(text), HANOI)
