-- What must survive the role, by kind (site, link, alert, owed, lease, command, ...) and key; JSON.
CREATE TABLE kept (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
