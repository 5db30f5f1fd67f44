"""Incidents and messages in SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from samstad_operations.domain.incident import Incident
from samstad_operations.spi.keeping import Draft, Key, Message, State
from samstad_operations.store.database import Database

__all__ = ["SqliteKeeping"]

_COLUMNS = "id, draft, due_us, state, tries, why, ended_us"
_KEEP = """INSERT INTO incident (rule, grp, body) VALUES (?, ?, ?)
  ON CONFLICT (rule, grp) DO UPDATE SET body = excluded.body"""
_DRAFT = """INSERT INTO message (rule, grp, contact, way, draft, due_us, state, tries, why, ended_us)
  VALUES (?, ?, ?, ?, ?, ?, 'waiting', 0, '', 0)
  ON CONFLICT (rule, grp, contact, way) WHERE state = 'waiting'
  DO UPDATE SET draft = excluded.draft, due_us = excluded.due_us"""

_encode = msgspec.json.encode


class SqliteKeeping:
    """Fills the Keeping port.

    Args:
        database: opened and closed by who made it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def incidents(self) -> list[Incident]:
        """Return all incidents."""
        rows = await self._rows("SELECT body FROM incident")
        return [msgspec.json.decode(row[0], type=Incident) for row in rows]

    async def keep(
        self, incidents: Sequence[Incident], *, ended: Sequence[Key] = (), drafts: Sequence[Draft] = ()
    ) -> None:
        """Keep incidents, forget ended ones and add messages: all or nothing."""
        kept = [(one.rule, _group(one.group), _encode(one)) for one in incidents]
        gone = [(rule, _group(group)) for rule, group in ended]
        told = [
            (one.rule, _group(one.group), one.contact, one.way, _encode(one), one.due_us) for one in drafts
        ]

        def write() -> None:
            with self._database.commit() as cursor:
                cursor.executemany(_KEEP, kept)
                cursor.executemany("DELETE FROM incident WHERE rule = ? AND grp = ?", gone)
                cursor.executemany(_DRAFT, told)

        await self._database.run(write)

    async def waiting(self, *, now_us: int) -> list[Message]:
        """Return for each contact and way the message that has been due the longest, the oldest first."""
        # With min() SQLite gives the other columns of the row that has it.
        rows = await self._rows(
            "SELECT id, draft, min(due_us), state, tries, why, ended_us FROM message "
            "WHERE state = 'waiting' AND due_us <= ? GROUP BY contact, way",
            (now_us,),
        )
        return sorted((_message(row) for row in rows), key=lambda one: (one.due_us, one.id))

    async def settle(  # noqa: PLR0913 - the columns that change
        self, message_id: int, state: State, *, tries: int, why: str, due_us: int, ended_us: int = 0
    ) -> None:
        """Keep how a message stands."""

        def write() -> None:
            with self._database.commit() as cursor:
                cursor.execute(
                    "UPDATE message SET state = ?, tries = ?, why = ?, due_us = ?, ended_us = ? WHERE id = ?",
                    (state, tries, why, due_us, ended_us, message_id),
                )

        await self._database.run(write)

    async def listed(self, *, state: State | None, limit: int) -> list[Message]:
        """Return messages, the newest first."""
        rows = await self._rows(
            f"SELECT {_COLUMNS} FROM message WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2",  # noqa: S608 - own names
            (state, limit),
        )
        return [_message(row) for row in rows]

    async def counts(self) -> Mapping[str, int]:
        """Return how many messages are kept in each state."""
        rows = await self._rows("SELECT state, count(*) FROM message GROUP BY state")
        return {str(state): int(count) for state, count in rows}

    async def forget(self, *, before_us: int) -> int:
        """Forget messages that ended before a time, and return how many."""

        def write() -> int:
            with self._database.commit() as cursor:
                cursor.execute("DELETE FROM message WHERE state <> 'waiting' AND ended_us < ?", (before_us,))
                return self._database.connection.changes()

        return await self._database.run(write)

    async def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return await self._database.run(lambda: list(self._database.connection.execute(query, values)))


def _group(group: tuple[str, ...]) -> str:
    return _encode(group).decode()


def _message(row: tuple[Any, ...]) -> Message:
    number, draft, due_us, state, tries, why, ended_us = row
    told = msgspec.structs.asdict(msgspec.json.decode(draft, type=Draft))
    own = {"id": number, "due_us": due_us, "state": state, "tries": tries, "why": why, "ended_us": ended_us}
    return Message(**(told | own))
