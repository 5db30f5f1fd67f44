-- How far each subscription has got.
CREATE TABLE progress (
    tenant            TEXT    NOT NULL,
    subscription_id   TEXT    NOT NULL,
    epoch             INTEGER NOT NULL,
    number            INTEGER NOT NULL,
    times_sent        INTEGER NOT NULL,
    times_failed      INTEGER NOT NULL,
    last_notification TEXT,
    last_success      TEXT,
    last_failure      TEXT,
    status            TEXT    NOT NULL,
    given_up          INTEGER NOT NULL,
    PRIMARY KEY (tenant, subscription_id)
) STRICT, WITHOUT ROWID;

-- Changes that could not be delivered yet: the exceptions to the cursors above.
CREATE TABLE retry (
    tenant          TEXT    NOT NULL,
    subscription_id TEXT    NOT NULL,
    epoch           INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    subject         TEXT    NOT NULL,
    attempts        INTEGER NOT NULL,
    due_us          INTEGER NOT NULL,
    reason          TEXT    NOT NULL,
    PRIMARY KEY (tenant, subscription_id, epoch, number)
) STRICT, WITHOUT ROWID;
