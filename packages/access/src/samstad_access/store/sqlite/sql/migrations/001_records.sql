-- Everything that access keeps: one row for each principal, key, role, label, account, session and code.
CREATE TABLE record (
    kind       TEXT NOT NULL,
    id         TEXT NOT NULL,
    owner      TEXT NOT NULL,  -- the principal of a credential, else a tenant or nothing
    expires_us INTEGER,        -- from when the row may be purged
    used_us    INTEGER,        -- when a credential was last noted as used, coarsely
    body       BLOB NOT NULL,  -- JSON of the record; of secrets it has hashes alone
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_by_owner ON record (kind, owner, id);
CREATE INDEX record_by_end ON record (expires_us) WHERE expires_us IS NOT NULL;

-- What was changed, for the other processes of the node; its beginning is cut off now and then.
CREATE TABLE change (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind   TEXT NOT NULL,
    id     TEXT NOT NULL
) STRICT;
