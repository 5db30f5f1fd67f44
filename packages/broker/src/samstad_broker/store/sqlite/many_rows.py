"""Writing many rows with few statements.

Each step of a statement lets go of the interpreter and has to win it back from a busy event loop. With one
step per row (``executemany``) a group of 64 rows was seen to take more than a second; with one step for 64
rows it takes as long as on an idle machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import apsw

__all__ = ["ManyRows"]

_VALUES = re.compile(r"VALUES\s*(\([?, ]+\))")
_SIZES = (64, 32, 16, 8, 4, 2, 1)
"""SQLite takes 32 766 parameters, but longer statements gain nothing more."""


class ManyRows:
    """An ``INSERT … VALUES (?, …)`` or ``DELETE … IN (VALUES (?, …))`` that takes up to 64 rows at a time.

    Args:
        statement: the one for one row.
    """

    def __init__(self, statement: str) -> None:
        found = _VALUES.search(statement)
        if found is None:
            raise ValueError(f"no VALUES (?, …) in {statement}")
        begin, end, one = statement[: found.start(1)], statement[found.end(1) :], found[1]
        self._statements = tuple((size, begin + ", ".join([one] * size) + end) for size in _SIZES)

    def run(self, cursor: apsw.Cursor, rows: Sequence[Iterable[Any]]) -> None:
        """Insert or delete rows, in their order."""
        done, count = 0, len(rows)
        for size, statement in self._statements:
            while count - done >= size:
                values = rows[done] if size == 1 else chain.from_iterable(rows[done : done + size])
                cursor.execute(statement, tuple(values))
                done += size
