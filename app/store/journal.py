"""The ledger: one line for each change, written with it, each line sealed to the one before.

``hash = SHA-256(prev || canonical JSON of the row)``, beginning with 32 zero bytes. The database
refuses to change or delete a line; whoever does it with other means breaks the chain, and whoever
cuts the tail is found out by a head that was written down elsewhere (manifests and receipts carry
it). Ids and slugs only: no personal data.

Source: RFC 8785 for the idea of one spelling for one JSON value; Haber and Stornetta, "How to
Time-Stamp a Digital Document", Journal of Cryptology 3, 1991.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.errors import Defect
from app.store.canonical import canonical
from app.store.database import Row, fetch
from app.store.driver import Database

GENESIS = bytes(32)
_COLUMNS = ("n", "at", "boot", "mono", "who", "what", "ref", "body")
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class JournalCheck:
    """What a walk over the journal found.

    Attributes:
        ok: every line stands, in order and unaltered.
        rows: number of lines.
        head: hash of the last line, 64 hex digits.
        first_bad: number of the first line that is altered or missing, or None.
    """

    ok: bool
    rows: int
    head: str
    first_bad: int | None


def append(
    db: Database,
    *,
    at: str,
    boot: str,
    mono: float,
    who: str,
    what: str,
    ref: str,
    body: Mapping[str, str | int],
) -> int:
    """The number of the new line, in the caller's transaction.

    Args:
        db: a connection inside a transaction.
        at: wall clock, ISO 8601 with offset.
        boot: id of this run of the machine.
        mono: monotonic clock, seconds.
        who: the account or process that acts.
        what: dotted name of the act.
        ref: id of what it was done to.
        body: ids, counts and slugs.

    Raises:
        Defect: ``store.no_transaction``.
    """
    if not db.conn.in_transaction:
        raise Defect("store.no_transaction")
    last, prev = head(db)
    row: Row = {
        "n": last + 1,
        "at": at,
        "boot": boot,
        "mono": float(mono) + 0.0,  # SQLite keeps no sign of nought, and the hash must not either
        "who": who,
        "what": what,
        "ref": ref,
        "body": canonical(body),
    }
    before = bytes.fromhex(prev)
    fetch(
        db,
        "INSERT INTO journal(n,at,boot,mono,who,what,ref,body,prev,hash)"
        " VALUES(:n,:at,:boot,:mono,:who,:what,:ref,:body,:prev,:hash)",
        {**row, "prev": before, "hash": _link(before, row)},
    )
    return last + 1


def head(db: Database) -> tuple[int, str]:
    """Number and hash (64 hex digits) of the last line; (0, zeros) before the first."""
    rows = fetch(db, "SELECT n, hash FROM journal ORDER BY n DESC LIMIT 1")
    return (int(rows[0]["n"]), bytes(rows[0]["hash"]).hex()) if rows else (0, GENESIS.hex())


def verify(db: Database, anchor: tuple[int, str] | None = None) -> JournalCheck:
    """Whether the journal is whole.

    Args:
        db: a connection.
        anchor: a head (number, hash) that was written down elsewhere; finds a cut tail.
    """
    prev, last = GENESIS, 0
    anchored = anchor is None or anchor == (0, GENESIS.hex())
    while rows := fetch(db, "SELECT * FROM journal WHERE n>? ORDER BY n LIMIT ?", [last, _BATCH]):
        for row in rows:
            sound = row["n"] == last + 1 and row["prev"] == prev
            if not sound or row["hash"] != _link(prev, row):
                return JournalCheck(ok=False, rows=_count(db), head=head(db)[1], first_bad=last + 1)
            prev, last = bytes(row["hash"]), last + 1
            if anchor is not None and last == anchor[0]:
                if prev.hex() != anchor[1]:
                    return JournalCheck(ok=False, rows=_count(db), head=head(db)[1], first_bad=last)
                anchored = True
    first_bad = None if anchored else last + 1
    return JournalCheck(ok=anchored, rows=last, head=prev.hex(), first_bad=first_bad)


def _count(db: Database) -> int:
    return int(fetch(db, "SELECT count(*) AS n FROM journal")[0]["n"])


def _link(prev: bytes, row: Row) -> bytes:
    content = {name: row[name] for name in _COLUMNS}
    return hashlib.sha256(prev + canonical(content).encode()).digest()
