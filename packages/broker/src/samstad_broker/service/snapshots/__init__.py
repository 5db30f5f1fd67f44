"""Snapshots: frozen copies of what queries find, to be asked and tried things on (clauses 4.3.7, 5.16)."""

from samstad_broker.service.snapshots.create import clone_snapshot, create_snapshot
from samstad_broker.service.snapshots.end import delete_snapshot, purge_snapshots
from samstad_broker.service.snapshots.keeping import SnapshotTask
from samstad_broker.service.snapshots.snapshots import COLLECTION, Snapshots, SnapshotSettings
from samstad_broker.service.snapshots.telling import SnapshotNotices, SnapshotNoticeSettings
from samstad_broker.service.snapshots.update import update_snapshot

__all__ = [
    "COLLECTION",
    "SnapshotNoticeSettings",
    "SnapshotNotices",
    "SnapshotSettings",
    "SnapshotTask",
    "Snapshots",
    "clone_snapshot",
    "create_snapshot",
    "delete_snapshot",
    "purge_snapshots",
    "update_snapshot",
]
