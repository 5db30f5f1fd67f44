"""Whether this release can open a node's data, what it would change, and how to come back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import apsw
import msgspec

from samstad_access.store.sqlite import schema_steps as access_steps
from samstad_broker.store.sqlite.migrations import migrations
from samstad_node.keeping.places import BROKER

__all__ = ["Database", "Verdict", "databases_of", "room_needed"]

KNOWN: dict[str, int] = {
    f"{BROKER}/state.db": len(migrations("state")),
    f"{BROKER}/delivery.db": len(migrations("delivery")),
    f"{BROKER}/temporal.db": len(migrations("temporal")),
    "access.db": access_steps(),
}
"""Database → how many steps of its schema this release knows; files of the log have one of their own."""
_LOG_STEPS = len(migrations("log"))


class Verdict(StrEnum):
    """What this release does with a database."""

    READY = "ready"
    WILL_MIGRATE = "will migrate"
    TOO_NEW = "too new"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    """No package of this release has a database of this name: it is left as it is."""


class Database(msgspec.Struct, frozen=True):
    """One database of a node: schema steps it has, and steps that this release knows."""

    path: str
    bytes: int
    has: int
    known: int
    verdict: Verdict


def databases_of(data: Path) -> list[Database]:
    """Return what each database under a data directory is to this release; nothing is changed by looking."""
    return list(_looked_at(data))


def _looked_at(data: Path) -> Iterator[Database]:
    places = [*data.glob("*.db"), *data.glob(f"{BROKER}/*.db"), *data.glob(f"{BROKER}/log/*.db")]
    for path in sorted(places):
        name = str(path.relative_to(data))
        known = _LOG_STEPS if path.parent.name == "log" else KNOWN.get(name, 0)
        size = path.stat().st_size
        try:
            has = _schema(path)
        except apsw.Error:
            yield Database(name, size, 0, known, Verdict.UNREADABLE)
            continue
        yield Database(name, size, has, known, _verdict(has, known))


def _schema(path: Path) -> int:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.pragma("query_only", 1)
        return int(connection.pragma("user_version"))
    finally:
        connection.close()


def _verdict(has: int, known: int) -> Verdict:
    if not known:
        return Verdict.UNKNOWN
    if has > known:
        return Verdict.TOO_NEW
    return Verdict.READY if has == known else Verdict.WILL_MIGRATE


def room_needed(data: Path, found: list[Database]) -> tuple[int, int]:
    """Return the bytes that a backup and the migrations take at most, and those that are free."""
    whole = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
    changed = sum(database.bytes for database in found if database.verdict is Verdict.WILL_MIGRATE)
    return whole + changed, shutil.disk_usage(data).free
