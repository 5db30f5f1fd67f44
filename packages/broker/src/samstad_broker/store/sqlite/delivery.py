"""The delivery ledger in SQLite: ``delivery.db``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import apsw

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import RetryEntry, SubscriptionProgress
from samstad_broker.store.sqlite.many_rows import ManyRows
from samstad_broker.store.sqlite.projection import ProjectionDatabase
from samstad_broker.store.sqlite.queries import load_queries

__all__ = ["SqliteDeliveryLedger"]

_QUERIES = load_queries("delivery")
_PUT_PROGRESS = ManyRows(_QUERIES["put_progress"])
_PUT_RETRY = ManyRows(_QUERIES["put_retry"])
_END_RETRY = ManyRows(_QUERIES["end_retry"])
_FORGET_PROGRESS = ManyRows(_QUERIES["forget_progress"])
_FORGET_RETRIES = ManyRows(_QUERIES["forget_retries"])


class SqliteDeliveryLedger:
    """Progress and retries of subscriptions in two tables."""

    def __init__(self, path: Path, *, vfs: str = "") -> None:
        self._database = ProjectionDatabase(path, "delivery", vfs=vfs)

    async def open(self) -> None:
        """Open the file."""
        await self._database.open()

    async def close(self) -> None:
        """Release the file."""
        await self._database.close()

    async def progress(self) -> Sequence[SubscriptionProgress]:
        """Return the state of every subscription that has delivered or tried to."""

        def work(connection: apsw.Connection) -> list[SubscriptionProgress]:
            return [
                SubscriptionProgress(tenant, name, Position(epoch, number), *counters)
                for tenant, name, epoch, number, *counters in connection.execute(_QUERIES["all_progress"])
            ]

        return await self._database.read(work)

    async def retries(self) -> Sequence[RetryEntry]:
        """Return all open retries, oldest position first."""

        def work(connection: apsw.Connection) -> list[RetryEntry]:
            return [
                RetryEntry(tenant, name, subject, Position(epoch, number), *attempt)
                for tenant, name, subject, epoch, number, *attempt in connection.execute(
                    _QUERIES["all_retries"]
                )
            ]

        return await self._database.read(work)

    async def commit(
        self,
        *,
        progress: Sequence[SubscriptionProgress],
        add: Sequence[RetryEntry],
        done: Sequence[tuple[str, str, Position]],
        forget: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Save cursors and counters, add and end retries, forget ended subscriptions, in one commit."""

        def work(cursor: apsw.Cursor) -> None:
            _PUT_PROGRESS.run(cursor, [(*entry[:2], *entry.cursor, *entry[3:]) for entry in progress])
            _END_RETRY.run(cursor, [(tenant, name, *place) for tenant, name, place in done])
            _PUT_RETRY.run(cursor, [(*entry[:3], *entry.position, *entry[4:]) for entry in add])
            _FORGET_PROGRESS.run(cursor, forget)
            _FORGET_RETRIES.run(cursor, forget)

        await self._database.write(work)

    async def oldest_need(self) -> Position | None:
        """Return the earliest position whose later rows some subscription still needs, or None."""
        row = await self._database.read(
            lambda connection: connection.execute(_QUERIES["oldest_need"]).fetchone()
        )
        return None if row is None else Position(*row)
