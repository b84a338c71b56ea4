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
