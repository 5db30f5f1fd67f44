"""Pausing codecs that go beyond their limits again and again, so that they do not take others' time."""

from __future__ import annotations

from samstad_devices.gateway.codecs.limits import CodecLimits

__all__ = ["Breaker"]

_SECOND_US = 1_000_000
_MOST = 10_000


class Breaker:
    """Counts failures in a row by codec; a success forgets them."""

    def __init__(self, limits: CodecLimits) -> None:
        self._limits = limits
        self._failures: dict[str, tuple[int, int]] = {}

    def paused_until(self, digest: str, now_us: int) -> int | None:
        """Return when a codec may run again; None: now. After its pause it has one chance."""
        count, until_us = self._failures.get(digest, (0, 0))
        return until_us if count >= self._limits.failures and until_us > now_us else None

    def note(self, digest: str, *, exceeded: bool, now_us: int) -> None:
        """Take note of how a run ended."""
        if not exceeded:
            self._failures.pop(digest, None)
            return
        count, _ = self._failures.get(digest, (0, 0))
        if len(self._failures) >= _MOST:
            self._failures.pop(next(iter(self._failures)))
        self._failures[digest] = (count + 1, now_us + round(self._limits.pause_s * _SECOND_US))

    @property
    def paused(self) -> int:
        """How many codecs have reached the number of failures, for metrics."""
        return sum(count >= self._limits.failures for count, _ in self._failures.values())
