-- Layout 3 of the ledger. Hashes are 32 raw bytes; moments are RFC 3339 text in UTC.
-- The first four tables are the truth and refuse changes. A build that makes them otherwise raises the
-- layout. Projections have their own files and versions.

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

-- Which projections there are, of which version, and how many events are in them. A projection that is of
-- another version than a build makes, or that was left behind, is dropped and made anew.
CREATE TABLE projection (
  name TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
