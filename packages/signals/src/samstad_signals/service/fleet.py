"""All controllers that the service has heard of, and what of them is not written yet.

What is told folds into state at once; entities are made when they are written, so a state that changes often
is written once for each turn of writing, and a broker that is away costs no memory (I5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, get_args
from urllib.parse import unquote

from samstad_models import alerts
from samstad_models.alerts import AlertState
from samstad_signals import mapping
from samstad_signals.domain.alarms import AlarmSeen, take_alarm
from samstad_signals.domain.controller import (
    NEW_CONTROLLER,
    ControllerState,
    Told,
    fold_bits,
    fold_values,
)
from samstad_signals.domain.link import NEVER_UP, Fault, LinkState, link_down, link_fault, link_up
from samstad_signals.domain.measures.detectors import DetectorFault
from samstad_signals.domain.traffic import COUNTED, NO_TRAFFIC, Traffic, fold_traffic
from samstad_signals.service.detectors import DetectorWatch

__all__ = [
    "FOUND_HERE",
    "LINK_FAULT",
    "MOST_PAST",
    "AlarmKey",
    "Fleet",
    "Junction",
    "UnknownAlarm",
    "UnknownJunction",
]

Document = dict[str, Any]
AlarmKey = tuple[str, str]
DETECTOR_FAULTS = frozenset(get_args(DetectorFault))
LINK_FAULT = "transmissionFault"
FOUND_HERE = DETECTOR_FAULTS | {"parametersChanged", "planDeviation", LINK_FAULT}
"""Alerts that are found at the centre: controllers know nothing of them."""
Record = tuple[object, ...]
MOST_PAST = 200_000
"""So many values of the past wait for the broker; what comes then is counted and left out."""


class UnknownJunction(Exception):
    """There is no controller of that site id."""


class UnknownAlarm(Exception):
    """That component has never told of that alarm."""


@dataclass
class Junction:
    """One controller: what it is like, its link, its alerts, and what was written of its groups last.

    Attributes:
        past: what it was like at the time of what it tells late; None while it tells nothing late.
        owed: what people have done with its alarms, and it has not been told yet.
    """

    site_id: str
    place: mapping.Place | None = None
    state: ControllerState = NEW_CONTROLLER
    past: ControllerState | None = None
    traffic: Traffic = NO_TRAFFIC
    written_traffic: Traffic = NO_TRAFFIC
    owed: dict[AlarmKey, frozenset[str]] = field(default_factory=dict)
    link: LinkState = NEVER_UP
    fault: Fault = "none"
    alerts: dict[AlarmKey, AlertState] = field(default_factory=dict)
    is_changed: bool = True
    changed_alerts: set[AlarmKey] = field(default_factory=set)
    written_groups: str | None = None
    written_detectors: str | None = None

    @property
    def is_shadow(self) -> bool:
        """Whether another centre controls it, and it is only looked at here."""
        return self.place is not None and self.place.shadow


class Fleet:
    """Junctions by site id.

    Args:
        authority: the part of entity ids that names the road keeper.
        journal: gets everything that controllers tell, before anything is done with it.

    Attributes:
        past: values of the past that the broker has not taken yet; ``lost_past`` counts those left out.
        links_to_keep, alerts_to_keep: what has changed since it was kept.
    """

    def __init__(self, authority: str, *, journal: Callable[[Record], None] = lambda _record: None) -> None:
        self.authority = authority
        self.junctions: dict[str, Junction] = {}
        self.past: mapping.Instances = {}
        self.detectors = DetectorWatch()
        self.on_groups: Callable[[str, str, str, int], None] = lambda _site, _before, _after, _at_us: None
        self.lost_past = 0
        self.links_to_keep: set[str] = set()
        self.alerts_to_keep: set[tuple[str, AlarmKey]] = set()
        self._journal = journal

    def junction(self, site_id: str) -> Junction:
        """Return a junction; UnknownJunction where it has never connected."""
        found = self.junctions.get(site_id)
        if found is None:
            raise UnknownJunction(f"no controller {site_id!r} is known here: put it under the node first")
        return found

    def site_of(self, entity_id: str) -> str | None:
        """Return the site id of a controller's entity, None where it is none of ours."""
        head, _, local = entity_id.rpartition(":")
        site_id = unquote(local)
        ours = head == f"urn:ngsi-ld:SignalController:{self.authority}" and site_id in self.junctions
        return site_id if ours else None

    def put(self, site_id: str, place: mapping.Place | None) -> Junction:
        """Know a junction, and what people say of it."""
        junction = self.junctions.setdefault(site_id, Junction(site_id))
        junction.place = place
        junction.is_changed = True
        return junction

    # what is told --------------------------------------------------------------------------

    def up(self, site_id: str, *, now_us: int) -> Junction:
        """Take that a controller has connected."""
        junction = self.junctions.setdefault(site_id, Junction(site_id))
        junction.link = link_up(junction.link, now_us=now_us)
        junction.is_changed = True
        self.links_to_keep.add(site_id)
        return junction

    def down(self, site_id: str, *, now_us: int, reason: str) -> None:
        """Take that a link is lost; what was known of the controller is kept."""
        junction = self.junction(site_id)
        junction.link = link_down(junction.link, now_us=now_us, reason=reason)
        junction.past = junction.state
        junction.is_changed = True
        self.links_to_keep.add(site_id)

    def take_values(
        self, site_id: str, told: Iterable[Told], *, observed_us: int, now_us: int, is_late: bool = False
    ) -> None:
        """Take values of statuses; what a controller kept while it was cut off goes into the history too."""
        told = list(told)
        self._journal(("values", site_id, told, observed_us, now_us, is_late))
        junction = self.junction(site_id)
        if is_late:
            self._take_past(junction, told, observed_us)
        if any(one.code in COUNTED for one in told):
            junction.traffic = fold_traffic(junction.traffic, told, observed_us=observed_us)
        state = fold_values(junction.state, told, observed_us=observed_us, received_us=now_us)
        junction.is_changed |= _shown(state) != _shown(junction.state)
        before, junction.state = junction.state.group_states, state
        if before is not None and state.group_states is not None and before != state.group_states:
            self.on_groups(site_id, before, state.group_states, observed_us)

    def _take_past(self, junction: Junction, told: Iterable[Told], observed_us: int) -> None:
        if len(self.past) >= MOST_PAST:
            self.lost_past += 1
            return
        before = junction.past or NEW_CONTROLLER
        junction.past = fold_values(before, told, observed_us=observed_us, received_us=observed_us)
        site = mapping.Site(self.authority, junction.site_id)
        mapping.past_instances(site, before, junction.past, observed_us=observed_us, into=self.past)
        counted = fold_traffic(NO_TRAFFIC, told, observed_us=observed_us)
        mapping.past_traffic(site, counted, into=self.past)

    def take_bits(self, site_id: str, bits: Iterable[bool | str], *, observed_us: int) -> None:
        """Take an aggregated status."""
        bits = list(bits)
        self._journal(("bits", site_id, bits, observed_us))
        junction = self.junction(site_id)
        junction.state = fold_bits(junction.state, bits, observed_us=observed_us)
        junction.is_changed = True

    def take_alarm(self, site_id: str, seen: AlarmSeen) -> None:
        """Take what a controller says of an alarm."""
        self._journal(("alarm", site_id, seen))
        junction = self.junction(site_id)
        key = (seen.component_id, seen.code)
        before = junction.alerts.get(key)
        after = take_alarm(before, self._as_wished(junction, key, seen))
        if after is not None and after is not before:
            self._set(junction, key, after)

    def _as_wished(self, junction: Junction, key: AlarmKey, seen: AlarmSeen) -> AlarmSeen:
        """Let what people wish, and the controller does not know yet, go before what it says."""
        owed = junction.owed.get(key)
        if not owed:
            return seen
        left = frozenset(wish for wish in owed if not _is_granted(wish, seen))
        if left != owed:
            self._owes(junction, key, left)
        silent = "Suspend" in left or (seen.suspended and "Resume" not in left)
        return seen._replace(suspended=silent)

    def replay(self, record: list[Any]) -> None:
        """Take again what a journal has kept; what names a junction that is gone is passed over."""
        kind, site_id, *rest = record
        if site_id not in self.junctions:
            return
        if kind == "values":
            told = [Told(*one) for one in rest[0]]
            self.take_values(site_id, told, observed_us=rest[1], now_us=rest[2], is_late=rest[3])
        elif kind == "bits":
            self.take_bits(site_id, rest[0], observed_us=rest[1])
        elif kind == "alarm":
            self.take_alarm(site_id, AlarmSeen(*rest[0]))

    # what people do ---------------------------------------------------------------------------

    def alert(self, site_id: str, key: AlarmKey) -> AlertState:
        """Return an alert; UnknownAlarm where there is none."""
        found = self.junction(site_id).alerts.get(key)
        if found is None:
            raise UnknownAlarm(f"{key[0]} at {site_id} has told of no alarm {key[1]}")
        return found

    def owe(self, site_id: str, key: AlarmKey, wish: str) -> None:
        """Remember that a controller is to be told Acknowledge, Suspend or Resume of an alarm."""
        junction = self.junction(site_id)
        void = {"Suspend": "Resume", "Resume": "Suspend"}.get(wish, "")
        self._owes(junction, key, (junction.owed.get(key, frozenset()) - {void}) | {wish})

    def refused(self, site_id: str, key: AlarmKey, wish: str) -> None:
        """Take that a controller will never do that."""
        junction = self.junction(site_id)
        self._owes(junction, key, junction.owed.get(key, frozenset()) - {wish})

    def _owes(self, junction: Junction, key: AlarmKey, wishes: frozenset[str]) -> None:
        if wishes:
            junction.owed[key] = wishes
        else:
            junction.owed.pop(key, None)
        self.alerts_to_keep.add((junction.site_id, key))

    def acknowledge(self, site_id: str, key: AlarmKey, *, by: str) -> AlertState:
        """Take that a person has seen an alert."""
        return self._set(self.junction(site_id), key, alerts.acknowledge(self.alert(site_id, key), by=by))

    def resume(self, site_id: str, key: AlarmKey) -> AlertState:
        """End the silence of an alert."""
        return self._set(self.junction(site_id), key, alerts.resume(self.alert(site_id, key)))

    def suspend(self, site_id: str, key: AlarmKey, *, until_us: int, now_us: int) -> AlertState:
        """Silence an alert for a time; raises as ``alerts.suspend``."""
        silent = alerts.suspend(self.alert(site_id, key), until_us=until_us, now_us=now_us)
        return self._set(self.junction(site_id), key, silent)

    def comment(self, site_id: str, key: AlarmKey, *, by: str, text: str, now_us: int) -> AlertState:
        """Add a comment to an alert; raises as ``alerts.comment``."""
        alert = alerts.comment(self.alert(site_id, key), by=by, text=text, now_us=now_us)
        return self._set(self.junction(site_id), key, alert)

    def notice(self, site_id: str, key: AlarmKey, *, severity: str, now_us: int) -> None:
        """Raise an alert of something that has happened and is over: it stays until somebody has seen it."""
        self.found(site_id, key, severity=severity, now_us=now_us)
        self.gone(site_id, key, now_us=now_us)

    def found(self, site_id: str, key: AlarmKey, *, severity: str, now_us: int) -> None:
        """Raise an alert of something that is found at the centre."""
        junction = self.junction(site_id)
        before = junction.alerts.get(key)
        if before is None or alerts.is_closed(before):
            self._set(junction, key, alerts.raise_alert(severity=severity, observed_us=now_us))
        elif not before.active:
            self._set(junction, key, alerts.repeat(before, observed_us=now_us))

    def gone(self, site_id: str, key: AlarmKey, *, now_us: int) -> None:
        """Clear an alert that was found at the centre."""
        junction = self.junction(site_id)
        before = junction.alerts.get(key)
        if before is not None and before.active:
            self._set(junction, key, alerts.clear(before, observed_us=now_us))

    def resume_due(self, *, now_us: int) -> list[tuple[str, AlarmKey]]:
        """End the silences that are over, and return whose they are: the controllers are to be told."""
        ended = []
        for junction in self.junctions.values():
            for key, alert in list(junction.alerts.items()):
                resumed = alerts.resume_if_due(alert, now_us=now_us)
                if resumed is not alert:
                    self._set(junction, key, resumed)
                    ended.append((junction.site_id, key))
        return ended

    def _set(self, junction: Junction, key: AlarmKey, alert: AlertState) -> AlertState:
        junction.alerts[key] = alert
        junction.changed_alerts.add(key)
        self.alerts_to_keep.add((junction.site_id, key))
        return alert

    # what is to be written ------------------------------------------------------------------------

    def take_changes(self, *, now_us: int) -> list[Document]:
        """Return the entities of everything that has changed, and hold it as written."""
        found: list[Document] = []
        for junction in self.junctions.values():
            fault = link_fault(junction.link, now_us=now_us)
            if fault != junction.fault:
                junction.fault, junction.is_changed = fault, True
                self._judge_link(junction, now_us)
            if junction.traffic is not junction.written_traffic:
                found += self._traffic(junction)
            if junction.is_changed:
                found += self._entities(junction, now_us)
            found += [
                mapping.alert_entity(
                    mapping.Site(self.authority, junction.site_id), *key, junction.alerts[key]
                )
                for key in sorted(junction.changed_alerts)
            ]
            junction.changed_alerts.clear()
        return found

    def _entities(self, junction: Junction, now_us: int) -> list[Document]:
        junction.is_changed = False
        site = mapping.Site(self.authority, junction.site_id)
        state = junction.state
        found = [
            mapping.controller_entity(
                site, state, connected=junction.link.up, fault=junction.fault, now_us=now_us
            )
        ]
        if state.group_states is not None:
            shown_us = min(now_us, state.times.get("S0001", now_us))
            found += mapping.group_entities(
                site, junction.written_groups, state.group_states, now_us=shown_us
            )
            junction.written_groups = state.group_states
        if state.detector_states is not None:
            found += mapping.detector_entities(
                site, junction.written_detectors, state.detector_states, now_us=now_us
            )
            junction.written_detectors = state.detector_states
        return found

    def _judge_link(self, junction: Junction, now_us: int) -> None:
        """Tell of a link that stays away, or comes and goes; the alert clears itself."""
        key = ("link", LINK_FAULT)
        if junction.fault == "none":
            self.gone(junction.site_id, key, now_us=now_us)
        else:
            severity = "high" if junction.fault == "persistent" else "medium"
            self.found(junction.site_id, key, severity=severity, now_us=now_us)

    def _traffic(self, junction: Junction) -> list[Document]:
        junction.written_traffic = junction.traffic
        for number, fault in self.detectors.take(junction.site_id, junction.traffic):
            self._judge_detector(junction, number, fault, junction.traffic.observed_us)
        site = mapping.Site(self.authority, junction.site_id)
        watch = self.detectors
        return mapping.traffic_entities(
            site, junction.traffic, lambda number: watch.status(junction.site_id, number)
        )

    def _judge_detector(
        self, junction: Junction, number: int, fault: DetectorFault | None, observed_us: int
    ) -> None:
        """Raise the alert of a detector's fault, and clear those that are over."""
        component_id = f"d{number}"
        for other in DETECTOR_FAULTS - {fault}:
            self.gone(junction.site_id, (component_id, other), now_us=observed_us)
        if fault is not None:
            self.found(junction.site_id, (component_id, fault), severity="medium", now_us=observed_us)

    def take_past(self) -> list[Document]:
        """Return what is to be put into the history, one document for each entity, and hold it as written."""
        found: dict[str, Document] = {}
        for (entity_id, name), instances in self.past.items():
            found.setdefault(entity_id, {})[name] = instances
        self.past = {}
        return [mapping.history_entity(entity_id, attributes) for entity_id, attributes in found.items()]

    def give_back_past(self, documents: Iterable[Document]) -> None:
        """Hold values of the past as not written."""
        for document in documents:
            for name, instances in document.items():
                if name not in {"id", "type"}:
                    newer = self.past.get((document["id"], name), [])
                    self.past[document["id"], name] = [*instances, *newer]

    def forget_written(self) -> None:
        """Hold everything as not written: the broker was away, or lost what it was told."""
        for junction in self.junctions.values():
            junction.is_changed = True
            junction.written_groups = junction.written_detectors = None
            junction.changed_alerts.update(junction.alerts)


def _is_granted(wish: str, seen: AlarmSeen) -> bool:
    return {
        "Acknowledge": seen.acknowledged or not seen.active,
        "Suspend": seen.suspended,
        "Resume": not seen.suspended,
    }[wish]


def _shown(state: ControllerState) -> ControllerState:
    """Return what of a state is worth an entity: counters that run are read together with the rest."""
    return state._replace(
        cycle_counter_s=None, base_cycle_counter_s=None, clock_skew_s=None, times={}, unreadable=0
    )
