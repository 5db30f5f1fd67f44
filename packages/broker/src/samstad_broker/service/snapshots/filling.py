"""Filling a snapshot: its queries run, what they find is written down (clauses 5.16.1.4, 5.16.2.4).

It is written in slices that let other requests through and never has much before the disk. A snapshot that
ends meanwhile is left; what was written of it goes with the next sweep.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from samstad_broker.domain.snapshots import PREPARING
from samstad_broker.service.entity_rows import Target, stage_copy, stage_end
from samstad_broker.service.expiry import node_call
from samstad_broker.service.snapshots.freezing import Frozen, freeze
from samstad_broker.service.snapshots.snapshots import COLLECTION, Job, Snapshots
from samstad_broker.service.temporal.staging import stage_deletion
from samstad_broker.service.writer import Overloaded
from samstad_broker.spi.store import LogFull, StoreError
from samstad_ngsild.context import CORE
from samstad_ngsild.errors import InternalError, NgsiLdError, TooManyResults
from samstad_ngsild.query import parse_query_params

__all__ = ["clear", "fill", "settle"]

_SLICE = 50
"""Entities between two chances for other requests: about 2 ms (I5)."""
_AHEAD = 4
"""Slices that are staged before one is waited for: a commit has work, and others find the writer free."""
_PAUSE_US = 100_000

_log = logging.getLogger("samstad.snapshots")


async def fill(snapshots: Snapshots, job: Job) -> tuple[str, list[Mapping[str, Any]]] | None:
    """Fill a snapshot and return its status and details to be settled; None where it has ended meanwhile."""
    key = job.call.tenant, job.call.snapshot
    try:
        await clear(snapshots, key)
        if not snapshots.is_current(job):
            return None
        frozen = await _frozen(snapshots, job)
        await snapshots.broker.writer.flushed()
        _check_room(snapshots, key, len(frozen.documents))
        if not await _write(snapshots, job, frozen.documents.values()):
            return None
    except NgsiLdError as error:
        return _failed(snapshots, job, error.problem())
    except StoreError as error:
        return _failed(snapshots, job, _storage_problem(error))
    except Exception:  # noqa: BLE001 - a snapshot that cannot be taken must not take the node with it
        _log.exception("snapshot %s could not be filled", job.call.snapshot)
        return _failed(
            snapshots, job, InternalError("The node met a fault of its own; its log says which.").problem()
        )
    if job.source:
        return "success", snapshots.documents.get(key[0], COLLECTION, key[1])["details"]  # type: ignore[index]
    return _status(frozen), list(frozen.details)


async def settle(
    snapshots: Snapshots, job: Job, status: str, details: list[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """Write down what became of a snapshot; None where it has ended meanwhile.

    Raises:
        StoreError: the log takes no rows now.
    """
    call = job.call
    async with snapshots.lock:
        stored = snapshots.documents.get(call.tenant, COLLECTION, call.snapshot)
        if stored is None or (stored["createdUs"], stored["status"]) != (job.created_us, PREPARING):
            return None
        kept = {
            **stored,
            "status": status,
            "details": details,
            "modifiedUs": snapshots.broker.clock.now_us(),
            "told": "endpoint" not in stored["body"],
        }
        await snapshots.keep(call.tenant, kept)
    return kept


async def clear(snapshots: Snapshots, key: tuple[str, str]) -> None:
    """Take away the entities of a snapshot that has ended, with their history, in slices.

    Raises:
        StoreError: the log takes no rows now; what is left is nobody's to see in any case.
    """
    broker = snapshots.broker
    dataset = broker.state.dataset(*key)
    while records := dataset.records.after(0, _SLICE):
        await _let_others_write(snapshots)
        call = node_call(broker, key, broker.clock.now_us())
        for record in records:
            stage_end(broker, call, Target(dataset, record, record.parsed()))
            durable = stage_deletion(broker, call, record.id)
        await durable
    broker.state.forget(*key)


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
        await _let_others_write(snapshots)
        if not snapshots.is_current(job):
            return False
    if durable is not None:
        await durable
    return snapshots.is_current(job)


async def _let_others_write(snapshots: Snapshots) -> None:
    """Return when the disk keeps up with what others write: a snapshot is in no hurry."""
    broker = snapshots.broker
    while True:
        try:
            broker.writer.check()
        except Overloaded:
            await broker.clock.sleep_until(broker.clock.now_us() + _PAUSE_US)
        else:
            return


def _status(frozen: Frozen) -> str:
    """Return the status that the results of the queries amount to (clause 5.16.1.4)."""
    results = [one["resultStatus"] for one in frozen.details]
    if "success" in results:
        return "success" if set(results) == {"success"} else "partial"
    return "empty" if "empty" in results else "failure"


def _failed(
    snapshots: Snapshots, job: Job, problem: Mapping[str, Any]
) -> tuple[str, list[Mapping[str, Any]]] | None:
    if not snapshots.is_current(job):
        return None
    return "failure", [{"resultStatus": "failure", "problemDetails": problem}] * max(1, len(job.queries))


def _storage_problem(error: StoreError) -> dict[str, Any]:
    what = "The disk is nearly full" if isinstance(error, LogFull) else "The node could not write"
    return InternalError(f"{what}: the snapshot was not taken. Create it again later.").problem()
