"""The newest committed rows, for streams that show them as they come.

All clients read from one window of rows, each from a position of its own. So a client costs a number,
a slow one delays nobody, and memory is bounded however many there are (I5). Who falls behind the window
is told so (``gap``) and goes on with the oldest row that is there.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence

from samstad_broker.domain.rows import Position, Row, RowKind

__all__ = ["LiveRows"]

_SHOWN = frozenset({RowKind.CHANGE, RowKind.DELETE, RowKind.EXPIRE})


class LiveRows:
    """Takes rows from the writer and keeps the newest.

    Args:
        most_rows: as many are kept.
        most_bytes: of payload; older rows make room.
        most_clients: streams at the same time.
    """

    def __init__(
        self, *, most_rows: int = 2000, most_bytes: int = 8 * 1024 * 1024, most_clients: int = 200
    ) -> None:
        self._most_rows = most_rows
        self._most_bytes = most_bytes
        self.most_clients = most_clients
        self.clients = 0
        self._rows: list[Row] = []
        self._bytes = 0
        self._dropped: Position | None = None
        self._news = asyncio.Event()

    @property
    def last(self) -> Position | None:
        """The position of the newest row, None before the first."""
        return self._rows[-1].position if self._rows else self._dropped

    def publish(self, rows: Sequence[Row]) -> None:
        """Take the rows of a durable group; to be given to ``Writer.listen``."""
        shown = [row for row in rows if row.kind in _SHOWN and not row.snapshot]
        if not shown:
            return
        self._rows.extend(shown)
        self._bytes += sum(len(row.payload) for row in shown)
        self._make_room()
        self._news.set()
        self._news = asyncio.Event()

    def after(self, position: Position | None, *, most: int = 200) -> tuple[list[Row], bool]:
        """Return the rows after a position, and whether rows between are no longer there.

        Args:
            position: None for everything that is kept.
            most: rows to return.
        """
        if position is None:
            return self._rows[:most], False
        start = bisect_right(self._rows, position, key=lambda row: row.position)
        missed = self._dropped is not None and position < self._dropped
        return self._rows[start : start + most], missed

    async def wait(self, *, within_s: float) -> None:
        """Return when there are new rows, or when the time has passed."""
        try:
            await asyncio.wait_for(self._news.wait(), within_s)
        except TimeoutError:
            return

    def _make_room(self) -> None:
        surplus = max(0, len(self._rows) - self._most_rows)
        freed = sum(len(row.payload) for row in self._rows[:surplus])
        while self._bytes - freed > self._most_bytes and surplus < len(self._rows) - 1:
            freed += len(self._rows[surplus].payload)
            surplus += 1
        if surplus:
            self._dropped = self._rows[surplus - 1].position
            self._bytes -= freed
            del self._rows[:surplus]
