-- Which events are about what; from `event.subjects`, a JSON list of keys.
CREATE TABLE event_key (
  organization TEXT NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (organization, key, seq)
) STRICT, WITHOUT ROWID;
