"""The Clock port (invariant I7): only the composition root owns one."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    """Gives the time and waits for it; a virtual one runs years in seconds."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        ...

    async def sleep_until(self, time_us: int) -> None:
        """Return when ``now_us()`` has reached the time."""
        ...
