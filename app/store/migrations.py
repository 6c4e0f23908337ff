"""The schema, as the numbered steps that lead to it; forward only.

A step runs inside BEGIN IMMEDIATE together with the new version number, so of two processes that
start at once one migrates and the other finds the work done. Before an upgrade the old state is
copied (``VACUUM INTO``, under the same key). A database of a newer program is refused, not guessed
at. ``schema.sql`` is the result for readers; a test compares the two.

A step must not call sqlite-utils' ``transform()``: it drops triggers without a word.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from app.domain.errors import Defect, Trouble
from app.store.database import fetch, map_errors, transaction
from app.store.driver import Database
from app.store.durable import disk_errors, fsync_folder, replace

_FIRST = (
    """CREATE TABLE blob(
  id TEXT PRIMARY KEY,
  size INT NOT NULL,
  stored_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ','now')),
  state TEXT NOT NULL DEFAULT 'present' CHECK(state IN('present','marked','purged'))
) STRICT""",
    """CREATE TABLE job(
  id INTEGER PRIMARY KEY,
  key BLOB UNIQUE NOT NULL,
  stage TEXT NOT NULL,
  version TEXT NOT NULL,
  class TEXT NOT NULL CHECK(class IN('pure','repeatable','human')),
  dossier TEXT,
  inputs TEXT NOT NULL,
  params TEXT NOT NULL,
  priority INT NOT NULL,
  state TEXT NOT NULL DEFAULT 'ready'
    CHECK(state IN('ready','leased','done','failed','quarantined','in_doubt','cancelled')),
  owner TEXT,
  boot TEXT,
  lease_until REAL,
  attempts INT NOT NULL DEFAULT 0,
  not_before REAL,
  output TEXT,
  error TEXT,
  created TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ','now')),
  CHECK((state='leased') = (owner IS NOT NULL)),
  CHECK((state='leased') = (boot IS NOT NULL)),
  CHECK((state='leased') = (lease_until IS NOT NULL))
) STRICT""",
    "CREATE INDEX job_next ON job(state, priority, id)",
    "CREATE INDEX job_dossier ON job(dossier, id)",
    """CREATE TABLE journal(
  n INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  boot TEXT NOT NULL,
  mono REAL NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  ref TEXT NOT NULL,
  body TEXT NOT NULL,
  prev BLOB NOT NULL,
  hash BLOB UNIQUE NOT NULL
) STRICT""",
    "CREATE INDEX journal_ref ON journal(ref, n)",
    """CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """CREATE TABLE dossier(
  id TEXT PRIMARY KEY,
  rev INT NOT NULL DEFAULT 1,
  prev TEXT,
  state TEXT NOT NULL CHECK(state IN('draft','checked','signing','sealed','registered','uploading',
    'delivered','accepted','rejected','supplement','refused','closed','abandoned')),
  temp_code TEXT UNIQUE NOT NULL,
  official_code TEXT UNIQUE,
  procedure_code TEXT NOT NULL,
  procedure_version TEXT NOT NULL,
  applicant TEXT NOT NULL,
  declared_sheets INT,
  counted_by TEXT,
  label TEXT,
  opened_at TEXT NOT NULL,
  received_at TEXT,
  portal_received_at TEXT,
  manifest TEXT,
  seq INT UNIQUE NOT NULL,
  trouble TEXT
) STRICT""",
    """CREATE TABLE document(
  id TEXT PRIMARY KEY,
  dossier TEXT NOT NULL REFERENCES dossier(id),
  position INT NOT NULL,
  component TEXT,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  unsigned TEXT,
  prepared TEXT,
  cms TEXT,
  signed TEXT,
  pages INT,
  signing_at TEXT,
  cert_sha256 TEXT,
  trouble TEXT
) STRICT""",
    "CREATE INDEX document_dossier ON document(dossier, position)",
    """CREATE TABLE page(
  id TEXT PRIMARY KEY,
  dossier TEXT NOT NULL REFERENCES dossier(id),
  document TEXT REFERENCES document(id),
  position INT NOT NULL,
  job INT NOT NULL,
  seq INT NOT NULL,
  sheet INT NOT NULL,
  side TEXT NOT NULL CHECK(side IN('front','back')),
  blob TEXT NOT NULL,
  media TEXT NOT NULL,
  width_px INT NOT NULL,
  height_px INT NOT NULL,
  dpi INT NOT NULL,
  name TEXT,
  flags TEXT NOT NULL DEFAULT '',
  recipe TEXT NOT NULL DEFAULT '{}',
  clean TEXT,
  text TEXT,
  thumb TEXT,
  screen TEXT,
  hidden INT NOT NULL DEFAULT 0,
  dropped INT NOT NULL DEFAULT 0,
  trouble TEXT,
  UNIQUE(job, seq)
) STRICT""",
    "CREATE INDEX page_dossier ON page(dossier, position)",
    """CREATE TABLE receipt(
  n INTEGER PRIMARY KEY,
  dossier TEXT NOT NULL REFERENCES dossier(id),
  rev INT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  at TEXT NOT NULL,
  UNIQUE(dossier, rev, kind)
) STRICT""",
    "CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TABLE undo(
  n INTEGER PRIMARY KEY,
  dossier TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  undone INT NOT NULL DEFAULT 0,
  at TEXT NOT NULL
) STRICT""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
"""Step ``i`` leads from version ``i`` to ``i + 1``. Only ever appended to."""
GUARDS = ("journal_no_delete", "journal_no_update")
"""The triggers that every opened database must have."""


def migrate(db: Database, path: Path, steps: Sequence[Sequence[str]] = MIGRATIONS) -> int:
    """The version of the database, which is the newest one now.

    Args:
        db: a connection to ``path``.
        path: the database file; an upgrade leaves ``<name>.v<old version>`` beside it.
        steps: the migrations.

    Raises:
        Trouble: ``store.newer_schema``, or the disk; the database is as it was.
        Defect: a guard is missing.
    """
    found = version(db)
    if 0 < found < len(steps):
        _copy(db, path, found)
    if found < len(steps):
        with transaction(db):
            for step in steps[version(db) :]:  # asked again: somebody may have been faster
                for statement in step:
                    db.conn.execute(statement)
            if version(db) < len(steps):
                db.conn.execute(f"PRAGMA user_version={len(steps)}")
    found = version(db)
    if found > len(steps):
        raise Trouble("store.newer_schema", found=found, known=len(steps))
    check_guards(db)
    return found


def version(db: Database) -> int:
    """The schema version that the database says it has; 0 for a new one."""
    return int(fetch(db, "PRAGMA user_version")[0]["user_version"])


def check_guards(db: Database) -> None:
    """Nothing, if every trigger stands.

    Raises:
        Defect: ``store.guard_missing`` with the name of the trigger.
    """
    triggers = {
        row["name"] for row in fetch(db, "SELECT name FROM sqlite_schema WHERE type='trigger'")
    }
    for name in GUARDS:
        if name not in triggers:
            raise Defect("store.guard_missing", name=name)


def dump(db: Database) -> str:
    """The schema as SQL, in the order of its making."""
    rows = fetch(db, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
    return "".join(f"{row['sql']};\n" for row in rows)


def _copy(db: Database, path: Path, found: int) -> None:
    """``<name>.v<found>`` beside the database: its whole content before the upgrade."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with map_errors(path):
            db.conn.execute("VACUUM INTO ?", [str(temporary)])
        with disk_errors():
            fd = os.open(temporary, os.O_RDWR)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
            temporary.chmod(0o600)
            replace(temporary, path.with_name(f"{path.name}.v{found}"))
            fsync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
