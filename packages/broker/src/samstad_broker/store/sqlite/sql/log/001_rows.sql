-- One stretch of the change log. Rows are never updated; the number is the row's place in its epoch, the
-- epoch stands in the file's name. checksum is the crc32 of everything else in the row.
CREATE TABLE row (
    number   INTEGER PRIMARY KEY,
    time_us  INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    tenant   TEXT    NOT NULL,
    snapshot TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    payload  BLOB    NOT NULL,
    matched  TEXT,
    document BLOB,
    checksum INTEGER NOT NULL
) STRICT;
