"""What RSMP messages say, in the domain's own values."""

from __future__ import annotations

from samstad_rsmp.messages import Alarm, StatusResponse, StatusUpdate
from samstad_rsmp.timestamps import parse_timestamp
from samstad_signals.domain.alarms import AlarmSeen
from samstad_signals.domain.controller import Told

__all__ = ["alarm_seen", "moment_us", "values_told"]

LEAST_URGENT = 3


def moment_us(timestamp: str) -> int:
    """Return an RSMP timestamp in µs since 1970; ValueError where it names no moment."""
    return parse_timestamp(timestamp) * 1000


def values_told(message: StatusUpdate | StatusResponse) -> list[Told]:
    """Return the values of a message; what is no text (arrays since 3.2) is none of the domain's."""
    return [
        Told(one.code, one.name, one.value if isinstance(one.value, str) else None) for one in message.values
    ]


def alarm_seen(message: Alarm) -> AlarmSeen:
    """Return what an alarm says; words differ in case up to 3.1.5.

    Raises:
        ValueError: it has no state, or its time names no moment.
    """
    told = (message.timestamp, message.active, message.acknowledged, message.suspended)
    timestamp, active, acknowledged, suspended = (one if isinstance(one, str) else "" for one in told)
    return AlarmSeen(
        component_id=message.component_id,
        code=message.code,
        priority=int(message.priority) if isinstance(message.priority, str) else LEAST_URGENT,
        observed_us=moment_us(timestamp),
        active=active.lower() == "active",
        acknowledged=acknowledged.lower() == "acknowledged",
        suspended=suspended.lower() == "suspended",
    )
