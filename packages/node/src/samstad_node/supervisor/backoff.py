"""How long to wait before the next restart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Backoff"]


@dataclass(slots=True)
class Backoff:
    """Waits that double with each crash, up to a bound, and fall back after a stable run.

    Attributes:
        first_s, most_s: the shortest and the longest wait.
        stable_after_s: a run of this length makes the next wait the first one again.
        jitter: gives a number from 0 to 1; the wait is between half and the whole of what it would be, so
            that roles which fell together do not rise together.
    """

    first_s: float
    most_s: float
    stable_after_s: float
    jitter: Callable[[], float]
    crashes: int = field(default=0, init=False)

    def wait_s(self, *, ran_s: float) -> float:
        """Return the wait after a run that ended; counts the crash."""
        self.crashes = 0 if ran_s >= self.stable_after_s else self.crashes
        whole = min(self.most_s, self.first_s * 2.0 ** min(self.crashes, 60))
        self.crashes += 1
        return whole * (0.5 + 0.5 * self.jitter())
