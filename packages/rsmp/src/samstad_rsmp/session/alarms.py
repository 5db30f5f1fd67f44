"""The alarms of a site: the state of each, and what an event makes of it (Core 3.2.2, alarm messages)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Literal, NamedTuple

from samstad_rsmp.messages import Alarm, AlarmValue
from samstad_rsmp.timestamps import format_timestamp

__all__ = ["AlarmBook", "AlarmEvent", "AlarmState", "alarm_message"]


class AlarmEvent(Enum):
    """What can happen to an alarm."""

    ACTIVATE = "activate"
    CLEAR = "clear"
    ACKNOWLEDGE = "acknowledge"
    SUSPEND = "suspend"
    RESUME = "resume"


class AlarmState(NamedTuple):
    """One alarm of one component.

    Attributes:
        changed_ms: when ``active``, ``acknowledged`` or ``suspended`` last changed.
        values: the arguments of the alarm.
    """

    component_id: str
    code: str
    priority: int
    category: str = "D"
    active: bool = False
    acknowledged: bool = True
    suspended: bool = False
    changed_ms: int = 0
    values: tuple[tuple[str, str], ...] = ()


EFFECTS: Mapping[AlarmEvent, Callable[[AlarmState], AlarmState]] = {
    AlarmEvent.ACTIVATE: lambda state: state._replace(active=True, acknowledged=False),
    AlarmEvent.CLEAR: lambda state: state._replace(active=False),
    AlarmEvent.ACKNOWLEDGE: lambda state: state._replace(acknowledged=True),
    AlarmEvent.SUSPEND: lambda state: state._replace(suspended=True),
    AlarmEvent.RESUME: lambda state: state._replace(suspended=False),
}
"""What each event makes of a state; an event that makes no difference changes no time and is not told."""

SPECIALIZATIONS = {
    AlarmEvent.ACTIVATE: "Issue",
    AlarmEvent.CLEAR: "Issue",
    AlarmEvent.ACKNOWLEDGE: "Acknowledge",
    AlarmEvent.SUSPEND: "Suspend",
    AlarmEvent.RESUME: "Suspend",
}
"""aSp of the message that tells of an event; a resumed alarm is told as Suspend with notSuspended."""


class AlarmBook:
    """All alarms that a site can have, those never raised too: all are told when a supervisor connects."""

    def __init__(self, states: Iterator[AlarmState] | list[AlarmState]) -> None:
        self._states = {(state.component_id, state.code): state for state in states}

    def __iter__(self) -> Iterator[AlarmState]:
        return iter(self._states.values())

    def find(self, component_id: str, code: str) -> AlarmState | None:
        """Return an alarm's state, None when the component cannot have it."""
        return self._states.get((component_id, code))

    def happen(
        self,
        event: AlarmEvent,
        component_id: str,
        code: str,
        *,
        now_ms: int,
        values: tuple[tuple[str, str], ...] = (),
    ) -> AlarmState | None:
        """Let an event happen and return the new state, or None when it makes no difference."""
        state = self._states[component_id, code]
        after = EFFECTS[event](state)
        if event is AlarmEvent.ACTIVATE and state.active:
            return None  # it stays as acknowledged as it was
        if after == state:
            return None
        after = after._replace(changed_ms=now_ms, values=values or state.values)
        self._states[component_id, code] = after
        return after

    def aggregated(self) -> tuple[bool, bool, bool]:
        """Tell whether alarms of priority 1, 2 and 3 are active: bits 3 to 5 of the aggregated status."""
        active = {state.priority for state in self if state.active and not state.suspended}
        return 1 in active, 2 in active, 3 in active


def alarm_message(state: AlarmState, *, message_id: str, specialization: str = "Issue") -> Alarm:
    """Return the message that tells an alarm's state."""
    return Alarm(
        message_id=message_id,
        component_id=state.component_id,
        code=state.code,
        specialization=specialization,
        acknowledged="Acknowledged" if state.acknowledged else "notAcknowledged",
        active="Active" if state.active else "inActive",
        suspended="Suspended" if state.suspended else "notSuspended",
        timestamp=format_timestamp(state.changed_ms),
        category="T" if state.category == "T" else "D",
        priority=_PRIORITIES[state.priority],
        values=[AlarmValue(name, value) for name, value in state.values],
    )


_PRIORITIES: Mapping[int, Literal["1", "2", "3"]] = {1: "1", 2: "2", 3: "3"}
