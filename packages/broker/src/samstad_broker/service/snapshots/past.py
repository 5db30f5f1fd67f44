"""The past in a snapshot: evolutions that temporal queries find, or those of a snapshot that is cloned.

Instances keep their times and get ids of their own. What a current entity of the snapshot brings into its
history by itself is not written a second time. The history is read entity by entity while writes go on, so a
late observation that comes meanwhile may be in or not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from samstad_broker.service.call import Call
from samstad_broker.service.history import HistoryBehind
from samstad_broker.service.snapshots.pace import let_others_write
from samstad_broker.service.snapshots.snapshots import Job, Snapshots
from samstad_broker.service.temporal.access import index_for_reading, readable
from samstad_broker.service.temporal.asking import TemporalAsk
from samstad_broker.service.temporal.query import search_evolutions
from samstad_broker.service.temporal.reading import Chosen, read_windows
from samstad_broker.service.temporal.staging import stage_addition
from samstad_broker.spi.history import HistoryEntity, HistoryIndex, HistorySelection, HistoryWindow
from samstad_ngsild.document import Instance
from samstad_ngsild.errors import InternalError, NgsiLdError, TooManyResults

__all__ = ["Past", "copy_past"]

_BATCH = 50
"""Entities of a cloned snapshot that are read at once."""
_ROW_INSTANCES = 200
"""Instances in one row: about 1 ms."""


class Past(NamedTuple):
    """What of the past came into a snapshot.

    Attributes:
        details: what became of each temporal query (clause 5.2.42).
        is_whole: False where the snapshot ended meanwhile.
    """

    details: list[dict[str, Any]]
    is_whole: bool


_Evolution = tuple[HistoryEntity, Mapping[str, list[Instance]]]


async def copy_past(snapshots: Snapshots, job: Job, documents: Mapping[str, bytes]) -> Past:
    """Write the past that a job asks for.

    Args:
        snapshots: see there.
        job: what is to be filled.
        documents: the current entities of the snapshot, which are written already.

    Raises:
        TooManyResults: there is more of it than a snapshot may hold.
        StoreError: the log takes no rows now.
    """
    broker = snapshots.broker
    if broker.history is None or not (job.asks or job.source):
        return Past([], is_whole=True)
    call = replace(job.call, snapshot=job.source, now_us=broker.clock.now_us())
    details: list[dict[str, Any]] = []
    if job.source:
        evolutions = _of_snapshot(snapshots, call)
    else:
        found, details = await _search(snapshots, call, job.asks)
        evolutions = _of_queries(snapshots, call, found)
    written = 0
    async for entity, attributes in evolutions:
        fresh = _fresh(attributes, documents.get(entity.entity_id))
        number = sum(map(len, fresh.values()))
        snapshots.count_copies(call.tenant, number)
        written += number
        if written > snapshots.settings.instances:
            most = snapshots.settings.instances
            raise TooManyResults(f"A snapshot may hold {most} instances of the past: ask for a shorter time.")
        if not await _write(snapshots, job, entity, fresh):
            return Past(details, is_whole=False)
    return Past(details, is_whole=True)


async def _search(
    snapshots: Snapshots, call: Call, asks: Sequence[TemporalAsk]
) -> tuple[dict[str, list[tuple[TemporalAsk, Chosen]]], list[dict[str, Any]]]:
    found: dict[str, list[tuple[TemporalAsk, Chosen]]] = {}
    details: list[dict[str, Any]] = []
    for ask in asks:
        try:
            chosen = await search_evolutions(snapshots.broker, call, ask)
        except NgsiLdError as error:
            details.append({"resultStatus": "failure", "problemDetails": error.problem()})
            continue
        except HistoryBehind as error:
            problem = InternalError(str(error)).problem()
            details.append({"resultStatus": "failure", "problemDetails": problem})
            continue
        details.append({"resultStatus": "success" if chosen else "empty"})
        for one in chosen:
            found.setdefault(one.entity.entity_id, []).append((ask, one))
    return found, details


async def _of_queries(
    snapshots: Snapshots, call: Call, found: Mapping[str, list[tuple[TemporalAsk, Chosen]]]
) -> AsyncIterator[_Evolution]:
    """Yield what queries show of each entity, an instance that several show once."""
    index = await index_for_reading(snapshots.broker, call)
    for several in found.values():
        merged: dict[str, dict[str, Instance]] = {}
        for ask, chosen in several:
            for name, instances in (await _shown(snapshots, index, ask, chosen)).items():
                merged.setdefault(name, {}).update((one["instanceId"], one) for one in instances)
        yield several[0][1].entity, {name: list(by_id.values()) for name, by_id in merged.items()}


async def _shown(
    snapshots: Snapshots, index: HistoryIndex, ask: TemporalAsk, chosen: Chosen
) -> Mapping[str, list[Instance]]:
    [read] = await read_windows(
        index, [chosen.entity], ask, chosen.windows, limit=snapshots.settings.instances
    )
    shown = {name: instances for name, instances in read.items() if name not in ask.omitted}
    if chosen.scopes is not None:
        shown["scope"] = chosen.scopes
    return shown


async def _of_snapshot(snapshots: Snapshots, call: Call) -> AsyncIterator[_Evolution]:
    """Yield the evolutions of a snapshot, as far as the caller may read them."""
    index = await index_for_reading(snapshots.broker, call)
    may_read, after = readable(call), 0
    everything = HistoryWindow(timeproperty="modifiedAt")
    while batch := await index.list_entities(
        call.tenant, call.snapshot, HistorySelection(), after=after, limit=_BATCH
    ):
        after = batch[-1].key
        wanted = [entity for entity in batch if may_read(entity.types)]
        for entity, attributes in zip(wanted, await index.read(wanted, everything), strict=True):
            yield entity, attributes


def _fresh(attributes: Mapping[str, list[Instance]], current: bytes | None) -> dict[str, list[Instance]]:
    """Return the instances without ids, and without those that the current entity has brought."""
    known: dict[str, Any] = {} if current is None else orjson.loads(current)
    if "scope" in known:
        known["scope"] = ()  # a scope is kept as texts, its history as instances
    fresh: dict[str, list[Instance]] = {}
    for name, instances in attributes.items():
        present = known.get(name, ())
        bare = [{key: value for key, value in one.items() if key != "instanceId"} for one in instances]
        kept = [one for one in bare if one not in present]
        if kept:
            fresh[name] = kept
    return fresh


async def _write(
    snapshots: Snapshots, job: Job, entity: HistoryEntity, attributes: Mapping[str, list[Instance]]
) -> bool:
    for part in _parts(attributes):
        await let_others_write(snapshots.broker)
        await stage_addition(snapshots.broker, job.call, entity.entity_id, entity.types, part)
        if not snapshots.is_current(job):
            return False
    return True


def _parts(attributes: Mapping[str, list[Instance]]) -> Iterator[dict[str, list[Instance]]]:
    """Yield the instances in portions for one row each."""
    part: dict[str, list[Instance]] = {}
    size = 0
    for name, instances in attributes.items():
        for start in range(0, len(instances), _ROW_INSTANCES):
            portion = instances[start : start + _ROW_INSTANCES]
            if size and size + len(portion) > _ROW_INSTANCES:
                yield part
                part, size = {}, 0
            part[name] = portion
            size += len(portion)
    if part:
        yield part
