"""What a supervisor wants to be told of, and when it is due (Core 3.2.2, status messages).

The first update of a new subscription is due at once; a subscription that is there already only changes its
terms. An update on change starts the interval anew. Traffic data (S0201 to S0208) come at whole intervals of
the clock, never at once and never in part (TLC SXL, traffic data).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["Due", "Subscriptions", "is_traffic_data"]

TRAFFIC_DATA = frozenset(f"S020{number}" for number in range(1, 9))
UNREAD = object()


def is_traffic_data(code: str) -> bool:
    """Tell whether a status is measured over whole intervals."""
    return code in TRAFFIC_DATA


class Due(NamedTuple):
    """One value that is due now."""

    component_id: str
    code: str
    name: str
    value: Any


@dataclass
class _Subscription:
    interval_ms: int
    on_change: bool
    due_ms: int | None
    told: Any = UNREAD


Key = tuple[str, str, str]
Reader = Callable[[str, str, int], Mapping[str, Any] | None]
"""Gives all values of one status of one component over an interval in milliseconds, None for none."""


class Subscriptions:
    """The subscriptions of one supervisor."""

    def __init__(self, *, most: int = 4096) -> None:
        self._all: dict[Key, _Subscription] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._all)

    def has_room_for(self, keys: Iterable[Key]) -> bool:
        """Tell whether these can be added within the bound."""
        return len(self._all.keys() | set(keys)) <= self._most

    def add(self, key: Key, *, interval_ms: int, on_change: bool, now_ms: int) -> bool:
        """Add or change one; return whether it is new."""
        found = self._all.get(key)
        whole = is_traffic_data(key[1])
        on_change = on_change and not whole
        due_ms = _whole(now_ms, interval_ms) if whole else _after(now_ms, interval_ms)
        if found is not None:
            found.interval_ms, found.on_change, found.due_ms = interval_ms, on_change, due_ms
            return False
        first = due_ms if whole else now_ms
        self._all[key] = _Subscription(interval_ms, on_change, first)
        return True

    def remove(self, keys: Iterable[Key]) -> None:
        """Remove those that are there."""
        for key in keys:
            self._all.pop(key, None)

    def clear(self) -> None:
        """Forget all, as a site that restarts does."""
        self._all.clear()

    def keep_only(self, codes: Callable[[str], bool]) -> None:
        """Forget all whose status is not to be kept while the link is down."""
        self._all = {key: one for key, one in self._all.items() if codes(key[1])}

    def is_due(self, now_ms: int) -> bool:
        """Tell whether anything must be looked at now."""
        return any(
            one.on_change or (one.due_ms is not None and one.due_ms <= now_ms) for one in self._all.values()
        )

    def next_due_ms(self) -> int | None:
        """Return when the next interval ends, None when no interval runs."""
        return min((one.due_ms for one in self._all.values() if one.due_ms is not None), default=None)

    def collect(self, read: Reader, now_ms: int) -> list[Due]:
        """Return what is due now; each status is read once."""
        seen: dict[tuple[str, str, int], Mapping[str, Any] | None] = {}
        found: list[Due] = []
        for (component_id, code, name), one in self._all.items():
            timed = one.due_ms is not None and one.due_ms <= now_ms
            if not timed and not one.on_change:
                continue
            at = (component_id, code, one.interval_ms if is_traffic_data(code) else 0)
            if at not in seen:
                seen[at] = read(*at)
            value = (seen[at] or {}).get(name)
            if timed or value != one.told:
                one.told = value
                one.due_ms = _next(code, one, now_ms)
                found.append(Due(component_id, code, name, value))
        return found


def _next(code: str, one: _Subscription, now_ms: int) -> int | None:
    later = _whole if is_traffic_data(code) else _after
    return later(now_ms, one.interval_ms)


def _after(now_ms: int, interval_ms: int) -> int | None:
    return now_ms + interval_ms if interval_ms else None


def _whole(now_ms: int, interval_ms: int) -> int | None:
    return (now_ms // interval_ms + 1) * interval_ms if interval_ms else None
