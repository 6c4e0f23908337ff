"""Whoever alters the journal by any means is found out, and where."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.errors import Defect
from app.store import journal
from app.store.database import fetch, transaction
from app.store.vault import Vault
from tests.store.promises import line


def filled(vault: Vault, lines: int = 12) -> tuple[int, str]:
    with transaction(vault.db) as db:
        for n in range(lines):
            line(db, n)
    for trigger in ("journal_no_update", "journal_no_delete"):
        vault.db.conn.execute(f"DROP TRIGGER {trigger}")
    return journal.head(vault.db)


def test_lines_are_numbered_and_chained(vault: Vault):
    assert journal.verify(vault.db) == journal.JournalCheck(True, 0, "00" * 32, None)
    number, digest = filled(vault)
    check = journal.verify(vault.db)
    assert (check.ok, check.rows, check.head, check.first_bad) == (True, 12, digest, None)
    assert number == 12


def test_the_chain_can_be_followed_from_its_description_alone(vault: Vault):
    _, digest = filled(vault)
    prev = bytes(32)
    for row in fetch(vault.db, "SELECT * FROM journal ORDER BY n"):
        names = ("n", "at", "boot", "mono", "who", "what", "ref", "body")
        text = json.dumps({k: row[k] for k in names}, sort_keys=True, separators=(",", ":"))
        prev = hashlib.sha256(prev + text.encode("ascii")).digest()
    assert prev.hex() == digest


@pytest.mark.parametrize(
    "column", ["at", "boot", "mono", "who", "what", "ref", "body", "prev", "hash"]
)
def test_an_edited_line_is_found(vault: Vault, column: str):
    filled(vault)
    value = {"mono": "77.5", "prev": "x'00'", "hash": "x'00'"}.get(column, "'edited'")
    statement = "UPDATE journal SET " + column + "=" + value + " WHERE n=5"  # noqa: S608 - ours
    vault.db.conn.execute(statement)
    check = journal.verify(vault.db)
    assert (check.ok, check.first_bad, check.rows) == (False, 5, 12)


@pytest.mark.parametrize("gone", [1, 6])
def test_a_removed_line_is_found(vault: Vault, gone: int):
    filled(vault)
    vault.db.conn.execute("DELETE FROM journal WHERE n=?", [gone])
    check = journal.verify(vault.db)
    assert (check.ok, check.first_bad) == (False, gone)


def test_a_cut_tail_is_found_by_a_head_that_was_written_down(vault: Vault):
    anchor = filled(vault)
    vault.db.conn.execute("DELETE FROM journal WHERE n>9")
    assert journal.verify(vault.db).ok
    check = journal.verify(vault.db, anchor)
    assert (check.ok, check.first_bad) == (False, 10)


def test_a_rewritten_journal_is_found_by_a_head_that_was_written_down(vault: Vault):
    anchor = filled(vault)
    vault.db.conn.execute("DELETE FROM journal WHERE n>9")
    with transaction(vault.db) as db:
        for _ in range(4):
            line(db, 99)
    assert journal.verify(vault.db).ok
    check = journal.verify(vault.db, anchor)
    assert (check.ok, check.first_bad) == (False, 12)


def test_an_older_head_still_fits_a_longer_journal(vault: Vault):
    anchor = filled(vault)
    with transaction(vault.db) as db:
        line(db, 1)
    assert journal.verify(vault.db, anchor).ok
    assert journal.verify(vault.db, (0, "00" * 32)).ok


def test_a_line_outside_a_transaction_is_our_mistake(vault: Vault):
    with pytest.raises(Defect, match="no_transaction"):
        line(vault.db, 1)


def test_two_connections_write_one_chain(vault: Vault):
    other = vault.connect()
    for n in range(10):
        with transaction(vault.db if n % 2 else other) as db:
            line(db, n)
    other.close()
    assert journal.verify(vault.db).rows == 10
    assert journal.verify(vault.db).ok


@example([("", -0.0, {})])
@settings(max_examples=30, deadline=None, database=None)
@given(
    st.lists(
        st.tuples(
            st.text(max_size=20),
            st.floats(allow_nan=False, allow_infinity=False),
            st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.integers(), max_size=3),
        ),
        max_size=6,
    )
)
def test_any_content_can_be_checked_again(tmp_path_factory, rows):
    from tests.store.promises import AT, a_vault

    with a_vault(tmp_path_factory.mktemp("journal")) as vault:
        with transaction(vault.db) as db:
            for text, mono, body in rows:
                journal.append(
                    db, at=AT, boot="b", mono=mono, who=text, what="x", ref=text, body=body
                )  # fmt: skip
        check = journal.verify(vault.db)
        assert (check.ok, check.rows) == (True, len(rows))
