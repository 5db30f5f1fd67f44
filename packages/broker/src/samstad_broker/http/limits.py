"""Bounds of the HTTP binding (invariant I5): sizes, requests at work, and a rate for each caller."""

from __future__ import annotations

from dataclasses import dataclass

from samstad_broker.http.failures import TooManyRequests

__all__ = ["HttpLimits", "Rate", "RateLimiter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often a caller may ask.

    Attributes:
        per_second: requests a second over time.
        burst: requests at once after a pause.
    """

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """What one request, one caller and all of them together may use.

    Attributes:
        body_bytes: of a request's content.
        at_work: requests that wait for something, such as the disk, at the same time.
        rate: for each caller; None is no limit.
        failed_logins: for each address that fails to say who it is.
    """

    body_bytes: int = 16 * 1024 * 1024
    at_work: int = 2_000
    rate: Rate | None = None
    failed_logins: Rate | None = Rate(per_second=5, burst=50)


class RateLimiter:
    """Token buckets by name, each kept as the one time at which it will be full again.

    Args:
        rate: of every bucket.
        max_keys: buckets that are remembered; full ones are forgotten first, then the oldest.
    """

    __slots__ = ("_full_at", "_max_keys", "_step_us", "_tolerance_us")

    def __init__(self, rate: Rate, *, max_keys: int = 100_000) -> None:
        if rate.per_second <= 0 or rate.burst < 1:
            raise ValueError("a rate is above 0, its burst at least 1")
        self._step_us = max(1, round(1_000_000 / rate.per_second))
        self._tolerance_us = self._step_us * (rate.burst - 1)
        self._max_keys = max_keys
        self._full_at: dict[str, int] = {}

    def take(self, key: str, *, now_us: int) -> None:
        """Take one token.

        Raises:
            TooManyRequests: there is none; it says in how many seconds there will be one.
        """
        full_at = self._full_at.get(key, now_us)
        full_at = max(full_at, now_us)
        wait_us = full_at - now_us - self._tolerance_us
        if wait_us > 0:
            raise TooManyRequests(retry_after_s=-(-wait_us // 1_000_000))
        if len(self._full_at) >= self._max_keys and key not in self._full_at:
            self._forget(now_us)
        self._full_at[key] = full_at + self._step_us

    def _forget(self, now_us: int) -> None:
        self._full_at = {key: at for key, at in self._full_at.items() if at > now_us}
        for key in list(self._full_at)[: max(0, len(self._full_at) - self._max_keys // 2)]:
            del self._full_at[key]
