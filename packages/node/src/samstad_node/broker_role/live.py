"""What changes, as it becomes durable, to the browsers that look (Server-Sent Events).

Each browser has a bounded queue: one that cannot follow misses rows and is told how many, and nobody else
waits for it (I5).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence

import orjson

from samstad_broker.domain.rows import Row, RowKind
from samstad_ngsild.document import CORE_MEMBERS

__all__ = ["LiveFeed"]

_QUEUE = 500
_CLIENTS = 200
_SHOWN = frozenset({RowKind.CHANGE, RowKind.DELETE, RowKind.EXPIRE})
_KEEP_ALIVE_S = 15

MayRead = Callable[[Collection[str]], bool]


class LiveFeed:
    """Gives rows on to whoever listens."""

    def __init__(self) -> None:
        self._clients: set[_Client] = set()

    @property
    def is_full(self) -> bool:
        """Whether as many browsers listen as the node serves at once."""
        return len(self._clients) >= _CLIENTS

    def publish(self, rows: Sequence[Row]) -> None:
        """Take rows that became durable; nothing is done while nobody listens."""
        if not self._clients:
            return
        events = [(row.tenant, event) for row in rows if (event := _event(row)) is not None]
        for client in self._clients:
            client.offer(events)

    async def listen(self, tenant: str, may_read: MayRead) -> AsyncIterator[bytes]:
        """Yield events of a tenant until the browser goes."""
        client = _Client(tenant, may_read)
        self._clients.add(client)
        try:
            yield b"retry: 2000\n\n"
            while True:
                yield await client.next()
        finally:
            self._clients.discard(client)


class _Client:
    def __init__(self, tenant: str, may_read: MayRead) -> None:
        self._tenant = tenant
        self._may_read = may_read
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUE)
        self._missed = 0

    def offer(self, events: Sequence[tuple[str, _Event]]) -> None:
        for tenant, (types, encoded) in events:
            if tenant != self._tenant or not self._may_read(types):
                continue
            try:
                self._queue.put_nowait(encoded)
            except asyncio.QueueFull:
                self._missed += 1

    async def next(self) -> bytes:
        if self._missed and self._queue.empty():
            missed, self._missed = self._missed, 0
            return b"event: missed\ndata: %d\n\n" % missed
        try:
            return await asyncio.wait_for(self._queue.get(), _KEEP_ALIVE_S)
        except TimeoutError:
            return b": still here\n\n"


_Event = tuple[list[str], bytes]


def _event(row: Row) -> _Event | None:
    if row.kind not in _SHOWN or row.snapshot:
        return None
    payload = orjson.loads(row.payload)
    head = payload.get("head") or payload["was"]
    told = {
        "id": row.subject,
        "type": [_short(name) for name in head["type"]],
        "kind": row.kind.value,
        "at": row.time_us,
        "values": {
            _short(name): _value(instances)
            for name, instances in payload.get("set", {}).items()
            if name not in CORE_MEMBERS
        },
    }
    return head["type"], b"id: %s\ndata: %s\n\n" % (str(row.position).encode(), orjson.dumps(told))


def _short(iri: str) -> str:
    """Return the last part of a name, for a table that people read."""
    return iri.replace("#", "/").rstrip("/").rpartition("/")[2]


def _value(instances: list[dict[str, object]]) -> object:
    if not instances:
        return None
    first = instances[0]
    for member in ("value", "object", "vocab", "languageMap", "valueList", "objectList", "json"):
        if member in first:
            return first[member]
    return None
