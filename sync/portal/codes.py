"""Official codes: one counter row per organ and day, bound to a dossier once and for ever."""

from __future__ import annotations

import datetime as dt

from sync.portal.database import Tx
from sync.portal.receipts import HANOI, iso


def bind(tx: Tx, dossier: str, temporary: str, organ: str, now: dt.datetime) -> str:
    """The official code of ``dossier``; the one it already has, else the next of its organ.

    Args:
        tx: the transaction that also registers the dossier.
        dossier: id of the dossier.
        temporary: its temporary code.
        organ: code of the receiving organ, for example ``H26.12``.
        now: the time; the day is Vietnam's.

    Returns:
        ``<organ>-<yymmdd>-<nnnn>``.

    Source: Circular 03/2025/TT-VPCP art. 13 (form of the code).
    """
    known = tx.value("SELECT official FROM codes WHERE dossier = ?", dossier)
    if known is not None:
        return str(known)
    day = now.astimezone(HANOI).strftime("%y%m%d")
    number = tx.value(
        "INSERT INTO code_counters (organ, day, issued) VALUES (?, ?, 1)"
        " ON CONFLICT (organ, day) DO UPDATE SET issued = issued + 1 RETURNING issued",
        organ,
        day,
    )
    official = f"{organ}-{day}-{number:04d}"
    tx.run(
        "INSERT INTO codes (dossier, official, temporary, bound_at) VALUES (?, ?, ?, ?)",
        dossier,
        official,
        temporary,
        iso(now),
    )
    return official
