"""Snapshots as documents: what a client may ask for, what is kept, what is shown (clauses 5.2.41, 5.2.42)."""

from samstad_broker.domain.snapshots.parsing import (
    PREPARING,
    SnapshotRequest,
    parse_clone,
    parse_snapshot,
    parse_update,
)
from samstad_broker.domain.snapshots.reducing import joined, leaves_all, reduced
from samstad_broker.domain.snapshots.representation import MEMBERS, notification_body, represent_snapshot

__all__ = [
    "MEMBERS",
    "PREPARING",
    "SnapshotRequest",
    "joined",
    "leaves_all",
    "notification_body",
    "parse_clone",
    "parse_snapshot",
    "parse_update",
    "reduced",
    "represent_snapshot",
]
