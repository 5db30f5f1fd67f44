"""A snapshot as clients see it, and as its endpoint is told of it (clauses 5.2.41, 5.2.42 and 5.3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_ngsild.context import Context
from samstad_ngsild.entities.dates import iso

__all__ = ["MEMBERS", "OUTPUT_ONLY", "notification_body", "represent_snapshot"]

OUTPUT_ONLY = frozenset(
    {
        "snapshotStatus", "snapshotQueriesDetails", "snapshotTemporalQueriesDetails", "createdAt",
        "modifiedAt", "expiresAt", "lastUsedAt",
    }
)  # fmt: skip
"""Members that the node alone writes; given by a client they are passed over (Table 5.2.41-2)."""

MEMBERS = OUTPUT_ONLY | {
    "id", "type", "snapshotQueries", "snapshotTemporalQueries", "snapshotLifetime", "snapshotPriority",
    "endpoint", "receiverInfo",
}  # fmt: skip
"""Every member of a snapshot: what a purge may look at (clause 5.16.7.4)."""


def represent_snapshot(stored: Mapping[str, Any], context: Context, *, used_us: int) -> dict[str, Any]:
    """Return the JSON members of a snapshot, without @context.

    Args:
        stored: as ``service.snapshots`` keeps it.
        context: in which the names in its queries are written; q and projections stay as they were given.
        used_us: when it was used last, microseconds since 1970 UTC.
    """
    body = dict(stored["body"])
    for name in ("snapshotQueries", "snapshotTemporalQueries"):
        if name in body:
            body[name] = [_query(one, context) for one in body[name]]
    body["snapshotStatus"] = stored["status"]
    if stored["details"]:
        body["snapshotQueriesDetails"] = stored["details"]
    if stored["pastDetails"]:
        body["snapshotTemporalQueriesDetails"] = stored["pastDetails"]
    body["createdAt"] = iso(stored["createdUs"])
    body["modifiedAt"] = iso(stored["modifiedUs"])
    body["expiresAt"] = iso(stored["expiresUs"])
    body["lastUsedAt"] = iso(used_us)
    return body


def notification_body(
    stored: Mapping[str, Any], *, notification_id: str, now_us: int, ended_us: int | None = None
) -> dict[str, Any]:
    """Return a SnapshotNotification; ``ended_us`` says when the snapshot ended before its time (5.3.4)."""
    body = {
        "id": notification_id,
        "type": "SnapshotNotification",
        "snapshotId": stored["body"]["id"],
        # One that ended before it was ready is told as what failed: the table knows no "preparing" here.
        "snapshotStatus": "failure" if stored["status"] == "preparing" else stored["status"],
        "snapshotPriority": stored["body"]["snapshotPriority"],
        "expiresAt": iso(stored["expiresUs"] if ended_us is None else ended_us),
        "notifiedAt": iso(now_us),
    }
    if stored["details"]:
        body["snapshotQueriesDetails"] = stored["details"]
    if stored["pastDetails"]:
        body["temporalSnapshotQueriesDetails"] = stored["pastDetails"]
    return body


def _query(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    shown = dict(body)
    if "entities" in body:
        shown["entities"] = [
            {**one, "type": one["type"] if one["type"] == "*" else context.compact(one["type"])}
            for one in body["entities"]
        ]
    if "attrs" in body:
        shown["attrs"] = [context.compact(name) for name in body["attrs"]]
    if "geoproperty" in body.get("geoQ", ()):
        shown["geoQ"] = {**body["geoQ"], "geoproperty": context.compact(body["geoQ"]["geoproperty"])}
    return shown
