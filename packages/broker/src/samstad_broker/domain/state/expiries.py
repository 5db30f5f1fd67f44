"""Which entities have something that expires, in the order of time (clause 4.22).

A heap with the latest word beside it: an expiry that is moved or taken back leaves its old entry in the
heap, where it is passed over; the heap is made anew when more than half of it is such. An entity that
has nothing transient costs a search for one word in its bytes.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from samstad_broker.domain.expiry import NEVER_US, first_expiry_us
from samstad_ngsild.document import EntityDocument

__all__ = ["Bell", "Expiries"]

_MEMBER = b'"expiresAt"'
_SPARE = 64


class Bell:
    """Rung when something expires earlier than all before it; whoever waits hangs ``ring`` up."""

    __slots__ = ("ring",)

    def __init__(self) -> None:
        self.ring: Callable[[], None] = _nobody


def _nobody() -> None:
    """Tell nobody."""


class Expiries:
    """The expiries of one data set.

    Args:
        bell: rung when the next expiry is earlier than it was.
        counts: whether anything expires here; in a snapshot nothing does, it stays as it was taken.

    Attributes:
        first_us: nothing expires before this time, microseconds since 1970 UTC.
    """

    __slots__ = ("_at", "_bell", "_counts", "_heap", "first_us")

    def __init__(self, bell: Bell | None = None, *, counts: bool = True) -> None:
        self._bell = bell or Bell()
        self._counts = counts
        self._at: dict[int, int] = {}
        self._heap: list[tuple[int, int]] = []
        self.first_us = NEVER_US

    def __len__(self) -> int:
        return len(self._at)

    def at_us(self, sequence: int) -> int:
        """Return when the first thing in an entity expires."""
        return self._at.get(sequence, NEVER_US)

    def follow(self, sequence: int, encoded: bytes, document: EntityDocument) -> None:
        """Take note of a new or changed entity."""
        if _MEMBER not in encoded or not self._counts:
            if self._at:
                self.drop(sequence)
            return
        at_us = first_expiry_us(document)
        if at_us == NEVER_US:
            self.drop(sequence)
        elif at_us != self._at.get(sequence):
            self._at[sequence] = at_us
            heapq.heappush(self._heap, (at_us, sequence))
            self._tidy()
            if at_us < self.first_us:
                self.first_us = at_us
                self._bell.ring()

    def drop(self, sequence: int) -> None:
        """Forget an entity."""
        if self._at.pop(sequence, None) is not None:
            self._tidy()

    def due(self, now_us: int, *, most: int) -> list[int]:
        """Return the sequences of entities in which something has expired, earliest first.

        They stay due until they are followed or dropped: what could not be written comes again.
        """
        found: dict[int, int] = {}
        while self._heap and self._heap[0][0] <= now_us and len(found) < most:
            at_us, sequence = heapq.heappop(self._heap)
            if self._at.get(sequence) == at_us:
                found[sequence] = at_us
        for sequence, at_us in found.items():
            heapq.heappush(self._heap, (at_us, sequence))
        self.first_us = self._heap[0][0] if self._heap else NEVER_US
        return list(found)

    def _tidy(self) -> None:
        if len(self._heap) > 2 * len(self._at) + _SPARE:
            self._heap = [(at_us, sequence) for sequence, at_us in self._at.items()]
            heapq.heapify(self._heap)
