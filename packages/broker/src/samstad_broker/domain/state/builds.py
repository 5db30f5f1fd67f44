"""Indexes that a first question wants, built in slices beside everything else (invariant I5).

An index takes in every entity's present value; taking one in twice changes nothing. So writes may go on while
it is built, in any order with the slices, and nobody is told of it before it is whole.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from samstad_broker.domain.state.ordered import OrderedRecords
from samstad_ngsild.document import EntityDocument

__all__ = ["Build", "Builds"]


class Build:
    """One index that is being built.

    Args:
        records: whose values it takes in.
        take: takes in one entity, known by its sequence.
        finish: makes the index known.
    """

    def __init__(
        self,
        records: OrderedRecords,
        take: Callable[[int, EntityDocument], None],
        finish: Callable[[], None],
    ) -> None:
        self._records = records
        self._take = take
        self._finish = finish
        self._upto = 0

    def step(self, count: int) -> bool:
        """Take in up to ``count`` more entities; True when that was all."""
        batch = self._records.after(self._upto, count)
        for record in batch:
            self._take(record.sequence, record.parsed())
        if len(batch) == count:
            self._upto = batch[-1].sequence
            return False
        self._finish()
        return True

    def run(self) -> None:
        """Take in everything at once."""
        while not self.step(1_000):
            pass


class Builds:
    """What is to be built, in the order of the questions.

    Attributes:
        at_once: an index of so many entities is built on the spot; all are, as long as nobody runs the rest.
        ring: called when something is to be built beside.
    """

    __slots__ = ("at_once", "ring", "waiting")

    def __init__(self) -> None:
        self.at_once: float = math.inf
        self.ring: Callable[[], None] = _nobody
        self.waiting: deque[Build] = deque()

    def begin(self, build: Build, size: int) -> None:
        """Build an index of so many entities: now, or beside."""
        if size <= self.at_once:
            build.run()
        else:
            self.later(build)

    def later(self, build: Build) -> None:
        """Build an index beside, however small it is."""
        self.waiting.append(build)
        self.ring()


def _nobody() -> None:
    """Tell nobody."""
