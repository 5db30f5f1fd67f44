"""The embedded store: SQLite files under one directory."""

from samstad_broker.store.sqlite.settings import SqliteSettings
from samstad_broker.store.sqlite.store import SqliteStore

__all__ = ["SqliteSettings", "SqliteStore"]
