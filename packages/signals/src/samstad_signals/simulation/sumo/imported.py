"""A signal program of SUMO read as a junction: groups, intergreens, minimum greens, plan and stages.

Links whose lights are always the same as each other's are one group. Two groups conflict when ways of theirs
cross and the program never shows both green; ways that cross and are green together are the program's own
permitted conflicts, in which one yields. Nothing is made up that the program does not show: intergreens are
those of its own changes, minimum and maximum greens those of its own phases where it tells any.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from samstad_rsmp.control.crossing import Crossing, Link, Stage
from samstad_rsmp.emulator.settings import (
    Detector,
    Group,
    Junction,
    Plan,
    SettingsWrong,
    Window,
    check_junction,
)

__all__ = ["Imported", "NotImportable", "Phase", "Way", "import_program"]

GREEN = frozenset("Gg")
YELLOW = frozenset("yY")
LEAST_GREEN_S = 5
LONGEST_GREEN_S = 120
LONGEST_RED_S = 120
SPARE_S = 15
SHORTEST_CYCLE_S, LONGEST_CYCLE_S = 20, 255
YELLOW_S = 3.0
"""For programs that show no yellow at all, and leave it to whoever runs them."""


class NotImportable(ValueError):
    """A program that no controller can run; it is left to the simulation itself."""


@dataclass(frozen=True)
class Phase:
    """One phase as SUMO tells it; seconds."""

    state: str
    duration_s: float
    least_s: float
    longest_s: float


@dataclass(frozen=True)
class Way:
    """What one character of a state controls: the lane that it leaves and the one that it reaches."""

    lane: str
    exit: str
    foes: frozenset[int] = frozenset()
    walking: bool = False


@dataclass(frozen=True)
class Imported:
    """A junction of SUMO.

    Attributes:
        junction: for the emulated controller and its monitor.
        crossing: for its planner.
        lanes: the ids of the lanes, in the planner's order.
        ways: one for each character of a state.
        groups: the group of each character, None for lights that never change.
        still: what such lights show.
        red: what each character shows at red.
        yields: to which links each yields when both are green.
        always_yields: links that the program never shows with right of way.
        findings: what is odd about the program.
    """

    junction: Junction
    crossing: Crossing
    lanes: tuple[str, ...]
    ways: tuple[Way, ...]
    groups: tuple[str | None, ...]
    still: str
    red: str
    yields: tuple[frozenset[int], ...]
    always_yields: frozenset[int]
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Column:
    """One group: its links, and when it is green in the cycle."""

    name: str
    links: tuple[int, ...]
    runs: tuple[tuple[int, int, int, int], ...]
    """Begin, end, least and longest of each green."""
    yellow_s: int
    walking: bool


def import_program(name: str, phases: Sequence[Phase], ways: Sequence[Way], *, offset_s: int = 0) -> Imported:
    """Read a program; NotImportable says why it cannot be run."""
    if not any(set(phase.state) & YELLOW for phase in phases):
        phases = _with_yellow(phases)
    phases = _fitting(phases)
    states = [phase.state for phase in phases]
    cycle_s = round(sum(phase.duration_s for phase in phases))
    columns = ["".join(state[n] for state in states) for n in range(len(ways))]
    moving = [n for n, column in enumerate(columns) if GREEN & set(column) and set(column) - GREEN]
    if not moving:
        raise NotImportable(f"{name}: no light ever changes")
    if not SHORTEST_CYCLE_S <= cycle_s <= LONGEST_CYCLE_S:
        raise NotImportable(f"{name}: a cycle of {cycle_s} s, and its greens cannot make up for it")
    groups = _columns(phases, columns, moving, ways)
    gaps = _intergreens(phases, groups, columns, ways, cycle_s)
    junction = _junction(name, groups, gaps, _Timing(cycle_s, -offset_s % cycle_s, _has_bounds(phases)))
    of_link = {n: group.name for group in groups for n in group.links}
    yields, always = _yields(columns, ways)
    lanes = tuple(dict.fromkeys(way.lane for way in ways))
    links = tuple(
        Link(
            lanes.index(way.lane), of_link.get(n, ""), yields[n] or (way.foes if n in always else frozenset())
        )
        for n, way in enumerate(ways)
    )
    stages = _stages(phases, groups, columns, yields, always)
    crossing = Crossing(
        lanes=len(lanes),
        links=links,
        stages=stages,
        min_green_s={one.id: one.min_green_s for one in junction.groups},
        max_green_s=_longest(groups, bounded=_has_bounds(phases)),
        max_red_s={one.id: one.max_red_s for one in junction.groups},
        intergreen_s=gaps,
    )
    return Imported(
        junction=junction,
        crossing=crossing,
        lanes=lanes,
        ways=tuple(ways),
        groups=tuple(of_link.get(n) for n in range(len(ways))),
        still="".join(column[0] for column in columns),
        red="".join("s" if "s" in column else "r" for column in columns),
        yields=yields,
        always_yields=always,
        findings=_findings(columns, ways),
    )


def _with_yellow(phases: Sequence[Phase]) -> list[Phase]:
    found: list[Phase] = []
    for one, after in pairwise((*phases, phases[0])):
        found.append(one)
        state = "".join(
            "y" if a in GREEN and b not in GREEN else a if a in GREEN else "r"
            for a, b in zip(one.state, after.state, strict=True)
        )
        if "y" in state:
            found.append(Phase(state, YELLOW_S, YELLOW_S, YELLOW_S))
    return found


def _fitting(phases: Sequence[Phase]) -> list[Phase]:
    """Stretch or shorten the greens of a program whose cycle no controller has; its stages stay."""
    changes_s = sum(phase.duration_s for phase in phases if _is_change(phase))
    greens_s = sum(phase.duration_s for phase in phases) - changes_s
    if SHORTEST_CYCLE_S <= changes_s + greens_s <= LONGEST_CYCLE_S or not greens_s:
        return list(phases)
    cycle_s = max(SHORTEST_CYCLE_S, min(changes_s + greens_s, LONGEST_CYCLE_S - len(phases)))
    if cycle_s <= changes_s:
        return list(phases)
    factor = (cycle_s - changes_s) / greens_s
    return [
        phase
        if _is_change(phase)
        else Phase(phase.state, max(1, round(phase.duration_s * factor)), phase.least_s, phase.longest_s)
        for phase in phases
    ]


@dataclass(frozen=True)
class _Timing:
    cycle_s: int
    offset_s: int
    bounded: bool


def _has_bounds(phases: Sequence[Phase]) -> bool:
    return any(phase.least_s < phase.longest_s for phase in phases)


def _columns(
    phases: Sequence[Phase], columns: Sequence[str], moving: Sequence[int], ways: Sequence[Way]
) -> list[_Column]:
    alike: dict[tuple[str, bool], list[int]] = {}
    for n in moving:
        shown = "".join("G" if one in GREEN else "y" if one in YELLOW else "r" for one in columns[n])
        alike.setdefault((shown, ways[n].walking), []).append(n)
    return [
        _Column(f"SG{number}", tuple(links), _runs(phases, shown), _yellow_s(phases, shown), walking)
        for number, ((shown, walking), links) in enumerate(alike.items(), 1)
    ]


def _runs(phases: Sequence[Phase], shown: str) -> tuple[tuple[int, int, int, int], ...]:
    """Return the greens of a group, each as begin, end (modulo the cycle), least and longest."""
    count = len(phases)
    starts = [round(sum(phase.duration_s for phase in phases[:n])) for n in range(count + 1)]
    found = []
    for n in range(count):
        if shown[n] != "G" or shown[n - 1] == "G":
            continue
        within = [n]
        while shown[(within[-1] + 1) % count] == "G":
            within.append((within[-1] + 1) % count)
        end = starts[within[-1] + 1]
        least = round(sum(phases[i].least_s for i in within))
        longest = round(sum(phases[i].longest_s for i in within))
        found.append((starts[n], end, least, longest))
    return tuple(found)


def _yellow_s(phases: Sequence[Phase], shown: str) -> int:
    lengths = []
    for n, phase in enumerate(phases):
        if shown[n] == "y" and shown[n - 1] == "G":
            length, i = phase.duration_s, n + 1
            while i < len(phases) and shown[i] == "y":
                length += phases[i].duration_s
                i += 1
            lengths.append(round(length))
    return min(lengths, default=0)


def _intergreens(
    phases: Sequence[Phase],
    groups: Sequence[_Column],
    columns: Sequence[str],
    ways: Sequence[Way],
    cycle_s: int,
) -> dict[str, dict[str, int]]:
    changes = _changes(phases)
    usual = max(changes.values(), default=0)
    found: dict[str, dict[str, int]] = {}
    for one in groups:
        for other in groups:
            if one is other or not _conflict(one, other, columns, ways):
                continue
            gaps = [
                min((begin - end) % cycle_s, max(one.yellow_s, changes.get(begin, usual)))
                for _, end, _, _ in one.runs
                for begin, *_ in other.runs
            ]
            found.setdefault(one.name, {})[other.name] = min(gaps)
    return found


def _changes(phases: Sequence[Phase]) -> dict[int, int]:
    """Return for each begin of a phase how long the phases of change right before it took."""
    count = len(phases)
    found = {}
    for n in range(count):
        length, i = 0.0, n - 1
        while i > n - count and _is_change(phases[i]):
            length += phases[i].duration_s
            i -= 1
        if length:
            found[round(sum(phase.duration_s for phase in phases[:n]))] = round(length)
    return found


def _is_change(phase: Phase) -> bool:
    return bool(set(phase.state) & (YELLOW | {"u"})) or not set(phase.state) & GREEN


def _conflict(one: _Column, other: _Column, columns: Sequence[str], ways: Sequence[Way]) -> bool:
    crossing = any(b in ways[a].foes or a in ways[b].foes for a in one.links for b in other.links)
    together = any(
        x in GREEN and y in GREEN for x, y in zip(columns[one.links[0]], columns[other.links[0]], strict=True)
    )
    return crossing and not together


def _junction(
    name: str, groups: Sequence[_Column], gaps: dict[str, dict[str, int]], timing: _Timing
) -> Junction:
    junction = Junction(
        site_id=name,
        groups=tuple(_group(one, timing) for one in groups),
        detectors=tuple(Detector(id=f"DL{n}", group=one.name) for n, one in enumerate(groups, 1)),
        intergreen_s=gaps,
        plans=(
            Plan(
                number=1,
                cycle_s=timing.cycle_s,
                offset_s=timing.offset_s,
                windows=tuple(
                    Window(group=one.name, start_s=begin, end_s=end)
                    for one in groups
                    for begin, end, _, _ in one.runs
                ),
            ),
        ),
        start_s=(1, 0, 0),
    )
    try:
        check_junction(junction)
    except SettingsWrong as error:
        raise NotImportable(f"{name}: {error}") from None
    return junction


def _group(one: _Column, timing: _Timing) -> Group:
    shortest = min((end - begin) % timing.cycle_s for begin, end, _, _ in one.runs)
    least = min(least for _, _, least, _ in one.runs) if timing.bounded else min(LEAST_GREEN_S, shortest)
    reds = [(after[0] - before[1]) % timing.cycle_s for before, after in pairwise((*one.runs, one.runs[0]))]
    return Group(
        id=one.name,
        kind="pedestrian" if one.walking else "vehicle",
        min_green_s=min(255, max(1, min(least, shortest))),
        red_yellow_s=0,
        yellow_s=one.yellow_s,
        max_red_s=min(255, max(LONGEST_RED_S, max(reds) + SPARE_S)),
    )


def _longest(groups: Sequence[_Column], *, bounded: bool) -> dict[str, int]:
    return {
        one.name: max(longest for _, _, _, longest in one.runs) if bounded else LONGEST_GREEN_S
        for one in groups
    }


def _yields(columns: Sequence[str], ways: Sequence[Way]) -> tuple[tuple[frozenset[int], ...], frozenset[int]]:
    found: list[frozenset[int]] = []
    always = set()
    for n, way in enumerate(ways):
        beside = {
            other
            for other in way.foes
            for mine, theirs in zip(columns[n], columns[other], strict=True)
            if mine == "g" and theirs == "G"
        }
        found.append(frozenset(beside))
        if "g" in columns[n] and "G" not in columns[n]:
            always.add(n)
    return tuple(found), frozenset(always)


def _stages(
    phases: Sequence[Phase],
    groups: Sequence[_Column],
    columns: Sequence[str],
    yields: Sequence[Collection[int]],
    always: Collection[int],
) -> tuple[Stage, ...]:
    found: dict[Stage, None] = {}
    for n, phase in enumerate(phases):
        if _is_change(phase):
            continue
        green = {i for i, column in enumerate(columns) if column[n] in GREEN}
        weak = frozenset(i for i in green if i in always or green & set(yields[i]))
        names = frozenset(one.name for one in groups if one.links[0] in green)
        found[Stage(names, frozenset(green) - weak, weak)] = None
    kept = [one for one in found if not any(_is_within(one, other) for other in found if other is not one)]
    if len(kept) < 2:
        raise NotImportable("fewer than two stages")
    return tuple(kept)


def _is_within(one: Stage, other: Stage) -> bool:
    return one.greens < other.greens and one.strong <= other.strong


def _findings(columns: Sequence[str], ways: Sequence[Way]) -> tuple[str, ...]:
    return tuple(
        f"links {n} and {other} cross and both have right of way"
        for n, way in enumerate(ways)
        for other in sorted(way.foes)
        if n < other
        and way.exit != ways[other].exit
        and way.lane != ways[other].lane
        and any(x == "G" == y for x, y in zip(columns[n], columns[other], strict=True))
    )
