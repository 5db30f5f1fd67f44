"""Intervals of one attribute, sorted, so that a number finds those it lies in by bisection."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from math import inf
from typing import Generic, TypeVar

__all__ = ["IntervalTable"]

T = TypeVar("T")


class IntervalTable(Generic[T]):
    """Items by closed intervals: half-open ones by bisection, those with two ends narrowed by the lower."""

    __slots__ = ("_high_items", "_highs", "_low_items", "_lows")

    def __init__(self) -> None:
        self._lows: list[float] = []
        self._low_items: list[T] = []
        self._highs: list[float] = []
        self._high_items: list[T] = []

    def add(self, low: float, high: float, item: T) -> None:
        """Take in an item; it is found by one of the ends."""
        bounds, items, bound = self._side(low, high)
        place = bisect_right(bounds, bound)
        bounds.insert(place, bound)
        items.insert(place, item)

    def remove(self, low: float, high: float, item: T) -> None:
        """Take out an item that was added with this interval."""
        bounds, items, bound = self._side(low, high)
        place = bisect_left(bounds, bound)
        while items[place] is not item:
            place += 1
        del bounds[place], items[place]

    def _side(self, low: float, high: float) -> tuple[list[float], list[T], float]:
        if low == -inf:
            return self._highs, self._high_items, high
        return self._lows, self._low_items, low

    def around(self, number: float) -> list[T]:
        """Return the items whose interval can hold a number: all, where it has one end."""
        lows, highs = self._lows, self._highs
        if not highs:
            return self._low_items[: bisect_right(lows, number)] if lows else []
        found = self._high_items[bisect_left(highs, number) :]
        if lows:
            found += self._low_items[: bisect_right(lows, number)]
        return found
