"""The temporal index in SQLite: ``temporal.db``."""

from samstad_broker.store.sqlite.history.index import SqliteHistoryIndex

__all__ = ["SqliteHistoryIndex"]
