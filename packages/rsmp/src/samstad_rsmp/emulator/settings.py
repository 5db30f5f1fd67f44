"""What a junction is made of, as it stands in a site file; checked as a whole before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from samstad_rsmp.errors import RsmpError

__all__ = [
    "Band",
    "Detector",
    "Group",
    "InputAlarm",
    "Junction",
    "Plan",
    "Route",
    "SettingsWrong",
    "Window",
    "check_junction",
]

Seconds = Annotated[int, Meta(ge=0, le=255)]
Number = Annotated[int, Meta(ge=1, le=255)]


class SettingsWrong(RsmpError):
    """The site file describes no junction that may run."""


class Group(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One signal group.

    Attributes:
        id: the component id.
        kind: vehicles get red-yellow and yellow, pedestrians do not.
        min_green_s: shortest green.
        max_red_s: longest red with a request, after which it is served before all others.
        actuated: whether it gets green only on request, and loses it when nobody comes any more.
        rest_gap_s: an actuated green ends after this long without demand.
    """

    id: str
    kind: Literal["vehicle", "pedestrian"] = "vehicle"
    min_green_s: Seconds = 6
    red_yellow_s: Seconds = 1
    yellow_s: Seconds = 4
    max_red_s: Seconds = 180
    actuated: bool = False
    rest_gap_s: Seconds = 3


class Detector(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One detector logic at a stop line: it calls, and extends, one signal group.

    Attributes:
        id: the component id.
        group: the signal group's id.
        vehicles_per_hour: demand when the emulator makes its own traffic.
        most_on_min: an alarm (A0302) when it is occupied for longer; 0 for never.
        most_off_min: the same when it is free for longer.
    """

    id: str
    group: str
    vehicles_per_hour: Annotated[int, Meta(ge=0, le=3600)] = 0
    most_on_min: Annotated[int, Meta(ge=0, le=1440)] = 0
    most_off_min: Annotated[int, Meta(ge=0, le=1440)] = 0


class Window(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a group is green: from ``start_s`` up to ``end_s`` of the cycle, across its end too."""

    group: str
    start_s: Seconds
    end_s: Seconds


class Band(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A dynamic band: up to ``most_s`` seconds put in at ``at_s`` of the cycle.

    What begins or ends later moves by them; the last green of the cycle ends as planned, and pays for them.
    """

    number: Annotated[int, Meta(ge=1, le=10)]
    at_s: Seconds
    most_s: Seconds


class Plan(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One time plan."""

    number: Number
    cycle_s: Annotated[int, Meta(ge=20, le=255)]
    offset_s: Seconds = 0
    coordinated: bool = True
    windows: tuple[Window, ...]
    bands: tuple[Band, ...] = ()


class InputAlarm(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An alarm that is active as long as an input is."""

    input: Number
    component: str
    code: str
    values: dict[str, str] = {}


class Route(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An emergency route: the groups that are held green while it is active."""

    number: Number
    groups: tuple[str, ...]


class Junction(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole junction.

    Attributes:
        site_id: the id on every link.
        component: the id of the controller itself.
        intergreen_s: seconds from the end of one group's green to the begin of another's, as
            ``{"from": {"to": seconds}}``; two groups conflict when either direction stands here.
        input_calls: groups that an input requests and holds while it is active.
        call_release_s: after how long without a refresh such an input is given back when it was ordered by a
            command (M0006, M0013, M0019), so that a centre that is lost holds nothing; 0 for never.
        link_alarm_s: an alarm (A0007) when no supervisor has been connected for so long; 0 for never.
        situations: the plan of each traffic situation.
        default_plan: what runs when nothing else is chosen.
        start_s: how long each of the start-up intervals e, f and g lasts.
        week: the day table of each day, Monday first.
        days: day tables, as (table, plan, hour, minute) in local time.
    """

    site_id: Annotated[str, Meta(min_length=1)]
    component: str = "TC"
    groups: Annotated[tuple[Group, ...], Meta(min_length=1, max_length=255)]
    detectors: tuple[Detector, ...] = ()
    plans: Annotated[tuple[Plan, ...], Meta(min_length=1)]
    intergreen_s: dict[str, dict[str, Seconds]] = {}
    inputs: Annotated[int, Meta(ge=0, le=255)] = 16
    outputs: Annotated[int, Meta(ge=0, le=255)] = 16
    input_alarms: tuple[InputAlarm, ...] = ()
    input_calls: dict[str, str] = field(default_factory=dict)
    call_release_s: Seconds = 10
    link_alarm_s: Annotated[int, Meta(ge=0, le=86_400)] = 0
    routes: tuple[Route, ...] = ()
    situations: dict[str, int] = field(default_factory=dict)
    default_plan: Number = 1
    start_s: tuple[Seconds, Seconds, Seconds] = (3, 3, 5)
    week: tuple[int, int, int, int, int, int, int] = (1, 1, 1, 1, 1, 1, 1)
    days: tuple[tuple[int, int, int, int], ...] = ()
    security_codes: tuple[str, str] = ("1111", "2222")
    seed: int = 1


def check_junction(junction: Junction) -> None:
    """Raise SettingsWrong with everything that is wrong, in one sentence each."""
    problems = [*_names(junction), *_plans(junction), *_too_short(junction), *_overlaps(junction)]
    if problems:
        raise SettingsWrong("; ".join(problems))


def _names(junction: Junction) -> Iterator[str]:
    groups = {group.id for group in junction.groups}
    ids = [junction.component, *(one.id for one in junction.groups), *(one.id for one in junction.detectors)]
    yield from (f"component id {one!r} stands twice" for one in sorted({x for x in ids if ids.count(x) > 1}))
    named = [
        *(("detector " + one.id, one.group) for one in junction.detectors),
        *(("intergreen_s", name) for name in junction.intergreen_s),
        *(("intergreen_s", name) for row in junction.intergreen_s.values() for name in row),
        *(("input_calls", name) for name in junction.input_calls.values()),
        *((f"route {one.number}", name) for one in junction.routes for name in one.groups),
    ]
    yield from (f"{where} names no group: {name!r}" for where, name in named if name not in groups)
    yield from (
        f"input_calls: {name!r} is no input from 1 to {junction.inputs}"
        for name in junction.input_calls
        if not name.isdigit() or not 1 <= int(name) <= junction.inputs
    )


def _plans(junction: Junction) -> Iterator[str]:
    groups = {group.id for group in junction.groups}
    numbers = [plan.number for plan in junction.plans]
    if junction.default_plan not in numbers:
        yield f"default_plan {junction.default_plan} is no plan"
    for plan in junction.plans:
        where = f"plan {plan.number}"
        if numbers.count(plan.number) > 1:
            yield f"{where} stands twice"
        for window in plan.windows:
            if window.group not in groups:
                yield f"{where} names no group: {window.group!r}"
            if max(window.start_s, window.end_s) > plan.cycle_s or window.start_s == window.end_s:
                yield f"{where}: the green of {window.group} is not inside the cycle of {plan.cycle_s} s"


def _too_short(junction: Junction) -> Iterator[str]:
    least_s = {group.id: group.min_green_s + group.red_yellow_s for group in junction.groups}
    for plan in junction.plans:
        last = max((window.end_s for window in plan.windows), default=0)
        for window in plan.windows:
            moved = sum(band.most_s for band in plan.bands if band.at_s <= window.start_s)
            length = (window.end_s - window.start_s) % plan.cycle_s or plan.cycle_s
            if window.end_s == last and length - moved < least_s.get(window.group, 0):
                yield f"plan {plan.number}: the bands leave {window.group} less than its minimum green"


def _overlaps(junction: Junction) -> Iterator[str]:
    for plan in junction.plans:
        for one, other in combinations(plan.windows, 2):
            gap = conflict_s(junction, one.group, other.group)
            if gap is None or one.group == other.group:
                continue
            if _gap_s(one, other, plan.cycle_s) < gap or _gap_s(other, one, plan.cycle_s) < (
                conflict_s(junction, other.group, one.group) or 0
            ):
                yield f"plan {plan.number}: {one.group} and {other.group} conflict"


def _gap_s(before: Window, after: Window, cycle_s: int) -> int:
    green = (before.end_s - before.start_s) % cycle_s or cycle_s
    until = (after.start_s - before.start_s) % cycle_s
    return until - green


def conflict_s(junction: Junction, ending: str, beginning: str) -> int | None:
    """Return the intergreen from one group to another, None when they do not conflict."""
    there = junction.intergreen_s.get(ending, {}).get(beginning)
    back = junction.intergreen_s.get(beginning, {}).get(ending)
    return there if there is not None else back
