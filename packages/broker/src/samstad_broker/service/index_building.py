"""The task that builds indexes in slices, so that a first question holds nobody up (invariant I5)."""

from __future__ import annotations

import asyncio

from samstad_broker.domain.state.builds import Builds

__all__ = ["build_indexes"]

_SLICE = 500
"""Entities taken in before others get their turn: about two milliseconds."""
_AT_ONCE = 1_000
"""Entities of an index that is built on the spot: about four milliseconds."""


async def build_indexes(builds: Builds) -> None:
    """Build what is wanted until cancelled."""
    wake = asyncio.Event()
    builds.at_once, builds.ring = _AT_ONCE, wake.set
    while True:
        while builds.waiting:
            if builds.waiting[0].step(_SLICE):
                builds.waiting.popleft()
            await asyncio.sleep(0)
        wake.clear()
        await wake.wait()
