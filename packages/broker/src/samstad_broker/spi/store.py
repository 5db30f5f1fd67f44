"""The Store port: one append-only log and the projections that are kept on disk.

Every store passes the one contract suite in ``packages/broker/tests/store_contract``. The log is the
truth; a projection commits its own cursor together with its output, so that it can always be built
again from an earlier checkpoint and the rows after it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from samstad_broker.domain.rows import Position, Row
from samstad_broker.spi.history import HistoryIndex

__all__ = [
    "Checkpoint",
    "DeliveryLedger",
    "Log",
    "LogCorrupt",
    "LogFull",
    "LogUnavailable",
    "RetryEntry",
    "SavedEntity",
    "StaleVersion",
    "Store",
    "StoreError",
    "StoreInUse",
    "StoreTooNew",
    "SubscriptionProgress",
]


class StoreError(Exception):
    """Root of what a store can answer instead of doing what it was asked.

    StoreError
    ├── LogFull          the disk is full or below the reserve: writes answer 507, reads go on
    ├── LogUnavailable   the disk or database failed: nothing after the last acknowledged row may be trusted
    ├── LogCorrupt       a row or file does not read back as it was written
    ├── StaleVersion     somebody else wrote since: this writer has lost its shard
    ├── StoreInUse       another process has the data open
    └── StoreTooNew      a newer release wrote the data
    """


class LogFull(StoreError):
    """The log cannot grow; the rows of the append were not written."""


class LogUnavailable(StoreError):
    """The append failed and may or may not be on disk; the store must be reopened before the next one."""


class LogCorrupt(StoreError):
    """Stored data does not read back as it was written."""


class StaleVersion(StoreError):
    """The log's head is not the version that the writer based its decisions on."""


class StoreInUse(StoreError):
    """Another process has the data open; two writers would break the log."""


class StoreTooNew(StoreError):
    """The data was written by a newer release, whose schema this one does not know."""


class Log(Protocol):
    """The append-only change log of one shard, written by one writer."""

    @property
    def head(self) -> Position:
        """The position of the last durable row (``START`` of the present epoch when there is none)."""
        ...

    @property
    def oldest(self) -> Position:
        """The position after which rows can still be read; what came before is in the sealed history."""
        ...

    async def append(self, rows: Sequence[Row], *, expected_version: Position) -> None:
        """Write one group; when this returns, the rows survive ``kill -9`` and power loss (I3).

        Raises:
            StaleVersion: ``head`` is not ``expected_version``.
            LogFull, LogUnavailable: nothing of the group counts as written.
        """
        ...

    async def read(self, after: Position, *, limit: int, until: Position | None = None) -> Sequence[Row]:
        """Return up to ``limit`` durable rows after a position, in order, across stretches.

        An answer may be shorter than ``limit`` before the end is reached (rows are read in bounded
        slices); only an empty answer says that there is nothing more.

        Raises:
            LogCorrupt: a row does not read back as it was written, or one is missing.
        """
        ...


class SavedEntity(NamedTuple):
    """One current entity as the checkpoint keeps it."""

    tenant: str
    snapshot: str
    entity_id: str
    sequence: int
    """Order of creation inside the node: pages are stable by it."""
    document: bytes


class Checkpoint(Protocol):
    """Current state on disk, written behind; with the log after its cursor it gives the state back."""

    @property
    def cursor(self) -> Position:
        """The last row that the checkpoint holds."""
        ...

    def load(self) -> AsyncIterator[Sequence[SavedEntity]]:
        """Yield all saved entities in order of ``sequence``, in slices."""
        ...

    async def save(
        self,
        puts: Sequence[SavedEntity],
        deletes: Sequence[tuple[str, str, str]],
        *,
        cursor: Position,
    ) -> None:
        """Commit changed and deleted (tenant, snapshot, id) entities and the new cursor together."""
        ...


class SubscriptionProgress(NamedTuple):
    """How far one subscription has got, and what its counters say (clauses 5.2.12, 5.2.14)."""

    tenant: str
    subscription_id: str
    cursor: Position
    times_sent: int
    times_failed: int
    last_notification: str | None
    last_success: str | None
    last_failure: str | None
    status: str
    """``ok`` or ``failed``."""
    given_up: int
    """Notifications that were refused for good or grew too old: counted, never silent (I4)."""


class RetryEntry(NamedTuple):
    """A change that a subscription could not deliver yet: the sparse exception to its cursor."""

    tenant: str
    subscription_id: str
    subject: str
    position: Position
    attempts: int
    due_us: int
    reason: str


class DeliveryLedger(Protocol):
    """Cursors, counters and retries of subscriptions, each change in one commit."""

    async def progress(self) -> Sequence[SubscriptionProgress]:
        """Return the state of every subscription that has delivered or tried to."""
        ...

    async def retries(self) -> Sequence[RetryEntry]:
        """Return all open retries, oldest position first."""
        ...

    async def commit(
        self,
        *,
        progress: Sequence[SubscriptionProgress],
        add: Sequence[RetryEntry],
        done: Sequence[tuple[str, str, Position]],
        forget: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Save cursors and counters, add and end retries, forget ended subscriptions, in one commit."""
        ...


class Store(Protocol):
    """What one shard keeps on disk."""

    @property
    def log(self) -> Log:
        """The change log."""
        ...

    @property
    def checkpoint(self) -> Checkpoint:
        """Current state, written behind."""
        ...

    @property
    def delivery(self) -> DeliveryLedger:
        """Progress of subscriptions."""
        ...

    @property
    def history(self) -> HistoryIndex:
        """The temporal index."""
        ...

    async def open(self) -> None:
        """Open or create everything, take the writer's lock, verify and recover."""
        ...

    async def close(self) -> None:
        """Flush and release everything; the store can be opened again."""
        ...

    async def backup(self, target: Path) -> Position:
        """Write a consistent copy at one log position while the log goes on, and return that position."""
        ...

    def figures(self) -> Mapping[str, Any]:
        """Return sizes, latencies and free space for metrics and ``samstad doctor``."""
        ...
