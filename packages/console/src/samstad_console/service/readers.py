"""What each caller may read, asked of the broker in the caller's own name and kept for a few seconds."""

from __future__ import annotations

from collections.abc import Callable

from samstad_ngsild.client import Client
from samstad_plugin.service import Caller, Clock

__all__ = ["Readers"]

_KEPT_US = 2_000_000
"""As long as a withdrawn right may still show the map; the entities themselves are closed at once."""
_MOST = 1_000


class Readers:
    """Remembers which types a caller may read.

    Args:
        acting_for: gives a client that speaks in a caller's name.
        clock: the only clock.
    """

    def __init__(self, acting_for: Callable[[Caller], Client], clock: Clock) -> None:
        self._acting_for = acting_for
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[int, frozenset[str]]] = {}

    async def readable(self, caller: Caller) -> frozenset[str]:
        """Return the types that a caller may read now.

        Raises:
            ClientError, NgsiLdError: the broker does not answer, or does not know the caller any more.
        """
        now_us = self._clock.now_us()
        key = (caller.id, caller.tenant)
        until_us, types = self._known.get(key, (0, frozenset[str]()))
        if until_us <= now_us:
            types = frozenset(await self._acting_for(caller).types())
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = (now_us + _KEPT_US, types)
        return types
