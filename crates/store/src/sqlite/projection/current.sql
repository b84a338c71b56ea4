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
