"""Alerts that belong together under one rule, from the first until nobody needs to be told any more.

An incident is told once when it begins (after a short time of gathering), and again only where the rule
says so: more alerts joined and the time of folding is over, it became worse, ``again_us`` has passed, or
nobody acknowledged and a step of escalation is due. Times are µs since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from samstad_operations.domain.alert import FOREVER_US, Alert
from samstad_operations.domain.book import Rule

__all__ = ["Incident", "Member", "Reason", "Telling", "advance", "due_us", "is_over", "join", "leave"]

Reason = Literal["new", "more", "worse", "again", "escalated"]
_NOBODY = -1


class Member(msgspec.Struct, frozen=True):
    """One alert; audible from ``since_us`` on: when it came, or when its suspension ends."""

    severity: int
    kind: str
    source: str
    text: str
    since_us: int
    told: bool = False


class Incident(msgspec.Struct, frozen=True):
    """How an incident stands.

    Attributes:
        rule: its name.
        group: in what its alerts agree.
        members: alerts that are active and not acknowledged, by id.
        told_us: when its people were told last; 0 for never. It outlives the members, so that an alert
            that comes and goes is not told each time.
        told_severity: the worst that they were told.
        first_us: when they were told of the present members first; 0 for not yet.
        step: how many steps of escalation were taken.
    """

    rule: str
    group: tuple[str, ...]
    members: dict[str, Member] = {}
    told_us: int = 0
    told_severity: int = _NOBODY
    first_us: int = 0
    step: int = 0


class Telling(NamedTuple):
    """That people, by names of contacts and rotas, are to be told, and why."""

    reason: Reason
    to: tuple[str, ...]


def join(incident: Incident, alert: Alert, *, now_us: int) -> Incident:
    """Return the incident with an alert in it; the same object where it says nothing new."""
    known = incident.members.get(alert.id)
    since_us = max(known.since_us if known else now_us, alert.silent_until_us)
    if known and known.since_us > now_us and not alert.silent_until_us:
        since_us = now_us
    told = known is not None and known.told
    member = Member(alert.severity, alert.kind, alert.source, alert.text, since_us, told)
    if known == member:
        return incident
    if known and known.told and alert.severity > max(known.severity, incident.told_severity):
        member = msgspec.structs.replace(member, told=False, since_us=max(now_us, alert.silent_until_us))
    return msgspec.structs.replace(incident, members={**incident.members, alert.id: member})


def leave(incident: Incident, alert_id: str) -> Incident:
    """Return the incident without an alert; without its last one, escalation begins anew."""
    if alert_id not in incident.members:
        return incident
    members = {name: one for name, one in incident.members.items() if name != alert_id}
    if members:
        return msgspec.structs.replace(incident, members=members)
    return msgspec.structs.replace(incident, members={}, first_us=0, step=0)


def due_us(incident: Incident, rule: Rule) -> int:
    """Return when ``advance`` or ``is_over`` has something to do next."""
    if not incident.members:
        return incident.told_us + rule.fold_us if incident.told_us else 0
    audible_us = min(one.since_us for one in incident.members.values())
    dues = (_news_us(incident, rule), _again_us(incident, rule), *_steps_us(incident, rule))
    return max(audible_us, min(dues))


def advance(incident: Incident, rule: Rule, *, now_us: int) -> tuple[Incident, list[Telling]]:
    """Return the incident after what is due now, and who is to be told."""
    audible = {name: one for name, one in incident.members.items() if one.since_us <= now_us}
    if not audible:
        return incident, []
    reason = _reason(incident, rule, audible, now_us=now_us)
    taken = sum(due <= now_us for due in _steps_us(incident, rule))
    steps = rule.steps[incident.step : incident.step + taken]
    tellings = [Telling("escalated", step.to) for step in steps]
    incident = msgspec.structs.replace(incident, step=incident.step + taken)
    if reason is None:
        return incident, tellings
    told = {name: msgspec.structs.replace(one, told=True) for name, one in audible.items()}
    incident = msgspec.structs.replace(
        incident,
        members={**incident.members, **told},
        told_us=now_us,
        told_severity=max(incident.told_severity, *(one.severity for one in told.values())),
        first_us=incident.first_us or now_us,
    )
    return incident, [Telling(reason, rule.to), *tellings]


def is_over(incident: Incident, rule: Rule, *, now_us: int) -> bool:
    """Whether nothing of an incident needs to be kept."""
    return not incident.members and now_us >= due_us(incident, rule)


def _reason(incident: Incident, rule: Rule, audible: Mapping[str, Member], *, now_us: int) -> Reason | None:
    if _news_us(incident, rule) <= now_us:
        news = [one for one in audible.values() if not one.told]
        if incident.told_us and max(one.severity for one in news) > incident.told_severity:
            return "worse"
        return "more" if incident.first_us else "new"
    return "again" if _again_us(incident, rule) <= now_us else None


def _news_us(incident: Incident, rule: Rule) -> int:
    """Return when alerts that nobody was told are told: worse ones do not wait for the time of folding."""
    folded_us = incident.told_us + rule.fold_us if incident.told_us else 0
    return min(
        (
            one.since_us + rule.gather_us
            if one.severity > incident.told_severity
            else max(one.since_us + rule.gather_us, folded_us)
            for one in incident.members.values()
            if not one.told
        ),
        default=FOREVER_US,
    )


def _again_us(incident: Incident, rule: Rule) -> int:
    return incident.told_us + rule.again_us if rule.again_us and incident.first_us else FOREVER_US


def _steps_us(incident: Incident, rule: Rule) -> Iterator[int]:
    if incident.first_us:
        yield from (incident.first_us + step.after_us for step in rule.steps[incident.step :])
