"""Delete and purge snapshots: DELETE /snapshots/{snapshotId}, DELETE /snapshots (clauses 5.16.5, 5.16.7)."""

from __future__ import annotations

from dataclasses import dataclass, field

from samstad_broker.domain.snapshots import MEMBERS, represent_snapshot
from samstad_broker.service.call import Call
from samstad_broker.service.snapshots.snapshots import COLLECTION, Snapshots, live
from samstad_broker.spi.store import StoreError
from samstad_ngsild.context import Context
from samstad_ngsild.errors import BadRequestData, ResourceNotFound
from samstad_ngsild.query import attribute_names, compile_csf, link_depth, parse_q

__all__ = ["Purged", "delete_snapshot", "purge_snapshots"]


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did: ids that are gone, and those that could not go with the reason."""

    gone: list[str] = field(default_factory=list)
    failed: list[tuple[str, StoreError]] = field(default_factory=list)


async def delete_snapshot(snapshots: Snapshots, call: Call, snapshot_id: str) -> None:
    """End a snapshot, ready or not.

    Raises:
        BadRequestData: the id is no URI.
        ResourceNotFound: there is none, or none for this caller.
    """
    async with snapshots.lock:
        snapshots.get(call, snapshot_id)
        await snapshots.end(call.tenant, snapshot_id)


async def purge_snapshots(snapshots: Snapshots, call: Call, q: str | None, context: Context) -> Purged:
    """End all snapshots of the caller's that meet a query.

    Raises:
        BadRequestData: the query is missing, malformed, or about what is no member of a snapshot.
        ResourceNotFound: no snapshot meets it (Table 6.36.3.2-2).
    """
    call = live(call)
    snapshots.broker.data(call)
    if not q:
        raise BadRequestData('Say which snapshots by q, such as snapshotStatus=="failure".', pointer="q")
    expression = parse_q(q, pointer="q")
    foreign = attribute_names(expression) - MEMBERS
    if foreign or link_depth(expression):
        name = min(foreign, default="a linked entity")
        raise BadRequestData(f"{name} is no member of a snapshot.", pointer="q")
    matches = compile_csf(expression, context)
    purged = Purged()
    async with snapshots.lock:
        for snapshot_id, stored in snapshots.documents.list(call.tenant, COLLECTION):
            if snapshots.find(call, snapshot_id) is None:
                continue
            used_us = snapshots.used_us(call.tenant, stored)
            if matches(represent_snapshot(stored, context, used_us=used_us)):
                await _end(snapshots, call, snapshot_id, purged)
    if not (purged.gone or purged.failed):
        raise ResourceNotFound("No snapshot here meets the query.", pointer="q")
    if not purged.gone:
        raise purged.failed[0][1]
    return purged


async def _end(snapshots: Snapshots, call: Call, snapshot_id: str, purged: Purged) -> None:
    try:
        await snapshots.end(call.tenant, snapshot_id)
    except StoreError as error:
        purged.failed.append((snapshot_id, error))
    else:
        purged.gone.append(snapshot_id)
