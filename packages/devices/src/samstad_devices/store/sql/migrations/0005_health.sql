-- What is remembered of the health of each device: battery, radio, joins; MessagePack.
CREATE TABLE health (
  device TEXT PRIMARY KEY,
  memory BLOB NOT NULL
) STRICT, WITHOUT ROWID;
