"""Work that would keep the event loop from everybody else for more than some milliseconds (I5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

__all__ = ["LIGHT", "off_loop"]

LIGHT = 500
"""Attribute instances that are worked on at once, in 1 to 4 ms."""

Result = TypeVar("Result")


async def off_loop(weight: int, work: Callable[[], Result]) -> Result:
    """Return what ``work`` returns: done at once where it is light, otherwise in a thread.

    Args:
        weight: about how many attribute instances the work goes through.
        work: touches nothing that others change; what it raises is raised here.
    """
    return work() if weight <= LIGHT else await asyncio.to_thread(work)
