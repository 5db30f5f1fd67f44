CREATE TABLE codec (
  digest TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  licence TEXT NOT NULL,
  source TEXT NOT NULL,
  brought_us INTEGER NOT NULL
) STRICT;
