-- The reference portal's tables. Receipts are stored as sent, so that a repeat is byte for byte.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE stations (
    id TEXT PRIMARY KEY,
    kid TEXT NOT NULL UNIQUE,
    public BLOB NOT NULL,
    label TEXT NOT NULL,
    office TEXT NOT NULL,
    created_at TEXT NOT NULL,
    suspended INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE enrol_codes (
    code_sha256 TEXT PRIMARY KEY,
    expires_at TEXT NOT NULL,
    used_by_kid TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE enrol_failures (
    address TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    locked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE assertions (
    jti TEXT PRIMARY KEY,
    kept_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE codes (
    dossier TEXT PRIMARY KEY,
    official TEXT NOT NULL UNIQUE,
    temporary TEXT NOT NULL UNIQUE,
    bound_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE code_counters (
    organ TEXT NOT NULL,
    day TEXT NOT NULL,
    issued INTEGER NOT NULL,
    PRIMARY KEY (organ, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE dossiers (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    station TEXT NOT NULL REFERENCES stations (id),
    manifest BLOB NOT NULL,
    manifest_sha256 TEXT NOT NULL,
    received_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('registered', 'uploading', 'checking', 'delivered', 'rejected')),
    reception TEXT NOT NULL,
    custody TEXT,
    decision TEXT,
    PRIMARY KEY (id, rev)
) STRICT;

CREATE TABLE wanted (
    id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    station TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (id, rev, sha256),
    FOREIGN KEY (id, rev) REFERENCES dossiers (id, rev)
) STRICT, WITHOUT ROWID;

CREATE INDEX wanted_by_file ON wanted (station, sha256);

CREATE TABLE blobs (
    station TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    arrived_at TEXT NOT NULL,
    verdict TEXT,
    PRIMARY KEY (station, sha256)
) STRICT, WITHOUT ROWID;
