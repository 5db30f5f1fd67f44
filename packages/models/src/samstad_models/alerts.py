"""The life of an Alert: two small tables and pure functions over them.

An alert has three axes: active or not, acknowledged or not, suspended or not. It is closed when it is
inactive and acknowledged; a closed alert stays closed, and what happens later is a new alert.

Raising and clearing go by the time at which things were *observed*, not by the order of arrival: a
clear that is older than the last raise changes nothing, and neither does a raise that is older than
the last clear, except that it is counted. Times are µs since 1970 UTC.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "SEVERITIES",
    "STATES",
    "SUSPENSION_TRANSITIONS",
    "TRANSITIONS",
    "AlertRefusedError",
    "AlertState",
    "AlertTransition",
    "Comment",
    "acknowledge",
    "assign",
    "clear",
    "comment",
    "is_closed",
    "raise_alert",
    "repeat",
    "resume",
    "resume_if_due",
    "state_of",
    "suspend",
]

SEVERITIES = ("informational", "low", "medium", "high", "critical")
"""Least urgent first."""

STATES = ("new", "beingHandled", "goneUnseen", "closed")
"""active and unacknowledged · active and acknowledged · inactive and unacknowledged · closed"""


class AlertTransition(NamedTuple):
    """In ``state``, ``event`` leads to ``target``."""

    state: str
    event: str
    target: str


TRANSITIONS: tuple[AlertTransition, ...] = (
    AlertTransition("new", "repeat", "new"),
    AlertTransition("new", "acknowledge", "beingHandled"),
    AlertTransition("new", "clear", "goneUnseen"),
    AlertTransition("beingHandled", "repeat", "beingHandled"),
    AlertTransition("beingHandled", "worsen", "new"),
    AlertTransition("beingHandled", "clear", "closed"),
    AlertTransition("goneUnseen", "repeat", "new"),
    AlertTransition("goneUnseen", "acknowledge", "closed"),
)
"""``worsen`` is a repeat with a higher severity: it must be seen anew."""

SUSPENSION_TRANSITIONS: tuple[AlertTransition, ...] = (
    AlertTransition("audible", "suspend", "suspended"),
    AlertTransition("suspended", "suspend", "suspended"),
    AlertTransition("suspended", "resume", "audible"),
)

_NEXT = {(row.state, row.event): row.target for row in TRANSITIONS}
_AXES = {
    "new": (True, False),
    "beingHandled": (True, True),
    "goneUnseen": (False, False),
    "closed": (False, True),
}
_STATE_OF = {axes: state for state, axes in _AXES.items()}
_NEVER = -(2**62)


class AlertRefusedError(ValueError):
    """An event does not fit an alert: ``reason`` is closed, severity, time or text."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Comment(NamedTuple):
    """What somebody wrote, and when."""

    by: str
    at_us: int
    text: str


class AlertState(NamedTuple):
    """What decides how an alert goes on; ``cleared_us`` is the latest clear that was observed."""

    severity: str
    first_seen_us: int
    last_seen_us: int
    active: bool = True
    acknowledged: bool = False
    suspended_until_us: int | None = None
    cleared_us: int = _NEVER
    occurrences: int = 1
    acknowledged_by: str | None = None
    assignee: str | None = None
    comments: tuple[Comment, ...] = ()


def state_of(alert: AlertState) -> str:
    """Return the state in which the first two axes put an alert."""
    return _STATE_OF[alert.active, alert.acknowledged]


def is_closed(alert: AlertState) -> bool:
    """Tell whether an alert is done with: inactive and acknowledged."""
    return not alert.active and alert.acknowledged


def _move(alert: AlertState, event: str) -> AlertState:
    target = _NEXT.get((state_of(alert), event))
    if target is None:
        return alert
    active, acknowledged = _AXES[target]
    by = alert.acknowledged_by if acknowledged else None
    return alert._replace(active=active, acknowledged=acknowledged, acknowledged_by=by)


def _check_open(alert: AlertState) -> None:
    if is_closed(alert):
        raise AlertRefusedError("closed", "the alert is closed; what happens now is a new alert")


def _check_severity(severity: str) -> None:
    if severity not in SEVERITIES:
        raise AlertRefusedError("severity", f"{severity!r} is none of {', '.join(SEVERITIES)}")


def raise_alert(*, severity: str, observed_us: int) -> AlertState:
    """Return a new alert: active, unacknowledged, seen once.

    Raises:
        AlertRefusedError: the severity is none of the five.
    """
    _check_severity(severity)
    return AlertState(severity, observed_us, observed_us)


def repeat(alert: AlertState, *, observed_us: int, severity: str | None = None) -> AlertState:
    """Return the alert after the fault was observed again.

    It becomes active anew where the observation is later than the last clear, and must be
    acknowledged anew where it was gone or got worse. The severity follows the latest observation.

    Raises:
        AlertRefusedError: the alert is closed and this is a later occurrence (reason ``closed``), or
            the severity is none of the five.
    """
    if severity is not None:
        _check_severity(severity)
    counted = alert._replace(
        occurrences=alert.occurrences + 1,
        first_seen_us=min(alert.first_seen_us, observed_us),
        last_seen_us=max(alert.last_seen_us, observed_us),
    )
    if observed_us < alert.cleared_us:
        return counted
    _check_open(alert)
    if severity is None or observed_us < alert.last_seen_us:
        return _move(counted, "repeat")
    worse = SEVERITIES.index(severity) > SEVERITIES.index(alert.severity)
    moved = _move(_move(counted, "repeat"), "worsen") if worse else _move(counted, "repeat")
    return moved._replace(severity=severity)


def clear(alert: AlertState, *, observed_us: int) -> AlertState:
    """Return the alert after the fault was observed to be gone.

    Observed before the last raise, it changes nothing but ``cleared_us``; at the very same time the
    later to arrive decides.
    """
    noted = alert._replace(cleared_us=max(alert.cleared_us, observed_us))
    if observed_us < alert.last_seen_us:
        return noted
    return _move(noted, "clear")


def acknowledge(alert: AlertState, *, by: str) -> AlertState:
    """Return the alert seen by a person; the same object where someone had acknowledged it already."""
    moved = _move(alert, "acknowledge")
    return moved if moved is alert else moved._replace(acknowledged_by=by)


def suspend(alert: AlertState, *, until_us: int, now_us: int) -> AlertState:
    """Return the alert silenced until a time; a second suspension sets the time anew.

    Raises:
        AlertRefusedError: the alert is closed, or the time does not lie ahead.
    """
    _check_open(alert)
    if until_us <= now_us:
        raise AlertRefusedError("time", "suspendedUntil must lie ahead: no alert is silenced for ever")
    return alert._replace(suspended_until_us=until_us)


def resume(alert: AlertState) -> AlertState:
    """Return the alert no longer silenced."""
    return alert if alert.suspended_until_us is None else alert._replace(suspended_until_us=None)


def resume_if_due(alert: AlertState, *, now_us: int) -> AlertState:
    """Return the alert resumed where its silence is over, else the same object."""
    until = alert.suspended_until_us
    return alert if until is None or now_us < until else resume(alert)


def assign(alert: AlertState, *, to: str | None) -> AlertState:
    """Return the alert with another assignee, or with none.

    Raises:
        AlertRefusedError: the alert is closed.
    """
    _check_open(alert)
    return alert._replace(assignee=to)


def comment(alert: AlertState, *, by: str, text: str, now_us: int) -> AlertState:
    """Return the alert with a comment; also a closed alert takes comments.

    Raises:
        AlertRefusedError: the text is empty.
    """
    if not text.strip():
        raise AlertRefusedError("text", "a comment needs a text")
    return alert._replace(comments=(*alert.comments, Comment(by, now_us, text)))
