"""Frames in SQLite: many that come at once are one commit, and each sender is told after it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import apsw

from samstad_devices.domain.messages import Uplink
from samstad_devices.domain.sameness import are_same, sameness
from samstad_devices.spi.frame_store import Arrival, Heard, Kept, Outcome, State, StoreFull
from samstad_devices.store.database import Database
from samstad_devices.store.messages import kind_of, pack, unpack

__all__ = ["SqliteFrames"]

_Waiting = tuple[Arrival, "asyncio.Future[bool]"]
_COLUMNS = "number, way, kind, message, received_us, state, reason, detail"


class SqliteFrames:
    """Fills the FrameStore port.

    Args:
        database: opened and closed by who made it.
        most_pending: messages that may wait for a commit; more are refused.
        batch: messages of one commit.
    """

    def __init__(self, database: Database, *, most_pending: int = 10_000, batch: int = 1_000) -> None:
        self._database = database
        self._most_pending = most_pending
        self._batch = batch
        self._pending: list[_Waiting] = []
        self._committing: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Finish what was given."""
        if self._committing is not None:
            await asyncio.wait([self._committing])

    # -- arrivals ---------------------------------------------------------------------------------

    async def keep(self, arrival: Arrival) -> bool:
        """Return when the message is durable; False where it came before."""
        return await self.offer(arrival)

    def offer(self, arrival: Arrival) -> asyncio.Future[bool]:
        """Return at once what ``keep`` returns later."""
        if len(self._pending) >= self._most_pending:
            raise StoreFull(f"{len(self._pending)} messages wait to be kept: send it again a little later.")
        durable: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._pending.append((arrival, durable))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_pending(), name="devices-commit")
        return durable

    async def _commit_pending(self) -> None:
        while self._pending:
            taken, self._pending = self._pending[: self._batch], self._pending[self._batch :]
            arrivals = [arrival for arrival, _ in taken]
            try:
                results = await self._database.run(lambda arrivals=arrivals: self._insert(arrivals))  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 - every sender is told what went wrong
                for _, durable in taken:
                    if not durable.done():
                        durable.set_exception(error)
                continue
            for (_, durable), is_new in zip(taken, results, strict=True):
                if not durable.done():
                    durable.set_result(is_new)

    def _insert(self, arrivals: Sequence[Arrival]) -> list[bool]:
        with self._database.commit() as cursor:
            return [_insert(cursor, arrival) for arrival in arrivals]

    # -- what waits ---------------------------------------------------------------------------------

    async def waiting(self, *, after: int, limit: int) -> list[Kept]:
        """Return messages that wait, from the oldest on."""
        where = "state = 'waiting' AND number > ? ORDER BY number LIMIT ?"
        return await self._select(where, (after, limit))

    async def quarantined(self, *, device: str | None, after: int, limit: int) -> list[Kept]:
        """Return messages in quarantine from the oldest on."""
        named = "" if device is None else "device = ? AND "
        where = f"{named}state = 'quarantined' AND number > ? ORDER BY number LIMIT ?"
        return await self._select(where, (*([] if device is None else [device]), after, limit))

    async def _select(self, where: str, values: tuple[Any, ...]) -> list[Kept]:
        statement = f"SELECT {_COLUMNS} FROM frame WHERE {where}"  # noqa: S608 - no part comes from outside

        def read() -> list[Kept]:
            return [_kept(row) for row in self._database.connection.execute(statement, values)]

        return await self._database.run(read)

    async def settle(self, outcomes: Sequence[Outcome], heard: Sequence[Heard], *, now_us: int) -> None:
        """Keep what became of messages, and when their devices were heard."""

        def write() -> None:
            with self._database.commit() as cursor:
                cursor.executemany(
                    "UPDATE frame SET state = ?, reason = ?, detail = ?, settled_us = ? WHERE number = ?",
                    [(one.state, one.reason, one.detail, now_us, one.number) for one in outcomes],
                )
                cursor.executemany("REPLACE INTO heard VALUES (?, ?, ?, ?, ?, ?, ?, ?)", heard)

        await self._database.run(write)

    async def release(self, *, device: str | None, reason: str | None) -> int:
        """Let messages in quarantine wait again."""

        def write() -> int:
            with self._database.commit() as cursor:
                cursor.execute(
                    "UPDATE frame SET state = 'waiting', reason = '', detail = '', settled_us = NULL "
                    "WHERE state = 'quarantined' AND (?1 IS NULL OR device = ?1) "
                    "AND (?2 IS NULL OR reason = ?2)",
                    (device, reason),
                )
                return self._database.connection.changes()

        return await self._database.run(write)

    async def heard(self) -> Mapping[str, Heard]:
        """Return when each device was heard."""

        def read() -> dict[str, Heard]:
            rows = self._database.connection.execute(
                "SELECT device, heard_us, measured_us, accepted_us, counter, frames, lost, way FROM heard"
            )
            return {cast("str", row[0]): Heard(*cast("Any", row)) for row in rows}

        return await self._database.run(read)

    async def forget(self, *, before_us: int) -> int:
        """Drop messages that were settled before a time."""

        def write() -> int:
            with self._database.commit() as cursor:
                cursor.execute("DELETE FROM frame WHERE settled_us < ?", (before_us,))
                return self._database.connection.changes()

        return await self._database.run(write)


def _insert(cursor: apsw.Cursor, arrival: Arrival) -> bool:
    message = arrival.message
    same = sameness(message)
    address = message.device_address if isinstance(message, Uplink) else None
    if same is not None:
        rows = cursor.execute("SELECT received_us, address FROM frame WHERE same = ?", (same,))
        mine = (arrival.received_us, address)
        if any(are_same(cast("tuple[int, str | None]", row), mine) for row in rows):
            return False
    cursor.execute(
        "INSERT INTO frame (way, kind, device, received_us, message, same, address, state, reason, detail) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', '', '')",
        (
            arrival.way,
            kind_of(message),
            str(message.device),
            arrival.received_us,
            pack(message),
            same,
            address,
        ),
    )
    return True


def _kept(row: tuple[Any, ...]) -> Kept:
    number, way, kind, message, received_us, state, reason, detail = row
    return Kept(
        number=number,
        way=way,
        message=unpack(kind, message),
        received_us=received_us,
        state=cast("State", state),
        reason=reason,
        detail=detail,
    )
