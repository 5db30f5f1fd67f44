"""Alerts of this role: raised and cleared by the tables of the models, written to the broker turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from samstad_devices.domain.alert_kinds import KINDS
from samstad_devices.domain.names import attribute_of
from samstad_devices.mapping import iso
from samstad_devices.spi.city import City
from samstad_models import alerts
from samstad_models.alerts import AlertState
from samstad_ngsild.client import ClientError, Notification
from samstad_ngsild.errors import NgsiLdError

__all__ = ["ATTRIBUTED_TO", "Alerts", "alert_id"]

_PREFIX = "urn:ngsi-ld:Alert:devices:"
ATTRIBUTED_TO = "https://w3id.org/samstad/attributedTo"
"""Property of an Alert: whose fault it is, as ``Cause``."""
_BATCH = 500
_REPEAT_US = 86_400_000_000
"""An alert that stays is told again once a day."""


class _Raised(NamedTuple):
    source: str
    kind: str
    state: AlertState
    detail: str
    attributed_to: str


def alert_id(source: str, kind: str) -> str:
    """Return the id of the alert of a kind about an entity; what happens anew opens it anew."""
    return f"{_PREFIX}{quote(source.removeprefix('urn:ngsi-ld:'), safe='-._:')}:{kind}"


class Alerts:
    """Keeps what is raised.

    Args:
        city: where alerts are written.
        now_us: the clock.
    """

    def __init__(self, city: City, *, now_us: Callable[[], int]) -> None:
        self._city = city
        self._now_us = now_us
        self._raised: dict[str, _Raised] = {}
        self._unwritten: dict[str, None] = {}

    def active(self, kind: str) -> list[str]:
        """Return what alerts of a kind are active for."""
        return [one.source for one in self._raised.values() if one.kind == kind and one.state.active]

    def count(self) -> Mapping[str, int]:
        """Return how many alerts of each kind are active."""
        found = dict.fromkeys(KINDS, 0)
        for one in self._raised.values():
            found[one.kind] += one.state.active
        return found

    async def told(self, notification: Notification) -> None:
        """Take what people did with alerts: acknowledged, suspended, deleted."""
        for entity in notification.entities:
            if str(entity.get("id", "")).startswith(_PREFIX):
                self._take(entity)

    def _take(self, entity: dict[str, Any]) -> None:
        identity = entity["id"]
        if "deletedAt" in entity:
            self._raised.pop(identity, None)
            return
        read = _read(entity)
        known = self._raised.get(identity)
        if read is None:
            return
        if known is None:
            self._raised[identity] = read
        elif identity not in self._unwritten:
            axes = read.state._replace(
                active=known.state.active,
                cleared_us=known.state.cleared_us,
                last_seen_us=known.state.last_seen_us,
                occurrences=known.state.occurrences,
                severity=known.state.severity,
            )
            self._raised[identity] = known._replace(state=axes)

    def raise_(
        self, source: str, kind: str, *, observed_us: int, detail: str = "", attributed_to: str = ""
    ) -> None:
        """Raise an alert; one that is active already is told again once a day, or when its cause differs."""
        identity = alert_id(source, kind)
        known = self._raised.get(identity)
        if known is None or alerts.is_closed(known.state):
            state = alerts.raise_alert(severity=KINDS[kind].severity, observed_us=observed_us)
        elif known.state.active and known.attributed_to == attributed_to:
            if observed_us - known.state.last_seen_us < _REPEAT_US:
                return
            state = alerts.repeat(known.state, observed_us=observed_us)
        else:
            state = alerts.repeat(known.state, observed_us=observed_us)
        self._raised[identity] = _Raised(source, kind, state, detail, attributed_to)
        self._unwritten[identity] = None

    def clear(self, source: str, kind: str, *, observed_us: int) -> None:
        """Clear an alert; a clear that is older than the last raise changes nothing."""
        identity = alert_id(source, kind)
        known = self._raised.get(identity)
        if known is None or not known.state.active:
            return
        state = alerts.clear(known.state, observed_us=observed_us)
        self._raised[identity] = known._replace(state=state)
        self._unwritten[identity] = None

    async def write(self) -> None:
        """Write what has changed; what the broker did not take is written again."""
        while self._unwritten:
            taken = list(self._unwritten)[:_BATCH]
            documents = [
                _document(identity, self._raised[identity]) for identity in taken if identity in self._raised
            ]
            written = {identity: self._raised.get(identity) for identity in taken}
            try:
                await self._city.upsert(documents, update=True)
            except (ClientError, NgsiLdError):
                return
            for identity, state in written.items():
                if self._raised.get(identity) is state:
                    self._unwritten.pop(identity, None)


def _property(value: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value}


def _date(time_us: int) -> dict[str, Any]:
    return _property({"@type": "DateTime", "@value": iso(time_us)})


def _document(identity: str, raised: _Raised) -> dict[str, Any]:
    """Return an alert as an entity, without what only people write."""
    kind, state = KINDS[raised.kind], raised.state
    told = {
        "alertCategory": _property(kind.category),
        "alertType": _property(raised.kind),
        "severity": _property(state.severity),
        "alertSource": {"type": "Relationship", "object": raised.source},
        "description": _property(f"{kind.text}: {raised.detail}." if raised.detail else f"{kind.text}."),
        "active": _property(state.active),
        "acknowledged": _property(state.acknowledged),
        "suspended": _property(state.suspended_until_us is not None),
        "firstSeen": _date(state.first_seen_us),
        "lastSeen": _date(state.last_seen_us),
        "occurrenceCount": _property(state.occurrences),
    }
    if state.cleared_us >= 0:
        told["clearedAt"] = _date(state.cleared_us)
    if raised.attributed_to:
        told[ATTRIBUTED_TO] = _property(raised.attributed_to)
    return {"id": identity, "type": "Alert", **told}


def _read(entity: dict[str, Any]) -> _Raised | None:
    """Return an alert from its entity, as after a restart; None where it is none of ours any more."""
    kind = attribute_of(entity, "alertType")
    severity = attribute_of(entity, "severity")
    if kind not in KINDS or severity not in alerts.SEVERITIES:
        return None
    occurrences = attribute_of(entity, "occurrenceCount")
    state = AlertState(
        severity=str(severity),
        first_seen_us=_time_us(entity, "firstSeen"),
        last_seen_us=_time_us(entity, "lastSeen"),
        active=attribute_of(entity, "active") is True,
        acknowledged=attribute_of(entity, "acknowledged") is True,
        suspended_until_us=_time_us(entity, "suspendedUntil") or None,
        occurrences=occurrences if isinstance(occurrences, int) else 1,
    )
    cleared_us = _time_us(entity, "clearedAt")
    if cleared_us:
        state = state._replace(cleared_us=cleared_us)
    told = str(attribute_of(entity, ATTRIBUTED_TO) or "")
    return _Raised(str(attribute_of(entity, "alertSource")), str(kind), state, "", told)


def _time_us(entity: dict[str, Any], name: str) -> int:
    value = attribute_of(entity, name)
    text = value.get("@value") if isinstance(value, dict) else value
    try:
        return round(datetime.fromisoformat(str(text)).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return 0
