CREATE TABLE frame (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  way TEXT NOT NULL,
  kind TEXT NOT NULL,
  device TEXT NOT NULL,
  received_us INTEGER NOT NULL,
  message BLOB NOT NULL,
  same TEXT,
  address TEXT,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  settled_us INTEGER
) STRICT;
CREATE INDEX frame_same ON frame (same, number) WHERE same IS NOT NULL;
CREATE INDEX frame_waiting ON frame (number) WHERE state = 'waiting';
CREATE INDEX frame_quarantined ON frame (device, number) WHERE state = 'quarantined';
CREATE INDEX frame_settled ON frame (settled_us) WHERE settled_us IS NOT NULL;

CREATE TABLE heard (
  device TEXT PRIMARY KEY,
  heard_us INTEGER NOT NULL,
  measured_us INTEGER NOT NULL,
  accepted_us INTEGER NOT NULL,
  counter INTEGER,
  frames INTEGER NOT NULL,
  lost INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE credential (
  id TEXT PRIMARY KEY,
  device TEXT NOT NULL,
  kind TEXT NOT NULL,
  salt BLOB NOT NULL,
  secret BLOB NOT NULL,
  begins_us INTEGER NOT NULL,
  ends_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_device ON credential (device);
