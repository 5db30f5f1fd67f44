"""The machine's clock; everything else takes the time as an argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import uuid4

__all__ = ["Clock", "new_message_id", "system_clock_ms"]

Clock = Callable[[], int]
"""Gives milliseconds since 1970."""


def system_clock_ms() -> int:
    """Return the time of the machine in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def new_message_id() -> str:
    """Return a fresh UUID version 4."""
    return str(uuid4())
