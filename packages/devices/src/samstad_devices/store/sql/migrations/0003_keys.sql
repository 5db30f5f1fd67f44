CREATE TABLE device_key (
  id TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  begins_us INTEGER NOT NULL,
  ends_us INTEGER NOT NULL,
  wrapper TEXT NOT NULL,
  wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_key_subject ON device_key (subject);

CREATE TABLE device_key_reading (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  time_us INTEGER NOT NULL
) STRICT;
