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
