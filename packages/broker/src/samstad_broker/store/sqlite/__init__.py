"""The embedded store: SQLite files under one directory."""

from samstad_broker.store.sqlite.backup import backup_directory, read_manifest
from samstad_broker.store.sqlite.copying import copy_database
from samstad_broker.store.sqlite.restore import restore
from samstad_broker.store.sqlite.sealing import SealingFailed
from samstad_broker.store.sqlite.sealing_job import SealedFile
from samstad_broker.store.sqlite.settings import SqliteSettings
from samstad_broker.store.sqlite.store import SqliteStore
from samstad_broker.store.sqlite.verification import Verification

__all__ = [
    "SealedFile",
    "SealingFailed",
    "SqliteSettings",
    "SqliteStore",
    "Verification",
    "backup_directory",
    "copy_database",
    "read_manifest",
    "restore",
]
