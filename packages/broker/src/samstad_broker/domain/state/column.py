"""A column: one attribute of one type, sorted by value, so that ``q`` narrows instead of scanning.

A column decides only what it can decide exactly: attributes with one instance whose value is a single
number, text or boolean. Everything else (several instances, lists, compound values) is *irregular*: it
is always a candidate, and the evaluator decides (DESIGN section 5: an index may only narrow).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from samstad_ngsild.document import EntityDocument

__all__ = ["MISSING", "Column", "SortedPairs", "scalar_of"]

_BLOCK = 512
_COUNTED = 16
"""Blocks whose lengths are added up one by one."""

MISSING = object()
"""The entity does not have the attribute."""

_IRREGULAR = object()


class SortedPairs:
    """(value, sequence) pairs of one comparable kind, sorted, in blocks."""

    __slots__ = ("_blocks", "_size")

    def __init__(self, pairs: Iterable[tuple[Any, int]] = ()) -> None:
        ordered = sorted(pairs)
        self._blocks = [ordered[i : i + _BLOCK] for i in range(0, len(ordered), _BLOCK)]
        self._size = len(ordered)

    def __len__(self) -> int:
        return self._size

    def add(self, pair: tuple[Any, int]) -> None:
        """Insert a pair."""
        self._size += 1
        if not self._blocks:
            self._blocks.append([pair])
            return
        index = self._block_of(pair)
        block = self._blocks[index]
        insort(block, pair)
        if len(block) > 2 * _BLOCK:
            self._blocks[index : index + 1] = [block[:_BLOCK], block[_BLOCK:]]

    def remove(self, pair: tuple[Any, int]) -> None:
        """Take a pair out; raises KeyError when it is not inside."""
        index = self._block_of(pair) if self._blocks else 0
        block = self._blocks[index] if self._blocks else []
        place = bisect_left(block, pair)
        if place == len(block) or block[place] != pair:
            raise KeyError(pair)
        del block[place]
        self._size -= 1
        if not block:
            del self._blocks[index]

    def _block_of(self, pair: tuple[Any, int]) -> int:
        return min(bisect_left(self._blocks, pair, key=_last), len(self._blocks) - 1)

    def count(self, low: tuple[Any, ...] | None, high: tuple[Any, ...] | None) -> int:
        """Return how many pairs lie in ``[low, high)``; None leaves an end open.

        Over many blocks it is an estimate, by their mean length: what it costs does not grow with the pairs.
        """
        first_block, first = self._place(low) if low is not None else (0, 0)
        last_block, last = self._place(high) if high is not None else (len(self._blocks), 0)
        if (first_block, first) >= (last_block, last):
            return 0
        blocks = self._blocks
        if last_block - first_block > _COUNTED:
            whole = (last_block - first_block - 1) * self._size // len(blocks)
            return len(blocks[first_block]) - first + whole + last
        return sum([len(block) for block in blocks[first_block:last_block]]) - first + last

    def sequences(self, low: tuple[Any, ...] | None, high: tuple[Any, ...] | None) -> Iterator[int]:
        """Yield the sequences of the pairs in ``[low, high)``, by value."""
        block_index, place = self._place(low) if low is not None else (0, 0)
        last_block, last = self._place(high) if high is not None else (len(self._blocks), 0)
        while block_index < last_block:
            for pair in self._blocks[block_index][place:]:
                yield pair[1]
            block_index, place = block_index + 1, 0
        if block_index == last_block and last:
            for pair in self._blocks[block_index][place:last]:
                yield pair[1]

    def _place(self, bound: tuple[Any, ...]) -> tuple[int, int]:
        index = bisect_left(self._blocks, bound, key=_last)
        return (index, bisect_left(self._blocks[index], bound)) if index < len(self._blocks) else (index, 0)


def _last(block: list[tuple[Any, int]]) -> tuple[Any, int]:
    return block[-1]


def scalar_of(document: EntityDocument, attribute: str) -> Any:
    """Return an attribute's one plain value, ``MISSING``, or a mark that it is irregular."""
    instances = document.get(attribute)
    if not instances:
        return MISSING
    if len(instances) != 1:
        return _IRREGULAR
    instance = instances[0]
    value = instance.get("value", _IRREGULAR) if instance["type"] == "Property" else _IRREGULAR
    # A bool is an int in Python; kept apart it can be told from 0 and 1.
    return value if type(value) in (int, float, str, bool) else _IRREGULAR


class Column:
    """One attribute of the entities of one type.

    Attributes:
        is_whole: whether it has taken in every entity, so that it may be asked.
        values: sequence → plain value, for the entities that have one.
        irregular: sequences that only the evaluator can decide.
    """

    __slots__ = ("attribute", "irregular", "is_whole", "numbers", "texts", "values")

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute
        self.is_whole = False
        self.values: dict[int, Any] = {}
        self.irregular: set[int] = set()
        self.numbers = SortedPairs()
        self.texts = SortedPairs()

    def finish(self) -> None:
        """Take note that every entity is in."""
        self.is_whole = True

    def _note(self, sequence: int, value: Any) -> None:
        if value is _IRREGULAR:
            self.irregular.add(sequence)
        elif value is not MISSING:
            self.values[sequence] = value

    def put(self, sequence: int, document: EntityDocument) -> None:
        """Take in the present value of an entity."""
        value = scalar_of(document, self.attribute)
        present = self.values.get(sequence, MISSING)
        if type(present) is type(value) and present == value and sequence not in self.irregular:
            return
        self.drop(sequence)
        self._note(sequence, value)
        if (pairs := self.pairs_for(value)) is not None:
            pairs.add((value, sequence))

    def drop(self, sequence: int) -> None:
        """Forget an entity."""
        value = self.values.pop(sequence, MISSING)
        self.irregular.discard(sequence)
        if (pairs := self.pairs_for(value)) is not None:
            pairs.remove((value, sequence))

    def pairs_for(self, value: Any) -> SortedPairs | None:
        """Return the sorted pairs that hold values of this kind, None for kinds that are not sorted."""
        kind = type(value)
        if kind is int or kind is float:
            return self.numbers
        return self.texts if kind is str else None

    def filter(self, sequences: Iterable[int], holds: Callable[[Any], bool]) -> Iterator[int]:
        """Yield the sequences whose plain value holds, and the irregular ones."""
        values, irregular = self.values, self.irregular
        for sequence in sequences:
            value = values.get(sequence, MISSING)
            if (value is not MISSING and holds(value)) or sequence in irregular:
                yield sequence
