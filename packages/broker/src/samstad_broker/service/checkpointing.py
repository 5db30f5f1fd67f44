"""The state projection: current entities written behind to the checkpoint, and read back at the start."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import orjson

from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.domain.state.replay import apply_row
from samstad_broker.domain.state.shard import State
from samstad_broker.service.writer import Writer
from samstad_broker.spi.clock import Clock
from samstad_broker.spi.store import SavedEntity, Store, StoreError

__all__ = ["DOCUMENTS", "Checkpointer", "Recovered", "recover"]

DOCUMENTS = "@"
"""Begins the snapshot key under which the checkpoint keeps a collection of documents: a snapshot's id is a
URI and never begins so."""

_REPLAY_SLICE = 1_000
_ENTITY_KINDS = frozenset({RowKind.CHANGE, RowKind.DELETE, RowKind.EXPIRE})

_Key = tuple[str, str, str]
"""(tenant, snapshot or collection, id)"""


class Recovered(NamedTuple):
    """The state after a start, and what the next checkpoint must hold because only the log has it."""

    state: State
    touched: set[_Key]
    position: Position


async def recover(store: Store) -> Recovered:
    """Build the state from the checkpoint and the rows after it."""
    with _uncollected():
        return await _recover(store)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let the collector rest while a heap grows of which nothing is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


async def _recover(store: Store) -> Recovered:
    state = State()
    async for saved in store.checkpoint.load():
        _restore(state, saved)
        await asyncio.sleep(0)
    for _, dataset in state.datasets():
        dataset.restored()
    cursor = store.checkpoint.cursor
    touched: set[_Key] = set()
    while rows := await store.log.read(cursor, limit=_REPLAY_SLICE):
        for row in rows:
            apply_row(state, row)
        touched.update(_keys(rows))
        cursor = rows[-1].position
    return Recovered(state, touched, cursor)


def _keys(rows: Sequence[Row]) -> Iterator[_Key]:
    """Yield where the checkpoint keeps what the rows changed."""
    for row in rows:
        if row.kind in _ENTITY_KINDS:
            yield row.tenant, row.snapshot, row.subject
        elif row.kind is RowKind.DOCUMENT:
            yield row.tenant, DOCUMENTS + orjson.loads(row.payload)["collection"], row.subject


def _restore(state: State, saved: Sequence[SavedEntity]) -> None:
    entities: dict[tuple[str, str], list[tuple[int, bytes]]] = {}
    for tenant, key, subject, sequence, document in saved:
        if key.startswith(DOCUMENTS):
            state.put_document(tenant, key.removeprefix(DOCUMENTS), subject, orjson.loads(document))
        else:
            entities.setdefault((tenant, key), []).append((sequence, document))
            state.sequence = max(state.sequence, sequence + 1)
    for (tenant, snapshot), found in entities.items():
        state.begin_tenant(tenant)
        state.dataset(tenant, snapshot).restore(found)


class Checkpointer:
    """Notes what changed and saves it every now and then.

    A save may hold values of rows after its cursor, never of rows that are not durable: replaying such a
    row again changes nothing in the end, because rows carry values.

    Args:
        recovered: what ``recover`` gave.
        every_us: time between saves; a restart replays at most the rows of about this time.
        most: changed entities that bring a save forward (bounds memory and the next save's length).
    """

    def __init__(
        self,
        store: Store,
        recovered: Recovered,
        writer: Writer,
        *,
        every_us: int = 5_000_000,
        most: int = 20_000,
    ) -> None:
        self._store = store
        self._state = recovered.state
        self._writer = writer
        self._every_us = every_us
        self._most = most
        self._touched = recovered.touched
        self._noted = recovered.position
        self._early = asyncio.Event()
        self._saving = asyncio.Lock()
        self._may_hurry = True
        self.failures = 0
        writer.listen(self._note)

    def _note(self, rows: Sequence[Row]) -> None:
        self._touched.update(_keys(rows))
        self._noted = rows[-1].position
        if self._may_hurry and len(self._touched) >= self._most:
            self._early.set()

    async def run(self, clock: Clock) -> None:
        """Save until cancelled."""
        while True:
            timer = asyncio.ensure_future(clock.sleep_until(clock.now_us() + self._every_us))
            early = asyncio.ensure_future(self._early.wait())
            try:
                await asyncio.wait((timer, early), return_when=asyncio.FIRST_COMPLETED)
            finally:
                timer.cancel()
                early.cancel()
            await self.save()

    async def save(self) -> None:
        """Save everything that changed since the last time; a failing log or disk leaves it for the next.

        Saves never overlap: a later one would commit a cursor past what an earlier one still carries.
        """
        async with self._saving:
            self._early.clear()
            cursor, touched = self._noted, self._touched
            if cursor == self._store.checkpoint.cursor:
                return
            self._touched = set()
            saved = False
            try:
                saved = await self._save(touched, cursor)
            finally:
                if not saved:
                    self._touched |= touched
            self._may_hurry = saved
            self.failures += not saved

    async def _save(self, touched: set[_Key], cursor: Position) -> bool:
        puts, deletes = self._collect(touched)
        try:
            # What was collected may still be undone: wait until the log has it.
            await self._writer.flushed()
            await self._store.checkpoint.save(puts, deletes, cursor=cursor)
        except StoreError:
            return False
        return True

    def _collect(self, touched: set[_Key]) -> tuple[list[SavedEntity], list[_Key]]:
        puts: list[SavedEntity] = []
        deletes: list[_Key] = []
        for key in touched:
            saved = self._saved(key)
            if saved is None:
                deletes.append(key)
            else:
                puts.append(saved)
        puts.sort(key=lambda entity: entity.sequence)
        return puts, deletes

    def _saved(self, key: _Key) -> SavedEntity | None:
        tenant, space, subject = key
        if space.startswith(DOCUMENTS):
            content = self._state.collection(tenant, space.removeprefix(DOCUMENTS)).get(subject)
            return None if content is None else SavedEntity(tenant, space, subject, 0, orjson.dumps(content))
        record = self._state.dataset(tenant, space).get(subject)
        return None if record is None else SavedEntity(*key, record.sequence, record.document)
