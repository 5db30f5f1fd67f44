"""The change log in memory."""

from __future__ import annotations

from collections.abc import Sequence

from samstad_broker.domain.rows import Position, Row
from samstad_broker.spi.store import LogFull, LogUnavailable, StoreError
from samstad_broker.store.append_checks import check_group, check_version

__all__ = ["MemoryLog"]


class MemoryLog:
    """Keeps rows in a list; durable as long as the process.

    Attributes:
        refuse_with: when set, appends raise it and write nothing: a full or failing disk in a test.
    """

    def __init__(self, *, epoch: int = 1) -> None:
        self._rows: list[Row] = []
        self._start = Position(epoch, 0)
        self.refuse_with: StoreError | None = None

    @property
    def head(self) -> Position:
        """The position of the last row."""
        return self._rows[-1].position if self._rows else self._start

    @property
    def oldest(self) -> Position:
        """The position after which rows can be read: all of them."""
        return self._start

    async def append(self, rows: Sequence[Row], *, expected_version: Position) -> None:
        """Write one group.

        Raises:
            StaleVersion: ``head`` is not ``expected_version``.
            StoreError: what ``refuse_with`` says.
        """
        check_version(self.head, expected_version)
        check_group(self.head, rows)
        if self.refuse_with is not None:
            self._refuse(self.refuse_with)
        self._rows.extend(rows)

    def _refuse(self, error: StoreError) -> None:
        if isinstance(error, LogFull):
            raise error
        raise error if isinstance(error, LogUnavailable) else LogUnavailable(str(error))

    async def read(self, after: Position, *, limit: int, until: Position | None = None) -> Sequence[Row]:
        """Return up to ``limit`` rows after a position, in order."""
        first = self._index_after(after)
        last = len(self._rows) if until is None else self._index_after(until)
        return self._rows[first : min(last, first + limit)]

    def _index_after(self, position: Position) -> int:
        epoch, number = position
        if epoch != self._start.epoch:
            return 0 if epoch < self._start.epoch else len(self._rows)
        return min(number, len(self._rows))
