"""When a search ends: by CPU time, so that a machine that others use gives no worse plans."""

from __future__ import annotations

import time

__all__ = ["CpuTime"]


class CpuTime:
    """Stops after so many CPU seconds of this process, or ``wall_factor`` times as many on the wall."""

    def __init__(self, seconds: float, *, wall_factor: float = 10.0) -> None:
        self._seconds = seconds
        self._wall_s = wall_factor * seconds
        self._began: tuple[float, float] | None = None

    def __call__(self, best_cost: int) -> bool:
        """Return whether the search shall end."""
        del best_cost
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        if self._began is None:
            self._began = cpu_s, wall_s
        return cpu_s - self._began[0] > self._seconds or wall_s - self._began[1] > self._wall_s
