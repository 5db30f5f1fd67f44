"""The gate in front of one endpoint: how many at a time, and not again too soon after a failure.

While an endpoint fails, one notification at a time tries whether it is back; everything else for it
waits in the log and costs no memory.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samstad_broker.service.delivery.lane import Lane

__all__ = ["Gate"]


class Gate:
    """State of one endpoint.

    Attributes:
        uri: the endpoint.
        lanes: the subscriptions that go to it.
        failures: attempts in a row that found it unreachable; 0 while it is well.
        ready_us: before this time nothing is sent.
        is_open: whether ``ready_us`` has come after the last failure.
        probe: the subscription that tries first when the endpoint is failing.
    """

    __slots__ = ("failures", "is_open", "lanes", "limit", "probe", "ready_us", "under_way", "uri", "waiting")

    def __init__(self, uri: str, limit: int) -> None:
        self.uri = uri
        self.limit = limit
        self.lanes: set[Lane] = set()
        self.failures = 0
        self.ready_us = 0
        self.is_open = True
        self.probe: Lane | None = None
        self.under_way = 0
        self.waiting: deque[Lane] = deque()

    def enter(self) -> bool:
        """Take a place if one is free; ``leave`` gives it back."""
        if self.under_way >= (1 if self.failures else self.limit):
            return False
        self.under_way += 1
        return True

    def wait(self, lane: Lane) -> None:
        """Queue a subscription for the next free place, once."""
        if not lane.waits:
            lane.waits = True
            self.waiting.append(lane)

    def leave(self) -> Lane | None:
        """Give a place back and return who may try next."""
        self.under_way -= 1
        if not self.waiting:
            return None
        lane = self.waiting.popleft()
        lane.waits = False
        return lane

    def fail(self, lane: Lane, ready_us: int) -> None:
        """Note that the endpoint was unreachable and may be tried again at a time."""
        self.failures += 1
        self.is_open = False
        self.ready_us = max(self.ready_us, ready_us)
        self.probe = lane

    def hold_until(self, ready_us: int) -> None:
        """Leave the endpoint alone until a time: its cooldown, or what it asked for."""
        self.ready_us = max(self.ready_us, ready_us)

    def succeed(self) -> bool:
        """Note that the endpoint is well; tells whether it was failing before."""
        was_failing = self.failures > 0
        self.failures = 0
        self.is_open = True
        self.probe = None
        return was_failing

    def next_probe(self) -> Lane | None:
        """Return the subscription that shall try a failing endpoint: one with something to send."""
        if self.probe is not None and self.probe in self.lanes and self.probe.wants_to_send:
            return self.probe
        self.probe = next((lane for lane in self.lanes if lane.wants_to_send), None)
        return self.probe
