"""What the operations on snapshots work on, and who may use one (clauses 5.2.41, 5.5.15).

A snapshot is a document of the log; its entities are rows with its id, in a data set of their own beside
the live one. Only who made it, and administrators of the tenant, see it: for everybody else it does not
exist (I6). It can be asked once it is ready; from its end on nobody is shown any of it, and its entities
are taken away in slices (see ``keeping``).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from samstad_broker.domain.snapshots import PREPARING
from samstad_broker.domain.snapshots.parsing import lifetime_us
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.temporal.asking import TemporalAsk
from samstad_broker.spi.authorizer import Operation
from samstad_broker.spi.documents import Documents
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import Conflict, ResourceNotFound, TooManyResults
from samstad_ngsild.query import Query

__all__ = ["COLLECTION", "Job", "SnapshotSettings", "Snapshots", "live"]

COLLECTION = "snapshots"
"""The collection of documents in the log that holds snapshots."""

SWEEPS = "snapshotSweeps"
"""The collection that holds the ids of which something is left to be taken away."""

_DAY_US = 86_400 * 1_000_000

Stored = Mapping[str, Any]
"""``body``, ``owner``, ``status``, ``details``, ``pastDetails``; ``createdUs``, ``modifiedUs``,
``expiresUs``, ``usedUs``; ``told``: whether the endpoint knows of the last change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSettings:
    """Bounds of snapshots (I5).

    Attributes:
        most: snapshots of one tenant; a further one takes the place of one that matters less.
        entities: of all snapshots of a tenant together.
        instances: of the history in one snapshot.
        copies: entities, and instances of history, that are copied for a tenant in a day: whoever may take
            snapshots could otherwise fill the disk by taking and deleting them.
        lifetime_us: where the client suggests none.
        most_lifetime_us: whatever the client suggests.
    """

    most: int = 20
    entities: int = 500_000
    instances: int = 1_000_000
    copies: int = 2_000_000
    lifetime_us: int = _DAY_US
    most_lifetime_us: int = 7 * _DAY_US


class Copied(NamedTuple):
    """How much was copied for a tenant since a time."""

    since_us: int
    number: int


class Job(NamedTuple):
    """A snapshot to be filled.

    Attributes:
        call: on whose behalf; its ``snapshot`` is the one to fill.
        created_us: tells this snapshot from a later one of the same id.
        queries: to run on live data.
        asks: to be asked of their history.
        source: the snapshot to copy instead, for a clone.
    """

    call: Call
    created_us: int
    queries: tuple[Query, ...] = ()
    asks: tuple[TemporalAsk, ...] = ()
    source: str = ""


def _tell_nobody(tenant: str, stored: Stored, ended_us: int | None) -> None:
    del tenant, stored, ended_us


@dataclass(slots=True, kw_only=True)
class Snapshots:
    """The snapshots of a shard."""

    broker: Broker
    documents: Documents
    settings: SnapshotSettings = field(default_factory=SnapshotSettings)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while one is checked against the others and written."""
    jobs: deque[Job] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the task has something to do."""
    tell: Callable[[str, Stored, int | None], None] = _tell_nobody
    """Tells an endpoint: the tenant, the snapshot, and when it ended if it did."""
    used: dict[tuple[str, str], int] = field(default_factory=dict)
    """When snapshots were used last, as far as it is not written down."""

    copied: dict[str, Copied] = field(default_factory=dict)
    """What was copied for each tenant since a time of the last day."""

    def __post_init__(self) -> None:
        self.broker.has_snapshot = self.admits
        self.broker.end_copies = self.end_copies

    @property
    def number(self) -> int:
        """How many there are, of all tenants."""
        return sum(len(self.documents.list(one, COLLECTION)) for one in self.broker.state.tenants())

    def admits(self, call: Call) -> bool:
        """Whether the caller may work on the snapshot of a call; notes that it was used.

        Raises:
            Conflict: it is the caller's, and not ready.
        """
        stored = self.find(call, call.snapshot)
        if stored is None:
            return False
        if stored["status"] in {PREPARING, "failure"}:
            what = "is being prepared" if stored["status"] == PREPARING else "could not be taken"
            raise Conflict(
                f"The snapshot {call.snapshot} {what}: see its snapshotStatus.", pointer="NGSILD-Snapshot"
            )
        self.used[call.tenant, call.snapshot] = call.now_us
        return True

    def find(self, call: Call, snapshot_id: str) -> Stored | None:
        """Return a snapshot that the caller may see and that has not expired, or None."""
        stored = self.current(call.tenant, snapshot_id, call.now_us)
        if stored is None or not (stored["owner"] == call.caller.id or call.may(Operation.ADMINISTER, None)):
            return None
        return stored

    def get(self, call: Call, snapshot_id: str) -> Stored:
        """Return a snapshot that the caller may see.

        Raises:
            BadRequestData: the id is no URI.
            ResourceNotFound: there is none, or none for this caller.
            NonexistentTenant: the tenant is not known.
        """
        check_uri(snapshot_id, pointer="snapshotId")
        self.broker.data(live(call))
        stored = self.find(call, snapshot_id)
        if stored is None:
            raise ResourceNotFound(f"There is no snapshot {snapshot_id} here.", pointer="snapshotId")
        return stored

    def current(self, tenant: str, snapshot_id: str, now_us: int) -> Stored | None:
        """Return a snapshot that has not expired, whosoever it is."""
        stored = self.documents.get(tenant, COLLECTION, snapshot_id)
        return None if stored is None or stored["expiresUs"] <= now_us else stored

    def count_copies(self, tenant: str, number: int) -> None:
        """Note that so much is copied.

        Raises:
            TooManyResults: it is more than the tenant may have copied in a day.
        """
        now_us = self.broker.clock.now_us()
        copied = self.copied.get(tenant, Copied(now_us, 0))
        if now_us - copied.since_us >= _DAY_US:
            copied = Copied(now_us, 0)
        total, most = copied.number + number, self.settings.copies
        if total > most:
            raise TooManyResults(
                f"With this snapshot {total} entities would be copied for the tenant within a day; it may be "
                f"{most}. Ask for less, or come again tomorrow."
            )
        self.copied[tenant] = Copied(copied.since_us, total)

    def is_current(self, job: Job) -> bool:
        """Whether the snapshot of a job is still wanted."""
        call = job.call
        stored = self.current(call.tenant, call.snapshot, self.broker.clock.now_us())
        return stored is not None and stored["createdUs"] == job.created_us

    def used_us(self, tenant: str, stored: Stored) -> int:
        """Return when a snapshot was used last."""
        kept_us: int = stored["usedUs"]
        return max(self.used.get((tenant, stored["body"]["id"]), 0), kept_us)

    def expires_us(self, body: Mapping[str, Any], now_us: int) -> int:
        """Return when a snapshot ends: as it is wished, within the bounds of the node (clause 5.16.1.4)."""
        settings = self.settings
        wished_us = lifetime_us(body) or settings.lifetime_us
        return now_us + min(wished_us, settings.most_lifetime_us)

    async def keep(self, tenant: str, stored: Stored) -> None:
        """Write a snapshot down; the caller holds the lock."""
        await self.documents.put(tenant, COLLECTION, stored["body"]["id"], stored)

    async def settle(self, tenant: str, stored: dict[str, Any]) -> Stored:
        """Write down what became of a snapshot, for its endpoint to be told; the caller holds the lock."""
        now_us = self.broker.clock.now_us()
        kept = {**stored, "modifiedUs": now_us, "told": "endpoint" not in stored["body"]}
        if stored["status"] == "failure":
            await self._will_sweep(tenant, stored["body"]["id"])
        await self.keep(tenant, kept)
        return kept

    async def end(self, tenant: str, snapshot_id: str) -> None:
        """End a snapshot durably; its entities are gone for everybody, and go in slices."""
        await self._will_sweep(tenant, snapshot_id)
        await self.documents.delete(tenant, COLLECTION, snapshot_id)
        self.used.pop((tenant, snapshot_id), None)
        self.wake.set()

    async def end_copies(self, call: Call, entity_id: str) -> None:
        """End the snapshots of a tenant that hold an entity, or may come to hold it; for a redaction."""
        if call.snapshot:
            return
        history = self.broker.history
        index = None if history is None else await history.caught_up()
        for snapshot_id, stored in self.documents.list(call.tenant, COLLECTION):
            dataset = self.broker.state.dataset(call.tenant, snapshot_id)
            holds = stored["status"] == PREPARING or entity_id in dataset.entities
            if not holds and index is not None:
                holds = await index.find(call.tenant, snapshot_id, entity_id) is not None
            if holds:
                async with self.lock:
                    await self.end(call.tenant, snapshot_id)
                self.tell(call.tenant, stored, call.now_us)

    async def _will_sweep(self, tenant: str, snapshot_id: str) -> None:
        await self.documents.put(tenant, SWEEPS, snapshot_id, {})

    async def swept(self, tenant: str, snapshot_id: str) -> None:
        """Write down that nothing is left of what stood under an id."""
        await self.documents.delete(tenant, SWEEPS, snapshot_id)

    def left_behind(self) -> tuple[str, str] | None:
        """Return a data set that is to be swept: its snapshot is there no more, or was not taken."""
        for tenant in self.broker.state.tenants():
            for snapshot_id, _ in self.documents.list(tenant, SWEEPS):
                stored = self.documents.get(tenant, COLLECTION, snapshot_id)
                if stored is None or stored["status"] == "failure":
                    return tenant, snapshot_id
        return None


def live(call: Call) -> Call:
    """Return a call on live data: the resources of snapshots are not part of any."""
    return replace(call, snapshot="") if call.snapshot else call
