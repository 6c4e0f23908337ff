CREATE TABLE blob(
  id TEXT PRIMARY KEY,
  size INT NOT NULL,
  stored_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ','now')),
  state TEXT NOT NULL DEFAULT 'present' CHECK(state IN('present','marked','purged'))
) STRICT;
CREATE TABLE job(
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
) STRICT;
CREATE INDEX job_next ON job(state, priority, id);
CREATE INDEX job_dossier ON job(dossier, id);
CREATE TABLE journal(
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
) STRICT;
CREATE INDEX journal_ref ON journal(ref, n);
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TABLE dossier(
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
) STRICT;
CREATE TABLE document(
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
) STRICT;
CREATE INDEX document_dossier ON document(dossier, position);
CREATE TABLE page(
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
) STRICT;
CREATE INDEX page_dossier ON page(dossier, position);
CREATE TABLE receipt(
  n INTEGER PRIMARY KEY,
  dossier TEXT NOT NULL REFERENCES dossier(id),
  rev INT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  at TEXT NOT NULL,
  UNIQUE(dossier, rev, kind)
) STRICT;
CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE undo(
  n INTEGER PRIMARY KEY,
  dossier TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  undone INT NOT NULL DEFAULT 0,
  at TEXT NOT NULL
) STRICT;
