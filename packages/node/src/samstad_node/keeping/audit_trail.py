"""The audit entries that a node, a backup or an export of it holds, read from its files and nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec

from samstad_access.domain.audit import ChainedEntry, read_entries
from samstad_broker.domain.rows import Position, RowKind
from samstad_broker.store.history_files.database import open_database
from samstad_broker.store.history_files.sealed import find_sealed
from samstad_broker.store.sqlite.log_reader import LogReader
from samstad_broker.store.sqlite.settings import SqliteSettings
from samstad_broker.store.sqlite.stretch import find_stretches
from samstad_node.keeping.places import BROKER

__all__ = ["NoTrail", "audit_entries"]

_LOG = "log"
_SEALED = "SELECT json FROM read_parquet(?) WHERE kind = 'audit' ORDER BY epoch, position"


class NoTrail(Exception):
    """A place holds no audit entries that could be read; says which place."""


def audit_entries(place: Path) -> Iterator[ChainedEntry]:
    """Yield the entries in the order in which they were written.

    Args:
        place: a file of JSON lines, an export, or the data directory of a node that may serve meanwhile.

    Raises:
        NoTrail: there is nothing of the kind, or it cannot be read.
        StoreError: a row of the log is damaged.
    """
    if place.is_file():
        yield from _lines(place)
        return
    kept = next((path for path in (place / BROKER, place) if path.is_dir() and _holds_history(path)), None)
    if kept is None:
        raise NoTrail(f"{place} is no file of audit entries, no export and no data directory of a node")
    end = Position(0, 0)
    for sealed in find_sealed(kept / "history"):
        yield from _sealed([str(path) for path in sealed.paths])
        end = sealed.end
    yield from _in_log(kept / _LOG, end)


def _holds_history(path: Path) -> bool:
    return (path / "history").is_dir() or (path / _LOG).is_dir()


def _lines(path: Path) -> Iterator[ChainedEntry]:
    with path.open("rb") as lines:
        try:
            yield from read_entries(lines)
        except ValueError as error:
            raise NoTrail(f"{path}: {error}") from error


def _sealed(paths: list[str]) -> Iterator[ChainedEntry]:
    with tempfile.TemporaryDirectory(prefix="samstad-audit-") as scratch:
        database = open_database(Path(scratch) / "spill")
        try:
            found = database.execute(_SEALED, [paths])
            while rows := found.fetchmany(1_000):
                yield from (_entry(text.encode()) for (text,) in rows)
        except duckdb.Error as error:
            raise NoTrail(f"{', '.join(paths)} cannot be read: {error}") from error
        finally:
            database.close()


def _in_log(directory: Path, after: Position) -> Iterator[ChainedEntry]:
    """Yield what is in the log's own files; what is sealed and not dropped yet is passed over."""
    stretches = find_stretches(directory) if directory.is_dir() else []
    reader = LogReader(SqliteSettings())
    try:
        for stretch in stretches:
            begin, last = max(after, stretch.before), reader.last_position(stretch)
            while rows := reader.read([stretch], after=begin, until=last, limit=1_000):
                begin = rows[-1].position
                yield from (_entry(row.payload) for row in rows if row.kind is RowKind.AUDIT)
    finally:
        reader.close()


def _entry(text: bytes) -> ChainedEntry:
    try:
        return msgspec.json.decode(text, type=ChainedEntry)
    except msgspec.MsgspecError as error:
        raise NoTrail(f"an audit row is no audit entry: {error}") from error
