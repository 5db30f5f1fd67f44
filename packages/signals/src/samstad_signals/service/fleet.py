"""All controllers that the service has heard of, and what of them is not written yet.

What is told folds into state at once; entities are made when they are written, so a state that changes often
is written once for each turn of writing, and a broker that is away costs no memory (I5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

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

__all__ = ["Fleet", "Junction", "UnknownAlarm", "UnknownJunction"]

Document = dict[str, Any]
AlarmKey = tuple[str, str]


class UnknownJunction(Exception):
    """No controller of that site id has ever connected."""


class UnknownAlarm(Exception):
    """That component has never told of that alarm."""


@dataclass
class Junction:
    """One controller: what it is like, its link, its alerts, and what was written of its groups last."""

    site_id: str
    state: ControllerState = NEW_CONTROLLER
    link: LinkState = NEVER_UP
    fault: Fault = "none"
    alerts: dict[AlarmKey, AlertState] = field(default_factory=dict)
    is_changed: bool = True
    changed_alerts: set[AlarmKey] = field(default_factory=set)
    written_groups: str | None = None
    written_detectors: str | None = None


class Fleet:
    """Junctions by site id.

    Args:
        authority: the part of entity ids that names the road keeper.
    """

    def __init__(self, authority: str) -> None:
        self.authority = authority
        self.junctions: dict[str, Junction] = {}

    def junction(self, site_id: str) -> Junction:
        """Return a junction; UnknownJunction where it has never connected."""
        found = self.junctions.get(site_id)
        if found is None:
            raise UnknownJunction(f"no controller {site_id!r} has connected since the service started")
        return found

    def site_of(self, entity_id: str) -> str | None:
        """Return the site id of a controller's entity, None where it is none of ours."""
        for site_id in self.junctions:
            if mapping.controller_id(self.authority, site_id) == entity_id:
                return site_id
        return None

    # what is told --------------------------------------------------------------------------

    def up(self, site_id: str, *, now_us: int) -> Junction:
        """Take that a controller has connected."""
        junction = self.junctions.setdefault(site_id, Junction(site_id))
        junction.link = link_up(junction.link, now_us=now_us)
        junction.is_changed = True
        return junction

    def down(self, site_id: str, *, now_us: int, reason: str) -> None:
        """Take that a link is lost; what was known of the controller is kept."""
        junction = self.junction(site_id)
        junction.link = link_down(junction.link, now_us=now_us, reason=reason)
        junction.is_changed = True

    def take_values(self, site_id: str, told: Iterable[Told], *, observed_us: int, now_us: int) -> None:
        """Take values of statuses."""
        junction = self.junction(site_id)
        state = fold_values(junction.state, told, observed_us=observed_us, received_us=now_us)
        junction.is_changed |= _shown(state) != _shown(junction.state)
        junction.state = state

    def take_bits(self, site_id: str, bits: Iterable[bool | str], *, observed_us: int) -> None:
        """Take an aggregated status."""
        junction = self.junction(site_id)
        junction.state = fold_bits(junction.state, bits, observed_us=observed_us)
        junction.is_changed = True

    def take_alarm(self, site_id: str, seen: AlarmSeen) -> None:
        """Take what a controller says of an alarm."""
        junction = self.junction(site_id)
        key = (seen.component_id, seen.code)
        before = junction.alerts.get(key)
        after = take_alarm(before, seen)
        if after is not None and after is not before:
            self._set(junction, key, after)

    # what people do ---------------------------------------------------------------------------

    def alert(self, site_id: str, key: AlarmKey) -> AlertState:
        """Return an alert; UnknownAlarm where there is none."""
        found = self.junction(site_id).alerts.get(key)
        if found is None:
            raise UnknownAlarm(f"{key[0]} at {site_id} has told of no alarm {key[1]}")
        return found

    def acknowledge(self, site_id: str, key: AlarmKey, *, by: str) -> AlertState:
        """Take that a person has seen an alert."""
        return self._set(self.junction(site_id), key, alerts.acknowledge(self.alert(site_id, key), by=by))

    def suspend(self, site_id: str, key: AlarmKey, *, until_us: int, now_us: int) -> AlertState:
        """Silence an alert for a time; raises as ``alerts.suspend``."""
        silent = alerts.suspend(self.alert(site_id, key), until_us=until_us, now_us=now_us)
        return self._set(self.junction(site_id), key, silent)

    def comment(self, site_id: str, key: AlarmKey, *, by: str, text: str, now_us: int) -> AlertState:
        """Add a comment to an alert; raises as ``alerts.comment``."""
        alert = alerts.comment(self.alert(site_id, key), by=by, text=text, now_us=now_us)
        return self._set(self.junction(site_id), key, alert)

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
        return alert

    # what is to be written ------------------------------------------------------------------------

    def take_changes(self, *, now_us: int) -> list[Document]:
        """Return the entities of everything that has changed, and hold it as written."""
        found: list[Document] = []
        for junction in self.junctions.values():
            fault = link_fault(junction.link, now_us=now_us)
            if fault != junction.fault:
                junction.fault, junction.is_changed = fault, True
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
            found += mapping.group_entities(site, junction.written_groups, state.group_states, now_us=now_us)
            junction.written_groups = state.group_states
        if state.detector_states is not None:
            found += mapping.detector_entities(
                site, junction.written_detectors, state.detector_states, now_us=now_us
            )
            junction.written_detectors = state.detector_states
        return found

    def forget_written(self) -> None:
        """Hold everything as not written: the broker was away, or lost what it was told."""
        for junction in self.junctions.values():
            junction.is_changed = True
            junction.written_groups = junction.written_detectors = None
            junction.changed_alerts.update(junction.alerts)


def _shown(state: ControllerState) -> ControllerState:
    """Return what of a state is worth an entity: counters that run are read together with the rest."""
    return state._replace(
        cycle_counter_s=None, base_cycle_counter_s=None, clock_skew_s=None, times={}, unreadable=0
    )
