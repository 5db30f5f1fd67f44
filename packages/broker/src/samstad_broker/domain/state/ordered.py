"""Records in order of creation, where any page is as near as the first."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from samstad_broker.domain.state.record import Record

__all__ = ["OrderedRecords"]

_BLOCK = 1024
"""Records per block: a split moves half of it, a look-up by offset walks the blocks' lengths."""


class OrderedRecords:
    """Records sorted by ``sequence``, in blocks.

    Adding at the end, the common case, costs one append. Adding elsewhere (an undone deletion), removing
    and finding cost a bisect and the move of at most one block. ``at`` an offset walks cumulative lengths
    that are rebuilt only after a change.
    """

    __slots__ = ("_blocks", "_lasts", "_size", "_starts")

    def __init__(self) -> None:
        self._blocks: list[list[Record]] = []
        self._lasts: list[int] = []
        self._starts: list[int] | None = None
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, record: Record) -> None:
        """Insert a record that is not inside yet."""
        self._size += 1
        sequence = record.sequence
        if not self._blocks or sequence > self._lasts[-1]:
            self._append(record)
            return
        self._starts = None
        index = bisect_left(self._lasts, sequence)
        block = self._blocks[index]
        block.insert(bisect_left(block, sequence, key=_sequence), record)
        if len(block) > _BLOCK:
            self._split(index)

    def extend(self, records: Sequence[Record]) -> None:
        """Insert records that are in order and behind all that are inside; others are added one by one."""
        if not records or (self._lasts and records[0].sequence <= self._lasts[-1]):
            for record in records:
                self.add(record)
            return
        self._size += len(records)
        self._starts = None
        room = _BLOCK - len(self._blocks[-1]) if self._blocks else 0
        if room > 0:
            self._blocks[-1].extend(records[:room])
            self._lasts[-1] = self._blocks[-1][-1].sequence
        for begin in range(max(room, 0), len(records), _BLOCK):
            block = list(records[begin : begin + _BLOCK])
            self._blocks.append(block)
            self._lasts.append(block[-1].sequence)

    def _append(self, record: Record) -> None:
        if not self._blocks or len(self._blocks[-1]) >= _BLOCK:
            self._blocks.append([])
            self._lasts.append(record.sequence)
            self._starts = None
        self._blocks[-1].append(record)
        self._lasts[-1] = record.sequence

    def _split(self, index: int) -> None:
        block = self._blocks[index]
        half = len(block) // 2
        self._blocks[index : index + 1] = [block[:half], block[half:]]
        self._lasts[index : index + 1] = [block[half - 1].sequence, block[-1].sequence]

    def remove(self, record: Record) -> None:
        """Take a record out; raises KeyError when it is not inside."""
        index = bisect_left(self._lasts, record.sequence)
        block = self._blocks[index] if index < len(self._blocks) else []
        place = bisect_left(block, record.sequence, key=_sequence)
        if place == len(block) or block[place].sequence != record.sequence:
            raise KeyError(record.id)
        del block[place]
        self._size -= 1
        self._starts = None
        if block:
            self._lasts[index] = block[-1].sequence
        else:
            del self._blocks[index]
            del self._lasts[index]

    def page(self, offset: int, limit: int) -> list[Record]:
        """Return up to ``limit`` records from an offset."""
        if offset >= self._size or limit <= 0:
            return []
        starts = self._block_starts()
        index = bisect_right(starts, offset) - 1
        inside = offset - starts[index]
        found = self._blocks[index][inside : inside + limit]
        while len(found) < limit and index + 1 < len(self._blocks):
            index += 1
            found += self._blocks[index][: limit - len(found)]
        return found

    def _block_starts(self) -> list[int]:
        if self._starts is None or len(self._starts) != len(self._blocks):
            starts, total = [], 0
            for block in self._blocks:
                starts.append(total)
                total += len(block)
            self._starts = starts
        return self._starts

    def after(self, sequence: int, limit: int) -> list[Record]:
        """Return up to ``limit`` records created after a sequence: a cursor that changes cannot unsettle."""
        index = bisect_right(self._lasts, sequence)
        if index == len(self._blocks):
            return []
        block = self._blocks[index]
        found = block[bisect_right(block, sequence, key=_sequence) :][:limit]
        while len(found) < limit and index + 1 < len(self._blocks):
            index += 1
            found += self._blocks[index][: limit - len(found)]
        return found

    def __iter__(self) -> Iterator[Record]:
        for block in self._blocks:
            yield from block


def _sequence(record: Record) -> int:
    return record.sequence
