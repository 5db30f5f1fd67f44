"""Timetables, special days, temporary changes, and how junctions agree with their tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from samstad_plugin.service import Caller, caller_of
from samstad_signals.domain.amendments import Amendment
from samstad_signals.domain.lease import LeaseRefused
from samstad_signals.domain.timetable import Line
from samstad_signals.errors import RequestRefused
from samstad_signals.http.bodies import answer, read
from samstad_signals.mapping import iso_text
from samstad_signals.service.amending import Amending
from samstad_signals.service.commands import Commands
from samstad_signals.service.fleet import Fleet
from samstad_signals.service.leases import Leases
from samstad_signals.service.planning import CITY, Planning
from samstad_signals.spi.entities import Entities

__all__ = ["PlanningDesk"]

_SECOND_US = 1_000_000


class NewLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From a time on certain days, a plan; 0 is the controller's own program."""

    days: list[str]
    begins: time
    plan: int


class NewTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A timetable; without lines it is taken away."""

    lines: list[NewLine]


class NewDays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of special days by date."""

    days: dict[date, Annotated[str, Meta(min_length=1, max_length=40)]]


class NewAmendment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall differ for a time: an order's name, a plan, the value, and why."""

    site: str
    name: str
    plan: int
    value: int | dict[str, int]
    reason: str
    minutes: Annotated[float, Meta(gt=0)]


class PlanningDesk:
    """The endpoints of planning.

    Args:
        fleet: the junctions.
        planning: follows timetables.
        amending: keeps temporary changes.
        commands: carries out.
        acting_for: gives a client with the rights of a caller.
        now_us: the clock.
        leases: who controls which.
    """

    def __init__(  # noqa: PLR0913 - what the composition wires, each by its name
        self,
        *,
        fleet: Fleet,
        leases: Leases,
        planning: Planning,
        amending: Amending,
        commands: Commands,
        acting_for: Callable[[Caller], Entities],
        now_us: Callable[[], int],
    ) -> None:
        self._fleet = fleet
        self._leases = leases
        self._planning = planning
        self._amending = amending
        self._commands = commands
        self._acting_for = acting_for
        self._now_us = now_us

    async def tables(self, _: Request) -> Response:
        """Show all timetables and special days."""
        tables = {
            scope: [
                {"days": sorted(one.days), "begins": f"{one.begins:%H:%M:%S}", "plan": one.plan}
                for one in lines
            ]
            for scope, lines in sorted(self._planning.tables.items())
        }
        days = {day.isoformat(): name for day, name in sorted(self._planning.special_days.items())}
        return answer({"timetables": tables, "specialDays": days})

    async def set_table(self, request: Request) -> Response:
        """Set the timetable of the city, a corridor or a junction."""
        scope = request.path_params["scope"]
        if scope != CITY and not scope.startswith(("corridor:", "junction:")):
            raise RequestRefused("A timetable is of city, corridor:NAME or junction:SITE.")
        if scope.startswith("junction:"):
            self._fleet.junction(scope.removeprefix("junction:"))
        body = await read(request, NewTable)
        lines = [Line(frozenset(one.days), one.begins, one.plan) for one in body.lines]
        await self._planning.set_table(scope, lines)
        return Response(status_code=204)

    async def set_days(self, request: Request) -> Response:
        """Name special days, all at once."""
        await self._planning.set_special_days((await read(request, NewDays)).days)
        return Response(status_code=204)

    async def agreement(self, _: Request) -> Response:
        """Show how junctions agree with their tables: what was wanted, and what was shown."""
        found = []
        for site_id, one in sorted(self._planning.agreement.items()):
            junction = self._fleet.junctions.get(site_id)
            total = one.same_s + one.other_s
            told: dict[str, Any] = {"site": site_id, "shadow": junction.is_shadow if junction else None}
            told |= {"seconds": round(total), "share": round(one.same_s / total, 4) if total else None}
            found.append(told | one.latest)
        return answer({"junctions": found})

    async def amendments(self, _: Request) -> Response:
        """Show the temporary changes in force."""
        return answer({"amendments": [_shown(one) for one in self._amending.in_force.values()]})

    async def amend(self, request: Request) -> Response:
        """Change a plan for a time."""
        body = await read(request, NewAmendment)
        caller = caller_of(request)
        self._fleet.junction(body.site)
        until_us = self._now_us() + round(body.minutes * 60 * _SECOND_US)
        wanted = Amendment(
            junction=body.site,
            name=body.name,
            plan=body.plan,
            value=body.value,
            before=None,
            by=caller.id,
            reason=body.reason,
            until_us=until_us,
        )
        amendment, command = self._amending.plan(wanted)
        entity = self._commands.prepare(command)
        try:
            await self._acting_for(caller).create(entity)
        except BaseException:
            self._commands.give_up(entity["id"])
            raise
        # Held before it is sent: whatever happens to the command, what held before comes back.
        await self._amending.hold(amendment)
        await self._commands.admit(entity, command)
        return answer({"command": entity["id"], **_shown(amendment)}, 201)

    async def end_amendment(self, request: Request) -> Response:
        """Let a temporary change return at once."""
        parameters = request.path_params
        plan = parameters["plan"]
        key = (parameters["site"], parameters["name"], int(plan) if plan.isdecimal() else -1)
        found = self._amending.in_force.get(key)
        if found is None:
            raise RequestRefused("There is no such change in force.")
        operator = caller_of(request).id
        why = self._leases.allows(found.junction, operator=operator, now_us=self._now_us())
        if why and operator != found.by:
            raise LeaseRefused(why)
        self._amending.end_now(key)
        await self._amending.look()
        return Response(status_code=204)


def _shown(one: Amendment) -> dict[str, Any]:
    return {
        "site": one.junction,
        "name": one.name,
        "plan": one.plan,
        "value": one.value,
        "before": one.before,
        "by": one.by,
        "reason": one.reason,
        "until": iso_text(one.until_us),
    }
