"""A pipe whose other end somebody holds for as long as we are wanted: the kernel closes it with them."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable

__all__ = ["LIFELINE", "follow_lifeline"]

LIFELINE = "SAMSTAD_LIFELINE"
"""Set to 1 by a program that holds a node's standard input open: the node ends when it closes."""


def follow_lifeline(
    lifeline: int,
    loop: asyncio.AbstractEventLoop,
    ended: Callable[[], None],
    *,
    afterwards: Callable[[], None] = lambda: None,
) -> None:
    """Watch a pipe in a thread of its own.

    Args:
        lifeline: the end of the pipe that is read.
        loop: where ``ended`` is called when the other end closes.
        ended: begins the end.
        afterwards: called in the thread after that.
    """

    def follow() -> None:
        while os.read(lifeline, 4096):
            pass
        loop.call_soon_threadsafe(ended)
        afterwards()

    threading.Thread(target=follow, name="lifeline", daemon=True).start()
