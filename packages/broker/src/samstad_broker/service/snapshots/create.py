"""Create and clone snapshots: POST /snapshots, POST /snapshots/{id}/clone (clauses 5.16.1, 5.16.2).

- answered as soon as the snapshot is known; it is filled afterwards (see ``filling``);
- an id that exists is AlreadyExists, of several creators at once one wins;
- where a tenant has as many as it may, the least important one ends: the caller's own up to the same
  priority, somebody else's only below it (clause 5.5.15).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from samstad_broker.domain.snapshots import PREPARING, SnapshotRequest, parse_clone, parse_snapshot
from samstad_broker.service.call import Call
from samstad_broker.service.snapshots.snapshots import COLLECTION, Job, Snapshots, live
from samstad_broker.service.temporal.asking import TemporalAsk, ask_in_body
from samstad_broker.spi.authorizer import Forbidden, Operation
from samstad_ngsild.context import Context
from samstad_ngsild.errors import AlreadyExists, Conflict, NgsiLdError, TooManyResults
from samstad_ngsild.query import Query, compile_query

__all__ = ["clone_snapshot", "create_snapshot"]


async def create_snapshot(
    snapshots: Snapshots, call: Call, body: Any, context: Context, *, new_id: str
) -> str:
    """Begin a snapshot of what queries find and return its id.

    Raises:
        BadRequestData, OperationNotSupported: a restriction of clause 5.2.41 is not met.
        AlreadyExists: the id is taken.
        Forbidden: the caller may not both read and follow what the queries name.
        TooManyResults: the tenant has as many snapshots as it may, and all matter more.
    """
    call = live(call)
    request = parse_snapshot(body, context, snapshot_id=new_id)
    snapshots.broker.data(call)
    for query in request.queries:
        _require(call, query, Operation.READ)
    for _, query in request.past:
        _require(call, query, Operation.READ_HISTORY)
    asks = tuple(_ask(body, query, place) for place, (body, query) in enumerate(request.past))
    snapshot_id = request.body["id"]
    job = Job(replace(call, snapshot=snapshot_id), call.now_us, request.queries, asks)
    async with snapshots.lock:
        await _begin(snapshots, job, request)
    return str(snapshot_id)


async def clone_snapshot(snapshots: Snapshots, call: Call, source_id: str, body: Any, *, new_id: str) -> str:
    """Begin a copy of a snapshot, as it is now, and return the copy's id.

    Raises:
        BadRequestData: a restriction of clause 5.2.41 is not met.
        ResourceNotFound: there is no snapshot to clone, or none for this caller.
        Conflict: it is not ready.
        AlreadyExists: the id is taken.
        TooManyResults: as for ``create_snapshot``.
    """
    call = live(call)
    request = parse_clone(body, snapshot_id=new_id)
    source = snapshots.get(call, source_id)
    if source["status"] in {PREPARING, "failure"}:
        detail = f"The snapshot {source_id} is not ready to be cloned: see its snapshotStatus."
        raise Conflict(detail, pointer="snapshotId")
    names = ("snapshotQueries", "snapshotTemporalQueries")
    origin = {name: source["body"][name] for name in names if name in source["body"]}
    request = SnapshotRequest({**request.body, **origin})
    snapshot_id = request.body["id"]
    async with snapshots.lock:
        job = Job(replace(call, snapshot=snapshot_id), call.now_us, source=source_id)
        await _begin(snapshots, job, request, origin=source)
        snapshots.used[call.tenant, source_id] = call.now_us
    return str(snapshot_id)


def _ask(body: Mapping[str, Any], query: Query, place: int) -> TemporalAsk:
    try:
        return ask_in_body(body, query, aggregated=False)
    except NgsiLdError as error:
        error.pointer = f"/snapshotTemporalQueries/{place}{error.pointer or ''}"
        raise


def _require(call: Call, query: Query, reading: Operation) -> None:
    types = compile_query(query).types or (None,)
    if not all(call.may(one, name) for one in (Operation.SUBSCRIBE, reading) for name in types):
        raise Forbidden(
            f"{call.caller.id} may not both read and subscribe to all of these entity types here, and a "
            "snapshot takes both. Ask the node's administrator for a role that grants it."
        )


async def _begin(
    snapshots: Snapshots, job: Job, request: SnapshotRequest, *, origin: Mapping[str, Any] | None = None
) -> None:
    call, snapshot_id = job.call, job.call.snapshot
    if snapshots.current(call.tenant, snapshot_id, call.now_us) is not None:
        raise AlreadyExists(f"There is a snapshot {snapshot_id} already.", pointer="/id")
    await _make_room(snapshots, call, request.body["snapshotPriority"], spared=job.source)
    # The job comes first: a client that goes away while the row is written must not leave a snapshot that
    # nobody fills. Where the row cannot be written, the job finds no snapshot.
    snapshots.jobs.append(job)
    snapshots.wake.set()
    await snapshots.keep(
        call.tenant,
        {
            "body": request.body,
            "owner": call.caller.id,
            "status": PREPARING,
            "details": [] if origin is None else origin["details"],
            "pastDetails": [] if origin is None else origin["pastDetails"],
            "createdUs": call.now_us,
            "modifiedUs": call.now_us,
            "expiresUs": snapshots.expires_us(request.body, call.now_us),
            "usedUs": call.now_us,
            "told": True,
        },
    )


async def _make_room(snapshots: Snapshots, call: Call, priority: int, *, spared: str) -> None:
    held = [stored for _, stored in snapshots.documents.list(call.tenant, COLLECTION)]
    if len(held) < snapshots.settings.most:
        return

    def may_go(stored: Mapping[str, Any]) -> bool:
        body = stored["body"]
        most = priority if stored["owner"] == call.caller.id else priority - 1
        return bool(body["id"] != spared and body["snapshotPriority"] <= most)

    ended = [stored for stored in held if stored["expiresUs"] <= call.now_us]
    victims = ended or sorted(
        filter(may_go, held),
        key=lambda stored: (stored["body"]["snapshotPriority"], snapshots.used_us(call.tenant, stored)),
    )
    if not victims:
        raise TooManyResults(
            f"The tenant has {len(held)} snapshots, as many as it may, and none that this one could replace. "
            "Delete one, or give a higher snapshotPriority.",
            pointer="/snapshotPriority",
        )
    victim = victims[0]
    await snapshots.end(call.tenant, victim["body"]["id"])
    snapshots.tell(call.tenant, victim, min(victim["expiresUs"], call.now_us))
