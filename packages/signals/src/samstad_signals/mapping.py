"""Controllers, signal groups, detectors and alarms as entities, in the models' words (I2, I8).

Only what is known is written, so that what a person has entered stays: names, places, owners. Where the
models have no word yet, the attribute is named by its IRI.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from samstad_models.alerts import AlertState
from samstad_signals.domain.alarms import category_of
from samstad_signals.domain.controller import ControllerState, controller_status, signal_mode, signal_state
from samstad_signals.domain.link import Fault
from samstad_signals.domain.traffic import Traffic

__all__ = [
    "CHECKSUM",
    "CLOCK_SKEW",
    "COMMUNICATION_FAULT",
    "COORDINATION",
    "Instances",
    "Place",
    "Site",
    "alert_entity",
    "alert_id",
    "controller_entity",
    "controller_id",
    "detector_entities",
    "detector_id",
    "group_entities",
    "history_entity",
    "iso_text",
    "past_instances",
    "past_traffic",
    "place_attributes",
    "traffic_entities",
]

Document = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAULTED = frozenset("abcd")
_OURS = "https://w3id.org/samstad/"
CHECKSUM = f"{_OURS}parameterChecksum"
CLOCK_SKEW = f"{_OURS}clockSkew"
COORDINATION = f"{_OURS}coordination"
COMMUNICATION_FAULT = f"{_OURS}communicationFault"

Instances = dict[tuple[str, str], list[Document]]
"""Values of the past, by entity id and attribute name, in order."""


class Site(NamedTuple):
    """A controller: the road keeper in entity ids, and its own id in RSMP."""

    authority: str
    site_id: str


class Place(NamedTuple):
    """What people say of a junction: its name, where it is (longitude, latitude), and its corridor.

    In ``shadow`` another centre controls it, and nothing is said to it here.
    """

    name: str
    longitude: float | None = None
    latitude: float | None = None
    corridor: str = ""
    shadow: bool = False


def iso_text(time_us: int) -> str:
    """Return a time as NGSI-LD writes it."""
    return (_EPOCH + timedelta(microseconds=time_us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def controller_id(authority: str, site_id: str) -> str:
    """Return the id of a controller's entity."""
    return f"urn:ngsi-ld:SignalController:{authority}:{quote(site_id, safe='+-._')}"


def detector_id(site: Site, number: int) -> str:
    """Return the id of a detector's entity."""
    return f"{controller_id(*site).replace(':SignalController:', ':TrafficDetector:', 1)}-d{number}"


def alert_id(authority: str, site_id: str, component_id: str, code: str) -> str:
    """Return the id of the alert of one alarm of one component; what happens anew opens it anew."""
    parts = "-".join(quote(part, safe="+._") for part in (site_id, component_id, code))
    return f"urn:ngsi-ld:Alert:{authority}:{parts}"


def _property(value: Any, observed: str | None = None, unit: str | None = None) -> Document:
    attribute = {"type": "Property", "value": value}
    if unit is not None:
        attribute["unitCode"] = unit
    if observed is not None:
        attribute["observedAt"] = observed
    return attribute


def _date(time_us: int) -> Document:
    return _property({"@type": "DateTime", "@value": iso_text(time_us)})


def place_attributes(place: Place) -> Document:
    """Return what people say of a junction."""
    told: Document = {"name": _property(place.name)}
    if place.longitude is not None and place.latitude is not None:
        point = {"type": "Point", "coordinates": [place.longitude, place.latitude]}
        told["location"] = {"type": "GeoProperty", "value": point}
    return told


def controller_entity(
    site: Site, state: ControllerState, *, connected: bool, fault: Fault, now_us: int
) -> Document:
    """Return what is known of a controller now."""
    observed = iso_text(now_us)
    known = {
        "controllerStatus": (controller_status(state, connected=connected), None),
        COMMUNICATION_FAULT: (fault, None),
        **_told_by(state),
        "cycleCounter": (state.cycle_counter_s, "SEC"),
        CLOCK_SKEW: (state.clock_skew_s, "SEC"),
    }
    attributes = {
        name: _property(value, observed, unit)
        for name, (value, unit) in known.items()
        if value is not None and value != ""
    }
    return {"id": controller_id(*site), "type": "SignalController", **attributes}


def _told_by(state: ControllerState) -> dict[str, tuple[Any, str | None]]:
    states = state.group_states
    return {
        "controlMode": (signal_mode(state), None),
        "activePlanNumber": (state.plan, None),
        "faultedGroupCount": (states and sum(one in FAULTED for one in states), None),
        "softwareRelease": (state.version or None, None),
        COORDINATION: (state.coordination, None),
        CHECKSUM: (state.checksum or None, None),
    }


def past_instances(
    site: Site, before: ControllerState, after: ControllerState, *, observed_us: int, into: Instances
) -> None:
    """Add what was different after something that a controller tells late, to be put into the history."""
    observed = iso_text(observed_us)
    controller = controller_id(*site)
    earlier = _told_by(before)
    for name, (value, unit) in _told_by(after).items():
        if value not in (None, "", earlier[name][0]):
            into.setdefault((controller, name), []).append(_property(value, observed, unit))
    states = after.group_states
    if states is not None:
        for entity in group_entities(site, before.group_states, states, now_us=observed_us):
            into.setdefault((entity["id"], "signalState"), []).append(entity["signalState"])


def history_entity(entity_id: str, attributes: Document) -> Document:
    """Return values of the past of one entity, as the temporal API takes them."""
    return {"id": entity_id, "type": entity_id.split(":")[2], **attributes}


def group_entities(site: Site, before: str | None, states: str, *, now_us: int) -> list[Document]:
    """Return the signal groups that show something else than before."""
    controller = controller_id(*site)
    old = [signal_state(one) for one in before or ""]
    found = []
    for number, character in enumerate(states, start=1):
        shown = signal_state(character)
        if number > len(old) or old[number - 1] != shown:
            found.append(
                {
                    "id": f"{controller.replace(':SignalController:', ':SignalGroup:', 1)}-{number}",
                    "type": "SignalGroup",
                    "signalController": {"type": "Relationship", "object": controller},
                    "groupNumber": _property(number),
                    "signalState": _property(shown, iso_text(now_us)),
                }
            )
    return found


def detector_entities(site: Site, before: str | None, states: str, *, now_us: int) -> list[Document]:
    """Return the detectors that say something else than before; one that says nothing is left as it was."""
    controller = controller_id(*site)
    found = []
    for number, character in enumerate(states, start=1):
        if character in "01" and (before or "")[number - 1 : number] != character:
            found.append(
                {
                    "id": detector_id(site, number),
                    "type": "TrafficDetector",
                    "signalController": {"type": "Relationship", "object": controller},
                    "detectorNumber": _property(number),
                    "detected": _property(character == "1", iso_text(now_us)),
                }
            )
    return found


def traffic_entities(site: Site, traffic: Traffic, status: Callable[[int], str | None]) -> list[Document]:
    """Return what detectors counted in the latest interval, and how each stands."""
    found = []
    for number in range(1, len(traffic.vehicles) + 1):
        attributes = _counted(traffic, number)
        told = status(number)
        if told is not None:
            attributes["detectorStatus"] = _property(told)
        if attributes:
            found.append(
                {
                    "id": detector_id(site, number),
                    "type": "TrafficDetector",
                    "signalController": {"type": "Relationship", "object": controller_id(*site)},
                    "detectorNumber": _property(number),
                    **attributes,
                }
            )
    return found


def past_traffic(site: Site, traffic: Traffic, *, into: Instances) -> None:
    """Add what detectors counted in an interval that a controller tells late."""
    for number in range(1, len(traffic.vehicles) + 1):
        for name, instance in _counted(traffic, number).items():
            into.setdefault((detector_id(site, number), name), []).append(instance)


def _counted(traffic: Traffic, number: int) -> Document:
    observed = iso_text(traffic.observed_us)
    rows: tuple[tuple[str, Sequence[float | None], str | None], ...] = (
        ("vehicleCount", traffic.vehicles, None),
        ("measuredSpeed", traffic.speeds_kmh, "KMH"),
        ("occupiedShare", traffic.occupancies, "C62"),
    )
    return {
        name: _property(values[number - 1], observed, unit)
        for name, values, unit in rows
        if number <= len(values) and values[number - 1] is not None
    }


def alert_entity(site: Site, component_id: str, code: str, alert: AlertState) -> Document:
    """Return an alarm's alert."""
    attributes = {
        "alertCategory": _property(category_of(code)),
        "alertType": _property(code),
        "severity": _property(alert.severity),
        "alertSource": {"type": "Relationship", "object": controller_id(*site)},
        "description": _property(f"{code} of {component_id} at {site.site_id}"),
        "active": _property(alert.active),
        "acknowledged": _property(alert.acknowledged),
        "suspended": _property(alert.suspended_until_us is not None),
        "firstSeen": _date(alert.first_seen_us),
        "lastSeen": _date(alert.last_seen_us),
        "occurrenceCount": _property(alert.occurrences),
    }
    if alert.suspended_until_us is not None:
        attributes["suspendedUntil"] = _date(alert.suspended_until_us)
    if alert.cleared_us >= 0:
        attributes["clearedAt"] = _date(alert.cleared_us)
    if alert.acknowledged_by is not None:
        attributes["acknowledgedBy"] = _property(alert.acknowledged_by)
    if alert.comments:
        rows = [{"by": one.by, "at": iso_text(one.at_us), "text": one.text} for one in alert.comments]
        attributes["comments"] = _property(rows)
    return {"id": alert_id(*site, component_id, code), "type": "Alert", **attributes}
