"""The store in memory: for tests, demos and ``--open`` nodes; it passes the same contract as SQLite's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_access.errors import Conflict
from samstad_access.spi.store import EVERYTHING, Change, RecordT

__all__ = ["MemoryStore"]

_REMEMBERED = 1000


class MemoryStore:
    """An AccessStore that forgets everything with the process."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], Any] = {}
        self._used: dict[tuple[str, str], int] = {}
        self._changes: list[Change] = []
        self._dropped = 0

    def find(self, kind: type[RecordT], record_id: str) -> RecordT | None:
        """Return a record, or None."""
        found: RecordT | None = self._records.get((kind.KIND, record_id))
        return found

    def list_records(
        self, kind: type[RecordT], *, owner: str | None = None, after: str = "", limit: int = 1000
    ) -> list[RecordT]:
        """Return records in the order of their ids."""
        found: list[RecordT] = [
            record
            for (name, record_id), record in sorted(self._records.items(), key=lambda item: item[0])
            if name == kind.KIND and record_id > after and (owner is None or record.owner == owner)
        ]
        return found[:limit]

    def put(self, record: RecordT, *, replacing: RecordT | None) -> None:
        """Write a record in place of another one."""
        place = (record.KIND, record.id)
        if self._records.get(place) != replacing:
            raise Conflict(f"The {record.KIND} {record.id} exists or was changed meanwhile: read it again.")
        self._records[place] = record
        self._changed(*place)

    def take(self, kind: type[RecordT], record_id: str) -> RecordT | None:
        """Remove a record and return it."""
        found: RecordT | None = self._records.pop((kind.KIND, record_id), None)
        if found is not None:
            self._used.pop((kind.KIND, record_id), None)
            self._changed(kind.KIND, record_id)
        return found

    def purge(self, *, now_us: int) -> int:
        """Remove records that expired."""
        over = [
            place
            for place, record in self._records.items()
            if record.expires_us is not None and record.expires_us <= now_us
        ]
        for place in over:
            del self._records[place]
            self._used.pop(place, None)
            self._changed(*place)
        return len(over)

    def note_used(self, kind: type[RecordT], used_us: Mapping[str, int]) -> None:
        """Note when credentials were used."""
        for record_id, moment_us in used_us.items():
            if (kind.KIND, record_id) in self._records:
                self._used[kind.KIND, record_id] = moment_us

    def last_used_us(self, kind: type[RecordT], record_id: str) -> int | None:
        """Return when a credential was last noted as used."""
        return self._used.get((kind.KIND, record_id))

    def changes_since(self, number: int) -> tuple[int, list[Change]]:
        """Return the newest change's number and what changed."""
        newest = self._dropped + len(self._changes)
        if number < self._dropped:
            return newest, [EVERYTHING]
        return newest, self._changes[number - self._dropped :]

    def close(self) -> None:
        """Release nothing."""

    def _changed(self, kind: str, record_id: str) -> None:
        self._changes.append(Change(kind, record_id))
        if len(self._changes) > 2 * _REMEMBERED:
            del self._changes[:_REMEMBERED]
            self._dropped += _REMEMBERED
