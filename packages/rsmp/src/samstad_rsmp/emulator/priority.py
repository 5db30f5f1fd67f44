"""Priority requests and the states they go through (TLC SXL, M0022 and S0033)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from samstad_rsmp.errors import RsmpError
from samstad_rsmp.timestamps import format_timestamp

__all__ = ["NEXT", "PriorityDesk", "State"]

MOST = 64
QUEUE_MS = 60_000
"""How long a request may wait for another to end."""
STALE_MS = 60_000
"""How long after its arrival a request that nobody cancels is given up."""
COOLDOWN_MS = 10_000
"""How long after one request of a group the next is refused."""
SHOWN_MS = 2_000
"""How long an end state stays in the list: every update on change tells it once."""


class State(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    QUEUED = "queued"
    ACTIVATED = "activated"
    COMPLETED = "completed"
    TIMEOUT = "timeout"
    REJECTED = "rejected"
    COOLDOWN = "cooldown"
    STALE = "stale"


NEXT: Mapping[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.QUEUED, State.ACTIVATED, State.REJECTED, State.COOLDOWN}),
    State.QUEUED: frozenset({State.ACTIVATED, State.TIMEOUT}),
    State.ACTIVATED: frozenset({State.COMPLETED, State.STALE}),
}
"""What may follow each state; what is not here is an end."""


@dataclass
class _Request:
    id: str
    group: str | None
    level: int
    arrival_ms: int
    changed_ms: int
    state: State = State.RECEIVED
    gained_s: int = 0
    saved_s: int = 0


class PriorityDesk:
    """Takes requests and says whom to hold green."""

    def __init__(self) -> None:
        self._requests: dict[str, _Request] = {}
        self._served_ms: dict[str, int] = {}

    def take(self, values: Mapping[str, Any], group: str | None, now_ms: int) -> None:
        """Take a new request, an update or a cancellation; RsmpError when it cannot be."""
        request = self._requests.get(values["requestId"])
        if values["type"] == "new":
            self._take_new(request, values, group, now_ms)
            return
        if request is None or request.state not in NEXT:
            raise RsmpError(f"there is no priority request {values['requestId']!r}")
        if values["type"] == "cancel":
            self._cancel(request, now_ms)
            return
        request.level = int(values.get("level", request.level))
        if "eta" in values:
            request.arrival_ms = now_ms + int(values["eta"]) * 1000

    def _take_new(
        self, request: _Request | None, values: Mapping[str, Any], group: str | None, now_ms: int
    ) -> None:
        if request is not None and request.state in NEXT:
            raise RsmpError(f"priority request {request.id!r} is there already")
        if len(self._requests) >= MOST:
            raise RsmpError(f"more than {MOST} priority requests")
        arrival_ms = now_ms + int(values.get("eta", 0)) * 1000
        name, level = values["requestId"], int(values.get("level", 0))
        self._requests[name] = _Request(name, group, level, arrival_ms, now_ms)

    def _cancel(self, request: _Request, now_ms: int) -> None:
        if request.state is State.RECEIVED:
            self._to(request, State.REJECTED, now_ms)
        elif request.state is State.QUEUED:
            self._to(request, State.TIMEOUT, now_ms)
        else:
            self._to(request, State.COMPLETED, now_ms)

    def advance(self, now_ms: int) -> None:
        """Let requests go on from state to state."""
        for request in list(self._requests.values()):
            if request.state not in NEXT:
                if now_ms - request.changed_ms >= SHOWN_MS:
                    del self._requests[request.id]
                continue
            after = self._after(request, now_ms)
            if after is not None:
                self._to(request, after, now_ms)

    def _after(self, request: _Request, now_ms: int) -> State | None:
        if request.state is State.RECEIVED and now_ms > request.changed_ms:
            return self._first(request, now_ms)
        if request.state is State.QUEUED:
            if self._is_free(request):
                return State.ACTIVATED
            return State.TIMEOUT if now_ms - request.changed_ms >= QUEUE_MS else None
        due_ms = max(request.arrival_ms, request.changed_ms) + STALE_MS
        if request.state is State.ACTIVATED and now_ms >= due_ms:
            return State.STALE
        return None

    def _first(self, request: _Request, now_ms: int) -> State:
        if request.group is None:
            return State.REJECTED
        if now_ms - self._served_ms.get(request.group, -COOLDOWN_MS) < COOLDOWN_MS:
            return State.COOLDOWN
        return State.ACTIVATED if self._is_free(request) else State.QUEUED

    def _is_free(self, request: _Request) -> bool:
        others = [one for one in self._requests.values() if one is not request]
        if any(one.state is State.ACTIVATED for one in others):
            return False
        return not any(one.state is State.QUEUED and one.level > request.level for one in others)

    def _to(self, request: _Request, state: State, now_ms: int) -> None:
        request.state, request.changed_ms = state, now_ms
        if state in {State.COMPLETED, State.STALE} and request.group is not None:
            self._served_ms[request.group] = now_ms

    def held(self) -> str | None:
        """Return the group that is held green for a request, None for none."""
        return next((one.group for one in self._requests.values() if one.state is State.ACTIVATED), None)

    def note_gain(self, *, gained: bool) -> None:
        """Count one second by which the active request lengthened a green, or shortened a red."""
        for one in self._requests.values():
            if one.state is State.ACTIVATED:
                one.gained_s = min(255, one.gained_s + gained)
                one.saved_s = min(255, one.saved_s + (not gained))

    def told(self) -> list[dict[str, str]]:
        """Return the list as S0033 tells it."""
        return [self._item(one) for one in self._requests.values()]

    @staticmethod
    def _item(one: _Request) -> dict[str, str]:
        item = {"r": one.id, "t": format_timestamp(one.changed_ms), "s": str(one.state)}
        if one.state is State.COMPLETED:
            item |= {"e": str(one.gained_s), "d": str(one.saved_s)}
        return item
