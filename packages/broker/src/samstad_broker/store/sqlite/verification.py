"""Reading everything that a store holds, to find what does not read back as it was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import apsw

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import StoreError
from samstad_broker.store.history_files.checksums import checksum_path, is_as_written
from samstad_broker.store.sqlite.connection import connect_reader
from samstad_broker.store.sqlite.log_reader import LogReader
from samstad_broker.store.sqlite.settings import SqliteSettings
from samstad_broker.store.sqlite.stretch import Stretch

__all__ = ["Verification", "verify_files"]


class Verification(NamedTuple):
    """What was read and what was wrong with it."""

    rows: int
    databases: int
    history_files: int
    problems: tuple[str, ...]


def verify_files(
    directory: Path, settings: SqliteSettings, *, stretches: Sequence[Stretch], head: Position
) -> Verification:
    """Read log, projections and sealed history; blocks its thread, needs no lock and disturbs no writer."""
    problems: list[str] = []
    rows = 0
    for stretch in stretches:
        try:
            rows += _count_rows(settings, stretch, head)
        except StoreError as error:
            problems.append(str(error))
    databases = [*sorted(directory.glob("*.db")), *(stretch.path for stretch in stretches)]
    for path in databases:
        problems.extend(_check_database(path, settings.vfs))
    sealed = sorted(directory.glob("history/**/*.parquet"))
    problems.extend(problem for path in sealed for problem in _check_sealed(path))
    return Verification(rows, len(databases), len(sealed), tuple(problems))


def _count_rows(settings: SqliteSettings, stretch: Stretch, head: Position) -> int:
    reader, after, count = LogReader(settings), stretch.before, 0
    try:
        while rows := reader.read([stretch], after=after, until=head, limit=settings.slice_rows):
            count += len(rows)
            after = rows[-1].position
    finally:
        reader.close()
    return count


def _check_database(path: Path, vfs: str) -> Iterator[str]:
    try:
        connection = connect_reader(path, vfs=vfs)
        try:
            answers = [str(text) for (text,) in connection.execute("PRAGMA quick_check(10)")]
        finally:
            connection.close(force=True)
    except apsw.Error as error:
        answers = [str(error)]
    return (f"{path}: {answer}" for answer in answers if answer != "ok")


def _check_sealed(path: Path) -> Iterator[str]:
    noted = checksum_path(path)
    if not noted.is_file():
        yield f"{path}: its checksum {noted.name} is missing"
    elif not is_as_written(path):
        yield f"{path}: it is not as it was written; restore it from a backup"
