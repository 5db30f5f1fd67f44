"""``access.db``: principals, keys, roles, labels, accounts and sessions in SQLite."""

from samstad_access.store.sqlite.queries import migrations

__all__ = ["schema_steps"]


def schema_steps() -> int:
    """Return how many steps of the schema this release knows."""
    return len(migrations())
