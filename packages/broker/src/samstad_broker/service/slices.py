"""Long work in slices, between which other requests have their turn (invariant I5)."""

from __future__ import annotations

import asyncio

from samstad_broker.spi.clock import Clock

__all__ = ["Slices"]

_SLICE_US = 3_000
_MOST_STEPS = 50
"""Where time stands still, as in a simulation, steps alone are counted."""


class Slices:
    """Says when a piece of work has held the event loop long enough, and lets others pass.

    Args:
        clock: tells how long it was.
    """

    __slots__ = ("_began_us", "_now_us", "_steps")

    def __init__(self, clock: Clock) -> None:
        self._now_us = clock.now_us
        self._begin()

    def _begin(self) -> None:
        self._steps = 0
        self._began_us = self._now_us()

    def are_over(self) -> bool:
        """Count a step that is about to be done; True where others should pass before it."""
        self._steps += 1
        return self._steps > _MOST_STEPS or not 0 <= self._now_us() - self._began_us < _SLICE_US

    async def pass_on(self) -> None:
        """Let everybody else have one turn."""
        await asyncio.sleep(0)
        self._begin()
        self._steps = 1
