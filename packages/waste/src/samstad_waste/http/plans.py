"""Endpoints of plans: make, look, explain, decide, make anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from samstad_plugin.service import caller_of
from samstad_waste.domain.errors import PlanRefused
from samstad_waste.domain.plan import Plan
from samstad_waste.http.desk import Unknown, answer
from samstad_waste.http.reading import read_body
from samstad_waste.service.collecting import Collecting, NotNow
from samstad_waste.service.planning import Planner, Wanted

__all__ = ["Plans"]

_REASONS = {
    "asked": "Somebody asked for it.",
    "due": "Its deadline or its age demands it, or nobody has ever told of it.",
    "full": "It will almost surely be full before the next collection.",
    "risk": "The risk of overflow before the next collection is worth the way.",
    "passing": "It holds, and the crew passes by: emptying it now saves a way later.",
    "notNeeded": "It will almost surely hold until the next collection.",
    "keptOut": "Somebody took it out.",
    "noPlace": "It has no location: give it one.",
    "distance": "The risk of overflow is not worth the way, or the shifts are too short.",
    "capacity": "No vehicle takes its kind of waste, or so much of it.",
    "break": "It does not fit its window together with the crew's break.",
    "notToday": "More urgent bins fill the day.",
    "done": "The crew has reported it.",
}


class NewPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan is asked for."""

    day: str = ""
    reason: str = ""
    out: list[str] = []
    pinned: dict[str, bool] = {}
    seconds: float | None = None


class Plans:
    """The endpoints of plans.

    Args:
        planner: makes plans.
        collecting: keeps them.
        flush: returns when everything is in the broker; raises where it is not.
        now_us: the clock.
        seconds: CPU seconds of search for a new plan, and for a change on the day.
    """

    def __init__(
        self,
        planner: Planner,
        collecting: Collecting,
        *,
        flush: Callable[[], Awaitable[None]],
        now_us: Callable[[], int],
        seconds: tuple[float, float],
    ) -> None:
        self._planner = planner
        self._collecting = collecting
        self._flush = flush
        self._now_us = now_us
        self._seconds = seconds

    async def make(self, request: Request) -> Response:
        """Make a plan for a day; it is a proposal until somebody puts it in force."""
        told = await read_body(request, NewPlan)
        now_us = self._now_us()
        day = _day(told.day, self._planner.today(now_us=now_us))
        wanted = self._wanted(told, day, caller_of(request).id, self._seconds[0])
        plan = await self._planner.make(
            wanted, now_us=now_us, plan_id=self._collecting.next_id(day.isoformat())
        )
        self._collecting.keep(plan)
        await self._flush()
        return answer(_shown(plan), 201)

    async def change(self, request: Request) -> Response:
        """Make a plan anew from where its crews are; manual changes of before are kept."""
        before = self._plan(request)
        if before.status in {"withdrawn", "superseded"}:
            raise NotNow(f"The plan is {before.status}: make another one.")
        told = await read_body(request, NewPlan)
        merged = msgspec.structs.replace(
            told,
            out=sorted({*before.out, *told.out}),
            pinned={**before.pinned, **told.pinned},
        )
        wanted = self._wanted(merged, date.fromisoformat(before.day), caller_of(request).id, self._seconds[1])
        plan = await self._planner.make(wanted, now_us=self._now_us(), plan_id=before.id, before=before)
        self._collecting.keep(plan)
        await self._flush()
        return answer(_shown(plan))

    async def activate(self, request: Request) -> Response:
        """Put a plan in force; crews see it now."""
        return await self._decide(request, "active")

    async def withdraw(self, request: Request) -> Response:
        """Take a plan back."""
        return await self._decide(request, "withdrawn")

    async def listed(self, _: Request) -> Response:
        """Show the plans, the latest first."""
        plans = sorted(self._collecting.plans.values(), key=lambda one: -one.made_us)
        rows = [
            {
                **{name: getattr(one, name) for name in ("id", "day", "version", "status", "by", "reason")},
                "metres": one.metres,
                "stops": sum(stop.kind == "stop" for route in one.routes for stop in route.stops),
            }
            for one in plans
        ]
        return answer({"plans": rows})

    async def shown(self, request: Request) -> Response:
        """Show a plan."""
        return answer(_shown(self._plan(request)))

    async def explained(self, request: Request) -> Response:
        """Say why a bin is in a plan, or is not."""
        plan, container_id = self._plan(request), request.path_params["bin"]
        found = plan.worth.get(container_id)
        stop = next(
            (one for route in plan.routes for one in route.stops if one.subject == container_id), None
        )
        if found is None and stop is None and container_id not in plan.left:
            raise Unknown(f"The plan did not look at {container_id}: it was not known then.")
        reason = stop.why if stop and stop.why else plan.left.get(container_id, "")
        told: dict[str, Any] = {
            "bin": container_id,
            "isPlanned": stop is not None,
            "reason": reason,
            "text": _REASONS.get(reason, ""),
        }
        if found is not None:
            told |= {"probabilityOfOverflow": found[0], "expectedLevel": found[1], "worthMetres": found[2]}
        return answer(told)

    def _plan(self, request: Request) -> Plan:
        plan = self._collecting.plans.get(request.path_params["plan"])
        if plan is None:
            raise Unknown(f"There is no plan {request.path_params['plan']}.")
        return plan

    async def _decide(self, request: Request, status: str) -> Response:
        plan = self._collecting.decide(self._plan(request).id, status, by=caller_of(request).id)
        await self._flush()
        return answer(_shown(plan))

    @staticmethod
    def _wanted(told: NewPlan, day: date, by: str, seconds: float) -> Wanted:
        found = seconds if told.seconds is None else told.seconds
        if not 0 < found <= 600:
            raise PlanRefused("seconds of search lie above 0 and up to 600.", pointer="/seconds")
        return Wanted(day, by, told.reason, tuple(told.out), told.pinned, found)


def _day(told: str, today: date) -> date:
    try:
        day = date.fromisoformat(told) if told else today
    except ValueError:
        raise PlanRefused(f"day {told!r} is written 2026-11-26.", pointer="/day") from None
    if not 0 <= (day - today).days <= 14:
        raise PlanRefused(f"day {told} must be today or within two weeks.", pointer="/day")
    return day


def _shown(plan: Plan) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(plan)
    return {**told, "metres": plan.metres}
