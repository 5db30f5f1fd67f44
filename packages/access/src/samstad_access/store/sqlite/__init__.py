"""``access.db``: principals, keys, roles, labels, accounts and sessions in SQLite."""
