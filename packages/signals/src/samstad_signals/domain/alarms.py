"""An alarm of a controller becomes an Alert: active, acknowledged, suspended, by the tables of the models.

The controller's own three axes and what operators do at the centre meet here. RSMP suspends without an end;
an alert is never silenced for ever, so a suspension from the street ends after ``STREET_SUSPENSION_S``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from samstad_models import alerts
from samstad_models.alerts import AlertState

__all__ = ["AlarmSeen", "category_of", "severity_of", "take_alarm"]

SECOND_US = 1_000_000
STREET_SUSPENSION_S = 24 * 3600
BY_SITE = "controller"

SEVERITIES: Mapping[int, str] = {1: "critical", 2: "high", 3: "medium"}
CATEGORIES: Mapping[str, str] = {
    "A0005": "communication",
    "A0006": "safety",
    "A0007": "communication",
    "A0008": "safety",
    "A0010": "security",
    "transmissionFault": "communication",
    "parametersChanged": "security",
}


class AlarmSeen(NamedTuple):
    """What a controller says of one alarm of one component.

    Attributes:
        priority: 1 (gravest) to 3.
        observed_us: when the state changed, by the controller's clock.
        active: whether the fault is there; the others in the same way.
    """

    component_id: str
    code: str
    priority: int
    observed_us: int
    active: bool
    acknowledged: bool
    suspended: bool


def severity_of(priority: int) -> str:
    """Return an alarm priority in the models' word; one that is unknown is taken as grave."""
    return SEVERITIES.get(priority, "high")


def category_of(code: str) -> str:
    """Return what an alarm code is about, in the models' word."""
    return CATEGORIES.get(code, "deviceFault")


def take_alarm(alert: AlertState | None, seen: AlarmSeen) -> AlertState | None:
    """Return the alert after an alarm was told; None where an alarm that was never active is inactive.

    The same state told again, as after every reconnect, changes nothing.
    """
    if alert is None or alerts.is_closed(alert):
        if not seen.active or (alert is not None and seen.observed_us <= alert.cleared_us):
            return alert
        alert = alerts.raise_alert(severity=severity_of(seen.priority), observed_us=seen.observed_us)
    elif seen.active and not _is_known(alert, seen):
        alert = alerts.repeat(alert, observed_us=seen.observed_us, severity=severity_of(seen.priority))
    if not seen.active:
        alert = alerts.clear(alert, observed_us=seen.observed_us)
    if seen.acknowledged:
        alert = alerts.acknowledge(alert, by=BY_SITE)
    return _suspension(alert, seen)


def _is_known(alert: AlertState, seen: AlarmSeen) -> bool:
    """An acknowledgement or suspension changes the alarm's time, but is no new occurrence."""
    return alert.active and (seen.observed_us <= alert.last_seen_us or seen.acknowledged or seen.suspended)


def _suspension(alert: AlertState, seen: AlarmSeen) -> AlertState:
    if not seen.suspended:
        return alerts.resume(alert)
    if alert.suspended_until_us is not None or alerts.is_closed(alert):
        return alert
    until_us = seen.observed_us + STREET_SUSPENSION_S * SECOND_US
    return alerts.suspend(alert, until_us=until_us, now_us=seen.observed_us)
