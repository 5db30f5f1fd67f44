"""The newest changes, for streams that show them as they come.

All readers share one bounded window, each with a place of its own; who falls behind it is told so and loads
its view anew. A slow reader costs a number (I5).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

__all__ = ["Change", "Changes"]


class Change(NamedTuple):
    """One thing that looks different.

    Attributes:
        number: counts up by one.
        row: of the thing.
        types: of the thing, so that it is told only to whom it may be.
        told: what the reader is given, as JSON values.
    """

    number: int
    row: int
    types: tuple[str, ...]
    told: dict[str, object]


class Changes:
    """The window.

    Args:
        most: changes that are kept.
    """

    def __init__(self, *, most: int = 20_000) -> None:
        self._window: deque[Change] = deque(maxlen=most)
        self.last = 0
        self._news = asyncio.Event()

    def add(self, row: int, types: tuple[str, ...], told: dict[str, object]) -> None:
        """Note a change."""
        self.last += 1
        self._window.append(Change(self.last, row, types, told))
        self._news.set()
        self._news = asyncio.Event()

    async def news(self, after: int) -> None:
        """Return once there is a change after a number."""
        while self.last <= after:
            await self._news.wait()

    def after(self, number: int) -> tuple[list[Change], bool]:
        """Return the newest change of each row after a number, oldest first; and whether some are lost."""
        oldest = self._window[0].number if self._window else self.last + 1
        lost = number + 1 < oldest or number > self.last
        newest: dict[int, Change] = {}
        for change in self._window:
            if change.number > number or lost:
                newest.pop(change.row, None)
                newest[change.row] = change
        return list(newest.values()), lost
