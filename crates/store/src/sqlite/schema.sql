-- Layout 3 of the ledger. Hashes are 32 raw bytes; moments are RFC 3339 text in UTC.
-- The first four tables are the truth and refuse changes; the others are projections. A build that makes
-- these tables of other events, or from events otherwise, raises the layout.

CREATE TABLE event (
  organization TEXT NOT NULL,
  seq INTEGER NOT NULL,
  format INTEGER NOT NULL,
  kind TEXT NOT NULL,
  occurred_at TEXT NOT NULL,
  recorded_at TEXT NOT NULL,
  subjects TEXT NOT NULL,
  body_sha256 BLOB NOT NULL CHECK (length(body_sha256) = 32),
  attachments TEXT NOT NULL,
  PRIMARY KEY (organization, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_by_body ON event (organization, body_sha256);

-- Deleted bytes are NULL: the row stays and says that something was here.
CREATE TABLE blob (
  organization TEXT NOT NULL,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  bytes BLOB,
  UNIQUE (organization, sha256)
) STRICT;

-- Complete subtrees of the Merkle log; level 0 holds the hashes of the events.
CREATE TABLE node (
  organization TEXT NOT NULL,
  level INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (organization, level, position)
) STRICT, WITHOUT ROWID;

-- The note itself is a blob, so that a changed byte in it shows.
CREATE TABLE checkpoint (
  organization TEXT NOT NULL,
  size INTEGER NOT NULL,
  root BLOB NOT NULL CHECK (length(root) = 32),
  note_sha256 BLOB NOT NULL CHECK (length(note_sha256) = 32),
  PRIMARY KEY (organization, size, note_sha256)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER event_is_not_updated BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER blob_is_not_updated BEFORE UPDATE ON blob
WHEN NEW.bytes IS NOT NULL OR NEW.sha256 IS NOT OLD.sha256 OR NEW.organization IS NOT OLD.organization
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER blob_is_not_deleted BEFORE DELETE ON blob
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER node_is_not_updated BEFORE UPDATE ON node
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER node_is_not_deleted BEFORE DELETE ON node
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER checkpoint_is_not_updated BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER checkpoint_is_not_deleted BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- Which events are about what; from `event.subjects`, a JSON list of keys.
CREATE TABLE event_key (
  organization TEXT NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (organization, key, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE release (
  organization TEXT NOT NULL,
  id TEXT NOT NULL,
  service TEXT NOT NULL,
  name TEXT NOT NULL,
  subjects TEXT NOT NULL,
  created_seq INTEGER NOT NULL,
  PRIMARY KEY (organization, id),
  UNIQUE (organization, service, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX release_by_service ON release (organization, service, created_seq);

CREATE TABLE current (
  organization TEXT NOT NULL,
  service TEXT NOT NULL,
  environment TEXT NOT NULL,
  running TEXT,
  last_healthy TEXT,
  outcome TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (organization, service, environment)
) STRICT, WITHOUT ROWID;

CREATE TABLE open_deployment (
  organization TEXT NOT NULL,
  service TEXT NOT NULL,
  environment TEXT NOT NULL,
  deployment TEXT NOT NULL,
  release TEXT NOT NULL,
  previous TEXT,
  seq INTEGER NOT NULL,
  PRIMARY KEY (organization, service, environment)
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (
  organization TEXT NOT NULL,
  service TEXT NOT NULL,
  environment TEXT NOT NULL,
  holder TEXT NOT NULL,
  fence INTEGER NOT NULL,
  expires_at TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (organization, service, environment)
) STRICT, WITHOUT ROWID;
