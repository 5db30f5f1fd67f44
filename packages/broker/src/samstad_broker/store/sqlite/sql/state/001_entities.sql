-- Current state, written behind. Documents of a collection share the sequence 0.
CREATE TABLE entity (
    key      INTEGER PRIMARY KEY,
    tenant   TEXT    NOT NULL,
    snapshot TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    document BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX entity_by_name ON entity (id, tenant, snapshot);

CREATE INDEX entity_by_sequence ON entity (sequence);

-- The last log row that the entities hold; one row, committed with them.
CREATE TABLE cursor (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    epoch  INTEGER NOT NULL,
    number INTEGER NOT NULL
) STRICT;

INSERT INTO cursor VALUES (1, 0, 0);
