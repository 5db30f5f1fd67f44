"""How often each sender may come: a bucket of tokens for each, and a bound on how many buckets there are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

__all__ = ["Allowance"]


class Allowance:
    """Token buckets by sender.

    Args:
        per_second: tokens that a bucket gains.
        burst: tokens that it holds.
        senders: buckets that are remembered; the one that is unused the longest is forgotten first.
    """

    def __init__(self, *, per_second: float, burst: float, senders: int = 10_000) -> None:
        self._per_us = per_second / 1_000_000
        self._burst = burst
        self._most = senders
        self._buckets: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, sender: Hashable, now_us: int) -> bool:
        """Take a token of a sender, or tell that it has none left; a clock that goes back gains nothing."""
        tokens, then_us = self._buckets.pop(sender, (self._burst, now_us))
        tokens = min(self._burst, tokens + max(0, now_us - then_us) * self._per_us)
        is_allowed = tokens >= 1
        self._buckets[sender] = (tokens - is_allowed, now_us)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return is_allowed
