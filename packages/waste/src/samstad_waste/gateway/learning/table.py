"""Tables of emptyings as CSV: the recorded ones of Edinburgh's council, or four columns of anybody's."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from samstad_waste.domain.errors import HistoryRefused
from samstad_waste.domain.selective import Found

__all__ = ["Columns", "read_table"]

_LARGEST_BYTES = 512 * 1024 * 1024


class Columns(NamedTuple):
    """Which column holds what; ``only``: a column and its value, others are left out."""

    bin: str
    area: str
    at: str
    level: str
    only: tuple[str, str] | None = None
    zone: str = ""


EDINBURGH = Columns(
    bin="Site",
    area="Address",
    at="Date & Time of bin collection (Europe/London)",
    level="Fill level before collection (%) [Nb 100% is actually a bin that's 80% full]",
    only=("Container slot:Name", "1"),
    zone="Europe/London",
)
OWN = Columns(bin="bin", area="area", at="at", level="level")


def read_table(path: Path, *, zone: str) -> tuple[list[Found], int]:
    """Return the emptyings of a file, or of ``emptyings.csv`` in a directory, and how many rows it left out.

    Args:
        path: of the table.
        zone: of times without one; Edinburgh's table has its own.

    Raises:
        HistoryRefused: it is none, or has no row that can be used.
    """
    file = path / "emptyings.csv" if path.is_dir() else path
    if not file.is_file():
        raise HistoryRefused(f"{file} is no file: name a table of emptyings in CSV.")
    if file.stat().st_size > _LARGEST_BYTES:
        raise HistoryRefused(f"{file} is larger than 512 MiB: take a shorter time.")
    try:
        found, left = _read(file, zone)
    except (UnicodeDecodeError, csv.Error) as error:
        raise HistoryRefused(f"{file} is no CSV in UTF-8: {error}.") from None
    if len(found) < 2:
        raise HistoryRefused(f"{file} has no two emptyings that can be read; {left} rows were left out.")
    return found, left


def _read(file: Path, zone: str) -> tuple[list[Found], int]:
    found: list[Found] = []
    left = 0
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        columns = _columns(rows.fieldnames or (), file)
        place = ZoneInfo(columns.zone or zone)
        for row in rows:
            one = next(_row(row, columns, place), None)
            left += one is None
            found += [one] if one else []
    return found, left


def _columns(names: object, file: Path) -> Columns:
    there = set(names) if isinstance(names, list | tuple) else set()
    for columns in (EDINBURGH, OWN):
        if {columns.bin, columns.at, columns.level} <= there:
            return columns
    raise HistoryRefused(f"{file} needs the columns bin, area, at and level; it has {sorted(there)}.")


def _row(row: Mapping[str, str], columns: Columns, zone: ZoneInfo) -> Iterator[Found]:
    """Yield the emptying of a row, or nothing where it is none."""
    if columns.only and row.get(columns.only[0]) != columns.only[1]:
        return
    try:
        at = datetime.fromisoformat(row[columns.at])
        level = float(row[columns.level])
    except (KeyError, TypeError, ValueError):
        return
    if row[columns.bin] and 0 <= level <= 1000:
        moment = at.astimezone(zone) if at.tzinfo else at.replace(tzinfo=zone)
        yield Found(row[columns.bin], row.get(columns.area) or "", moment, level)
