"""Signals that ask a node to end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator

__all__ = ["on_signals"]

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def on_signals(call: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Call a function in the event loop for each ending signal while entered."""
    loop = asyncio.get_running_loop()
    for number in ENDING:
        loop.add_signal_handler(number, call, number)
    try:
        yield
    finally:
        for number in ENDING:
            loop.remove_signal_handler(number)
