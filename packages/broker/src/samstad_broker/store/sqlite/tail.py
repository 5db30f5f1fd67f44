"""The newest rows in memory: followers read them without touching the disk."""

from __future__ import annotations

from collections.abc import Sequence

from samstad_broker.domain.rows import Position, Row

__all__ = ["Tail"]

_ROW_OVERHEAD_BYTES = 500


class Tail:
    """A window over the end of the log, bounded in bytes.

    Args:
        limit_bytes: payloads, documents and a fixed amount per row; 0 keeps nothing.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._rows: list[Row] = []
        self._sizes: list[int] = []
        self._bytes = 0

    def extend(self, rows: Sequence[Row]) -> None:
        """Take in rows that have become durable; they follow those inside."""
        sizes = [len(row.payload) + len(row.document or b"") + _ROW_OVERHEAD_BYTES for row in rows]
        self._rows.extend(rows)
        self._sizes.extend(sizes)
        self._bytes += sum(sizes)
        if self._bytes > self._limit_bytes:
            self._trim()

    def _trim(self) -> None:
        # A quarter more than necessary goes, so that the lists are not moved at each group.
        goal, dropped = self._limit_bytes * 3 // 4, 0
        while self._bytes > goal:
            self._bytes -= self._sizes[dropped]
            dropped += 1
        del self._rows[:dropped], self._sizes[:dropped]

    def read(self, after: Position, limit: int) -> Sequence[Row] | None:
        """Return up to ``limit`` rows after a position, or None when they are not all here."""
        if not self._rows:
            return None
        epoch, first = self._rows[0].position
        if after.epoch != epoch or after.number < first - 1:
            return None
        begin = after.number - first + 1
        return self._rows[begin : begin + limit]
