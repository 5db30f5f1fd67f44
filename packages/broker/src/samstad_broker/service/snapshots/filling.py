"""Filling a snapshot: its queries run, what they find is written down (clauses 5.16.1.4, 5.16.2.4).

It is written in slices that let other requests through and never has much before the disk. A snapshot that
ends meanwhile is left; what was written of it goes with the next sweep.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from samstad_broker.domain.snapshots import PREPARING
from samstad_broker.service.entity_rows import Target, stage_copy, stage_end
from samstad_broker.service.expiry import node_call
from samstad_broker.service.snapshots.freezing import Frozen, freeze
from samstad_broker.service.snapshots.pace import let_others_write
from samstad_broker.service.snapshots.past import copy_past
from samstad_broker.service.snapshots.snapshots import COLLECTION, Job, Snapshots
from samstad_broker.service.temporal.staging import stage_deletion
from samstad_broker.spi.history import HistorySelection
from samstad_broker.spi.store import LogFull, StoreError
from samstad_ngsild.context import CORE
from samstad_ngsild.errors import InternalError, NgsiLdError, TooManyResults
from samstad_ngsild.query import parse_query_params

__all__ = ["Outcome", "clear", "fill", "settle"]

_SLICE = 50
"""Entities between two chances for other requests: about 2 ms (I5)."""
_AHEAD = 4
"""Slices that are staged before one is waited for: a commit has work, and others find the writer free."""

_log = logging.getLogger("samstad.snapshots")


class Outcome(NamedTuple):
    """What became of a snapshot: its status and the details of its queries (clauses 5.2.41, 5.2.42)."""

    status: str
    details: Sequence[Mapping[str, Any]]
    past_details: Sequence[Mapping[str, Any]]


async def fill(snapshots: Snapshots, job: Job) -> Outcome | None:
    """Fill a snapshot and return what is to be settled; None where it has ended meanwhile."""
    try:
        return await _filled(snapshots, job)
    except NgsiLdError as error:
        return _failed(snapshots, job, error.problem())
    except StoreError as error:
        return _failed(snapshots, job, _storage_problem(error))
    except Exception:  # noqa: BLE001 - a snapshot that cannot be taken must not take the node with it
        _log.exception("snapshot %s could not be filled", job.call.snapshot)
        fault = InternalError("The node met a fault of its own; its log says which.")
        return _failed(snapshots, job, fault.problem())


async def _filled(snapshots: Snapshots, job: Job) -> Outcome | None:
    key = job.call.tenant, job.call.snapshot
    await clear(snapshots, key)
    if not snapshots.is_current(job):
        return None
    frozen = await _frozen(snapshots, job)
    await snapshots.broker.writer.flushed()
    _check_room(snapshots, key, len(frozen.documents))
    if not await _write(snapshots, job, frozen.documents.values()):
        return None
    past = await copy_past(snapshots, job, frozen.documents)
    stored = snapshots.documents.get(key[0], COLLECTION, key[1])
    if stored is None or not past.is_whole:
        return None
    if job.source:
        return Outcome("success", stored["details"], stored["pastDetails"])
    return Outcome(_status([*frozen.details, *past.details]), frozen.details, past.details)


async def settle(snapshots: Snapshots, job: Job, outcome: Outcome) -> Mapping[str, Any] | None:
    """Write down what became of a snapshot; None where it has ended meanwhile.

    Raises:
        StoreError: the log takes no rows now.
    """
    call = job.call
    async with snapshots.lock:
        stored = snapshots.documents.get(call.tenant, COLLECTION, call.snapshot)
        if stored is None or (stored["createdUs"], stored["status"]) != (job.created_us, PREPARING):
            return None
        return await snapshots.settle(
            call.tenant,
            {
                **stored,
                "status": outcome.status,
                "details": list(outcome.details),
                "pastDetails": list(outcome.past_details),
            },
        )


async def clear(snapshots: Snapshots, key: tuple[str, str]) -> None:
    """Take away the entities of a snapshot that has ended, and then its history, in slices.

    Raises:
        StoreError: the log takes no rows now; what is left is nobody's to see in any case.
    """
    broker = snapshots.broker
    dataset = broker.state.dataset(*key)
    while records := dataset.records.after(0, _SLICE):
        await let_others_write(broker)
        call = node_call(broker, key, broker.clock.now_us())
        for record in records:
            durable = stage_end(broker, call, Target(dataset, record, record.parsed()))
        await durable
    await _clear_past(snapshots, key)
    broker.state.forget(*key)
    await snapshots.swept(*key)


async def _clear_past(snapshots: Snapshots, key: tuple[str, str]) -> None:
    """Forget the evolutions that are left: of what was deleted, of what was never current."""
    broker = snapshots.broker
    if broker.history is None:
        return
    index, after = await broker.history.caught_up(), 0
    while entities := await index.list_entities(*key, HistorySelection(), after=after, limit=_SLICE):
        after = entities[-1].key
        await let_others_write(broker)
        call = node_call(broker, key, broker.clock.now_us())
        for entity in entities:
            durable = stage_deletion(broker, call, entity.entity_id)
        await durable


async def _frozen(snapshots: Snapshots, job: Job) -> Frozen:
    call = replace(job.call, snapshot=job.source, now_us=snapshots.broker.clock.now_us())
    if not job.source:
        return await freeze(snapshots.broker, call, job.queries)
    everything = parse_query_params({"local": "true"}, CORE)
    frozen = await freeze(snapshots.broker, call, (everything,))
    return Frozen(frozen.documents, frozen.details)


def _check_room(snapshots: Snapshots, key: tuple[str, str], wanted: int) -> None:
    tenant, _ = key
    datasets = snapshots.broker.state.datasets()
    held = sum(len(dataset) for (owner, snapshot), dataset in datasets if snapshot and owner == tenant)
    most = snapshots.settings.entities
    if held + wanted > most:
        raise TooManyResults(
            f"The queries find {wanted} entities and the tenant's snapshots hold {held}; together they may "
            f"hold {most}. Ask for less, or delete snapshots."
        )
    snapshots.count_copies(tenant, wanted)


async def _write(snapshots: Snapshots, job: Job, documents: Iterable[bytes]) -> bool:
    """Write entities; False where the snapshot ended meanwhile."""
    broker, call = snapshots.broker, job.call
    dataset = broker.state.dataset(call.tenant, call.snapshot)
    durable, written = None, 0
    for encoded in documents:
        durable = stage_copy(broker, call, dataset, encoded)
        written += 1
        if written % _SLICE:
            continue
        await (asyncio.sleep(0) if written % (_SLICE * _AHEAD) else durable)
        await let_others_write(broker)
        if not snapshots.is_current(job):
            return False
    if durable is not None:
        await durable
    return snapshots.is_current(job)


def _status(details: Sequence[Mapping[str, Any]]) -> str:
    """Return the status that the results of the queries amount to (clause 5.16.1.4)."""
    results = {one["resultStatus"] for one in details}
    if "success" in results:
        return "success" if results == {"success"} else "partial"
    return "empty" if "empty" in results else "failure"


def _failed(snapshots: Snapshots, job: Job, problem: Mapping[str, Any]) -> Outcome | None:
    if not snapshots.is_current(job):
        return None
    details = [{"resultStatus": "failure", "problemDetails": problem}]
    most = 1 if job.source or not job.asks else 0
    return Outcome("failure", details * max(most, len(job.queries)), details * len(job.asks))


def _storage_problem(error: StoreError) -> dict[str, Any]:
    what = "The disk is nearly full" if isinstance(error, LogFull) else "The node could not write"
    return InternalError(f"{what}: the snapshot was not taken. Create it again later.").problem()
