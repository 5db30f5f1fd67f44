"""Programs and ways of the running simulation, read through libsumo."""

from __future__ import annotations

from typing import Any

from samstad_signals.simulation.sumo.imported import Imported, NotImportable, Phase, Way, import_program

__all__ = ["read_junctions"]


def read_junctions(sumo: Any) -> tuple[dict[str, Imported], dict[str, str]]:
    """Return the junctions that can be run, and why the others cannot, by the id of their lights."""
    found: dict[str, Imported] = {}
    left: dict[str, str] = {}
    for name in sumo.trafficlight.getIDList():
        try:
            found[name] = _read(sumo, name)
        except NotImportable as error:
            left[name] = str(error)
    return found, left


def _read(sumo: Any, name: str) -> Imported:
    lights = sumo.trafficlight
    running = lights.getProgram(name)
    logic = next(one for one in lights.getAllProgramLogics(name) if one.programID == running)
    phases = [Phase(one.state, one.duration, one.minDur, one.maxDur) for one in logic.phases]
    begin_s = round(sumo.simulation.getTime())
    switch = lights.getNextSwitch(name)
    at = lights.getPhase(name)
    # where the program stands tells its offset, whatever the file says
    position = sum(one.duration_s for one in phases[: at + 1]) - (switch - begin_s)
    cycle_s = sum(one.duration_s for one in phases)
    offset_s = round(begin_s - position) % max(1, round(cycle_s))
    return import_program(name, phases, _ways(sumo, name), offset_s=offset_s)


def _ways(sumo: Any, name: str) -> list[Way]:
    controlled = sumo.trafficlight.getControlledLinks(name)
    owner: dict[str, int] = {}
    for number, links in enumerate(controlled):
        for _, _, via in links:
            for part in _parts(sumo, via):
                owner[part] = number
    ways = []
    for number, links in enumerate(controlled):
        foes: set[int] = set()
        for _, _, via in links:
            for part in _parts(sumo, via):
                foes |= {owner[one] for one in sumo.lane.getInternalFoes(part) if one in owner}
        come, leave = (links[0][0], links[0][1]) if links else (f"{name}#{number}", "")
        walking = come.startswith(":") and "_w" in come
        ways.append(Way(come, leave, frozenset(foes - {number}), walking))
    return _both_ways(ways)


def _both_ways(ways: list[Way]) -> list[Way]:
    foes = [set(way.foes) for way in ways]
    for number, way in enumerate(ways):
        for other in way.foes:
            foes[other].add(number)
    return [
        Way(way.lane, way.exit, frozenset(mine), way.walking) for way, mine in zip(ways, foes, strict=True)
    ]


def _parts(sumo: Any, via: str) -> list[str]:
    """Return the internal lanes of one way: where vehicles wait inside, there is a second."""
    if not via:
        return []
    parts = [via]
    for link in sumo.lane.getLinks(via):
        if link[4] and link[4] not in parts and link[4].startswith(":"):
            parts.append(link[4])
    return parts
