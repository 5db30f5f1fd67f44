"""The circuit breaker before one endpoint: who failed is left alone for a while (clause 5.2.34, cooldown).

closed ──failures──▶ open ──pause over──▶ half-open ──success──▶ closed
                      ▲                        │
                      └────────failure─────────┘
"""

from __future__ import annotations

__all__ = ["Breaker"]

_FAILURES = 3
_PAUSE_US = 2_000_000
_MOST_PAUSE_US = 60_000_000


class Breaker:
    """Counts failures in a row and says whether the endpoint is asked now."""

    __slots__ = ("_failures", "_opens_us", "_probing")

    def __init__(self) -> None:
        self._failures = 0
        self._opens_us = 0
        self._probing = False

    def admits(self, now_us: int) -> bool:
        """Whether a request may go; after a pause one alone tries for all."""
        if self._opens_us == 0:
            return True
        if now_us < self._opens_us or self._probing:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """Note that the endpoint answered, whatever it said."""
        self._failures, self._opens_us, self._probing = 0, 0, False

    def gave_up(self) -> None:
        """Note that nobody waited for the answer: the next request may try."""
        self._probing = False

    def failed(self, now_us: int, *, cooldown_us: int | None) -> None:
        """Note that it did not.

        Args:
            now_us: when, microseconds since 1970 UTC.
            cooldown_us: the pause that the registration wishes after each failure; None: none is made before
                the third failure in a row, then it doubles.
        """
        self._failures += 1
        self._probing = False
        if cooldown_us is not None:
            self._opens_us = now_us + cooldown_us
        elif self._failures >= _FAILURES:
            doubled = _PAUSE_US << min(self._failures - _FAILURES, 10)
            self._opens_us = now_us + min(doubled, _MOST_PAUSE_US)
