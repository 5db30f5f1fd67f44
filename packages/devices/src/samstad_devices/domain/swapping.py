"""A table of swaps: which box comes for which, and why."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from samstad_devices.domain.errors import MessageRefused

__all__ = ["MAX_SWAPS", "SwapRow", "read_swaps"]

MAX_SWAPS = 20_000
_COLUMNS = ("old", "new", "reason")


class SwapRow(NamedTuple):
    """One row; ``fault`` is what is wrong with it, or empty."""

    line: int
    old: str
    new: str
    reason: str
    fault: str = ""


def read_swaps(text: str) -> list[SwapRow]:
    """Return the rows of a table in CSV with the columns old, new and reason, those with faults too.

    Raises:
        MessageRefused: it is no such table at all.
    """
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter, strict=True)
    try:
        if tuple(reader.fieldnames or ()) != _COLUMNS:
            raise MessageRefused(f"The columns are {', '.join(_COLUMNS)}, in this order.")
        rows = [_row(reader.line_num, told) for told in reader]
    except csv.Error as error:
        raise MessageRefused(f"Line {reader.line_num} is no CSV: {error}.") from None
    if len(rows) > MAX_SWAPS:
        raise MessageRefused(f"The table has more than {MAX_SWAPS} rows: part it.")
    return _without_doubles(rows)


def _row(line: int, told: dict[str, str | None]) -> SwapRow:
    if set(told) != set(_COLUMNS) or None in told.values():
        return SwapRow(line, str(told.get("old") or ""), "", "", "the row has not three cells")
    old, new, reason = (str(told[name]).strip() for name in _COLUMNS)
    missing = [name for name, cell in zip(_COLUMNS, (old, new, reason), strict=True) if not cell]
    return SwapRow(line, old, new, reason, f"{missing[0]} is empty" if missing else "")


def _without_doubles(rows: list[SwapRow]) -> list[SwapRow]:
    """Refuse a box that stands in the table twice: the first row keeps it."""
    lines: dict[str, int] = {}
    found = []
    for row in rows:
        before = [lines.setdefault(box, row.line) for box in (row.old, row.new) if box]
        doubled = [line for line in before if line != row.line]
        fault = f"a box of it stands in line {doubled[0]} already" if doubled and not row.fault else row.fault
        found.append(row._replace(fault=fault))
    return found
