-- Alerts that belong together under one rule, and what people are told of them.
CREATE TABLE incident (
  rule TEXT NOT NULL,
  grp  TEXT NOT NULL, -- JSON list
  body BLOB NOT NULL, -- JSON of the whole
  PRIMARY KEY (rule, grp)
) WITHOUT ROWID;

CREATE TABLE message (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  rule     TEXT NOT NULL,
  grp      TEXT NOT NULL,
  contact  TEXT NOT NULL,
  way      TEXT NOT NULL,
  draft    BLOB NOT NULL,    -- JSON of what is told
  due_us   INTEGER NOT NULL,
  state    TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'dropped')),
  tries    INTEGER NOT NULL,
  why      TEXT NOT NULL,
  ended_us INTEGER NOT NULL
);

-- One message waits for an incident, a contact and a way: a newer one takes its place.
CREATE UNIQUE INDEX message_waiting ON message (rule, grp, contact, way) WHERE state = 'waiting';
CREATE INDEX message_due ON message (due_us) WHERE state = 'waiting';
CREATE INDEX message_ended ON message (ended_us) WHERE state <> 'waiting';
CREATE INDEX message_state ON message (state);
