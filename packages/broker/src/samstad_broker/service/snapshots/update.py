"""Update snapshot status: PATCH /snapshots/{snapshotId} (clauses 5.16.4, 6.37.3.2).

- lifetime, priority, endpoint and receiverInfo can be changed, queries and id cannot;
- a new lifetime counts from now, within the bounds of the node;
- the endpoint is told of the outcome (clause 5.16.6), of a snapshot in preparation when it is ready.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_broker.domain.snapshots import PREPARING, parse_update
from samstad_broker.service.call import Call
from samstad_broker.service.snapshots.snapshots import Snapshots

__all__ = ["update_snapshot"]


async def update_snapshot(
    snapshots: Snapshots, call: Call, snapshot_id: str, fragment: Any
) -> Mapping[str, Any]:
    """Change a snapshot and return it as it is kept then.

    Raises:
        BadRequestData: a restriction of clause 5.2.41 is not met, or a member cannot be changed.
        ResourceNotFound: there is none, or none for this caller.
    """
    snapshots.get(call, snapshot_id)
    async with snapshots.lock:
        stored = snapshots.get(call, snapshot_id)
        body = parse_update(stored["body"], fragment)
        is_ready = stored["status"] != PREPARING
        kept = {
            **stored,
            "body": body,
            "modifiedUs": call.now_us,
            "told": not (is_ready and "endpoint" in body),
        }
        if "snapshotLifetime" in fragment:
            kept["expiresUs"] = snapshots.expires_us(body, call.now_us)
        await snapshots.keep(call.tenant, kept)
    snapshots.wake.set()
    if not kept["told"]:
        snapshots.tell(call.tenant, kept, None)
    return kept
