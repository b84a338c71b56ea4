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
