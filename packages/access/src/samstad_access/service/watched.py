"""A store whose own writes take effect in this process at once, without waiting for the next poll."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from samstad_access.spi.store import AccessStore, Change, RecordT

__all__ = ["WatchedStore"]


class WatchedStore:
    """An AccessStore around another one.

    Args:
        store: the one that keeps the records.
        written: called after each write.
    """

    def __init__(self, store: AccessStore, written: Callable[[], object]) -> None:
        self._written = written
        self._store = store

    def find(self, kind: type[RecordT], record_id: str) -> RecordT | None:
        """Return a record, or None."""
        return self._store.find(kind, record_id)

    def list_records(
        self, kind: type[RecordT], *, owner: str | None = None, after: str = "", limit: int = 1000
    ) -> list[RecordT]:
        """Return records in the order of their ids."""
        return self._store.list_records(kind, owner=owner, after=after, limit=limit)

    def put(self, record: RecordT, *, replacing: RecordT | None) -> None:
        """Write a record and let it take effect."""
        self._store.put(record, replacing=replacing)
        self._written()

    def take(self, kind: type[RecordT], record_id: str) -> RecordT | None:
        """Remove a record and let it take effect."""
        taken = self._store.take(kind, record_id)
        self._written()
        return taken

    def purge(self, *, now_us: int) -> int:
        """Remove what expired and let it take effect."""
        purged = self._store.purge(now_us=now_us)
        self._written()
        return purged

    def changes_since(self, number: int) -> tuple[int, list[Change]]:
        """Return what changed."""
        return self._store.changes_since(number)

    def note_used(self, kind: type[RecordT], used_us: Mapping[str, int]) -> None:
        """Note when credentials were used."""
        self._store.note_used(kind, used_us)

    def last_used_us(self, kind: type[RecordT], record_id: str) -> int | None:
        """Return when a credential was last noted as used."""
        return self._store.last_used_us(kind, record_id)

    def close(self) -> None:
        """Release the store's files."""
        self._store.close()
