-- The temporal index: instances of attributes, clustered by entity, attribute and time of observation.

-- Texts that stand in many rows: types, attributes, datasetIds.
CREATE TABLE name (
    id   INTEGER PRIMARY KEY,
    text TEXT    NOT NULL UNIQUE
) STRICT;

INSERT INTO name VALUES (0, '@none');

-- A tenant and a snapshot.
CREATE TABLE space (
    id       INTEGER PRIMARY KEY,
    tenant   TEXT    NOT NULL,
    snapshot TEXT    NOT NULL,
    UNIQUE (tenant, snapshot)
) STRICT;

-- Keys are never used again (AUTOINCREMENT): a page that begins after one is not unsettled by who left.
CREATE TABLE entity (
    key         INTEGER PRIMARY KEY AUTOINCREMENT,
    space       INTEGER NOT NULL,
    id          TEXT    NOT NULL,
    created_at  TEXT,
    modified_at TEXT,
    deleted_at  TEXT
) STRICT;

CREATE UNIQUE INDEX entity_by_id ON entity (id, space);

CREATE INDEX entity_by_space ON entity (space, key);

-- ordinal: in the order in which the types came.
CREATE TABLE entity_type (
    space   INTEGER NOT NULL,
    type    INTEGER NOT NULL,
    entity  INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (space, type, entity)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX type_of_entity ON entity_type (entity, type);

-- An entity as readers see it; its types stand one to a line.
CREATE VIEW known AS
SELECT key, space, id, created_at, modified_at, deleted_at, (
    SELECT group_concat(text, char(10)) FROM (
        SELECT name.text AS text FROM entity_type JOIN name ON name.id = entity_type.type
        WHERE entity_type.entity = entity.key ORDER BY entity_type.ordinal
    )
) AS types
FROM entity;

CREATE TABLE entity_attribute (
    space     INTEGER NOT NULL,
    attribute INTEGER NOT NULL,
    entity    INTEGER NOT NULL,
    PRIMARY KEY (space, attribute, entity)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX attribute_of_entity ON entity_attribute (entity, attribute);

-- observed_us is below every time where there is no observedAt. number is the JSON text of a plain number.
-- body is the instance without its instanceId, which (epoch, position, ordinal) gives.
CREATE TABLE instance (
    entity      INTEGER NOT NULL,
    attribute   INTEGER NOT NULL,
    observed_us INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    dataset     INTEGER NOT NULL,
    created_us  INTEGER NOT NULL,
    modified_us INTEGER NOT NULL,
    deleted_us  INTEGER,
    number      TEXT,
    body        TEXT    NOT NULL,
    PRIMARY KEY (entity, attribute, observed_us, epoch, position, ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX instance_by_modified ON instance (entity, attribute, modified_us);

CREATE INDEX instance_by_deleted ON instance (entity, attribute, deleted_us) WHERE deleted_us IS NOT NULL;

CREATE INDEX instance_by_place ON instance (epoch, position, ordinal);

-- The last log row that the index holds; one row, committed with them.
CREATE TABLE cursor (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    epoch  INTEGER NOT NULL,
    number INTEGER NOT NULL
) STRICT;

INSERT INTO cursor VALUES (1, 0, 0);
