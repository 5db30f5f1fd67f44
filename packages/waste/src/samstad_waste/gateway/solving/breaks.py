"""Breaks go between two steps of a finished route; what then no longer fits its window is taken out."""

from __future__ import annotations

from typing import Any

from samstad_waste.domain.routing import Break, Leg, Problem, Step, Vehicle, Visit

__all__ = ["with_breaks"]


def with_breaks(
    problem: Problem, vehicle: Vehicle, steps: list[Step], *, metres: Any, seconds: Any
) -> tuple[Leg, list[str]]:
    """Return the route with the vehicle's breaks in it, and the bins that no longer fit their windows.

    Args:
        problem: for the windows.
        vehicle: whose breaks.
        steps: of the route without them.
        metres: between places, as a matrix.
        seconds: driving times between places, as a matrix.
    """
    visits = {visit.id: visit for visit in problem.visits}
    missed: list[str] = []
    for pause in sorted(vehicle.breaks, key=lambda one: one.early_s):
        steps = _timed(_paused(steps, pause), visits, metres, seconds)
        late = {step.id for step in steps if step.kind == "stop" and step.arrive_s > visits[step.id].late_s}
        if late:
            missed += sorted(late)
            kept = [step for step in steps if step.kind != "stop" or step.id not in late]
            steps = _timed(kept, visits, metres, seconds)
    litres = sum(sum(visits[step.id].litres.values()) for step in steps if step.kind == "stop")
    return Leg(vehicle.id, steps, sum(step.metres for step in steps), litres), missed


def _paused(steps: list[Step], pause: Break) -> list[Step]:
    """Put the break after the first step that ends when it may begin, or the last before it must."""
    if steps[-1].arrive_s <= pause.early_s:
        return steps  # the crew is home before
    in_time = [number for number, step in enumerate(steps[:-1]) if step.leave_s <= pause.late_s] or [0]
    early = [number for number in in_time if steps[number].leave_s >= pause.early_s]
    number = early[0] if early else in_time[-1]
    before = steps[number]
    begin_s = max(before.leave_s, pause.early_s)
    rest = Step("break", "", before.place, begin_s, begin_s + pause.duration_s, 0)
    return [*steps[: number + 1], rest, *steps[number + 1 :]]


def _timed(steps: list[Step], visits: dict[str, Visit], metres: Any, seconds: Any) -> list[Step]:
    """Return the steps with ways and times that follow from the first one on; waits for windows shrink."""
    found = [steps[0]]
    for step in steps[1:]:
        before = found[-1]
        lasts_s = step.leave_s - step.arrive_s
        place = before.place if step.kind == "break" else step.place
        arrive_s = before.leave_s + int(seconds[before.place, place])
        if step.kind == "stop":
            arrive_s = max(arrive_s, visits[step.id].early_s)
        if step.kind == "break":
            arrive_s = max(arrive_s, step.arrive_s)
        way_m = int(metres[before.place, place])
        found.append(Step(step.kind, step.id, place, arrive_s, arrive_s + lasts_s, way_m))
    return found
