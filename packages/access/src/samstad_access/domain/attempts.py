"""Damping of guesses: who fails too often waits, twice as long each time; the table is bounded."""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Attempts"]

_SECOND_US = 1_000_000


class Attempts:
    """Counts failures per peer (or account); a success, or quiet for a while, clears them.

    Args:
        free: failures that cost nothing.
        first_wait_s: the wait after the next one; it doubles up to ``longest_wait_s``.
        longest_wait_s: also how long failures are remembered.
        peers: entries that are kept; the one that failed longest ago gives way.
    """

    __slots__ = ("_failures", "_first_us", "_free", "_longest_us", "_peers")

    def __init__(
        self, *, free: int = 10, first_wait_s: int = 1, longest_wait_s: int = 900, peers: int = 10_000
    ) -> None:
        self._free = free
        self._first_us = first_wait_s * _SECOND_US
        self._longest_us = longest_wait_s * _SECOND_US
        self._peers = peers
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def wait_s(self, peer: str, *, now_us: int) -> int:
        """Return for how many seconds the peer must not try; 0 when it may."""
        found = self._failures.get(peer)
        if found is None:
            return 0
        count, last_us = found
        wait_us = self._wait_us(count)
        # A clock that was set back must not lengthen the wait.
        left_us = min(wait_us, last_us + wait_us - now_us)
        return -(-left_us // _SECOND_US) if left_us > 0 else 0

    def failed(self, peer: str, *, now_us: int) -> bool:
        """Count a failure; return whether it is the one from which on the peer must wait."""
        count, last_us = self._failures.pop(peer, (0, now_us))
        if now_us - last_us > self._longest_us:
            count = 0
        self._failures[peer] = (count + 1, now_us)
        if len(self._failures) > self._peers:
            self._failures.popitem(last=False)
        return count == self._free

    def succeeded(self, peer: str) -> None:
        """Forget the failures of a peer."""
        self._failures.pop(peer, None)

    def _wait_us(self, count: int) -> int:
        over = count - self._free
        if over <= 0:
            return 0
        return min(self._first_us << min(over - 1, 40), self._longest_us)
