"""Signal priority: vehicles ask, and everybody sees what became of it."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from samstad_signals.domain import priority
from samstad_signals.domain.priority import LatenessRule
from samstad_signals.http.bodies import answer, read
from samstad_signals.mapping import iso_text
from samstad_signals.service.priorities import Priorities, Vehicle

__all__ = ["PriorityDesk"]


class NewRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From so many seconds late, a level."""

    from_s: int = msgspec.field(name="fromSeconds")
    level: int = 0


class NewRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rules."""

    rules: list[NewRule]


class PriorityDesk:
    """The endpoints of priority.

    Args:
        priorities: the requests.
    """

    def __init__(self, priorities: Priorities) -> None:
        self._priorities = priorities

    async def ask(self, request: Request) -> Response:
        """Ask for priority for a vehicle as far as its lateness allows."""
        coming = await read(request, Vehicle)
        found = self._priorities.ask(request.path_params["site"], coming)
        if found is None:
            return answer({"vehicle": coming.vehicle, "state": "notNeeded"})
        return answer(_shown(found), 201)

    async def cancel(self, request: Request) -> Response:
        """Take a vehicle's request back."""
        self._priorities.cancel(request.path_params["site"], await read(request, Vehicle))
        return Response(status_code=204)

    async def list_all(self, request: Request) -> Response:
        """Show the latest requests at a junction, and what became of them."""
        found = self._priorities.requests(request.path_params["site"])
        return answer({"requests": [_shown(one) for one in found]})

    async def rules(self, _: Request) -> Response:
        """Show the rules of lateness."""
        return answer(
            {"rules": [{"fromSeconds": one.from_s, "level": one.level} for one in self._priorities.rules]}
        )

    async def set_rules(self, request: Request) -> Response:
        """Set the rules of lateness, all at once."""
        rules = (await read(request, NewRules)).rules
        await self._priorities.set_rules([LatenessRule(one.from_s, one.level) for one in rules])
        return Response(status_code=204)


def _shown(one: priority.Request) -> dict[str, Any]:
    return {
        "request": one.request_id,
        "vehicle": one.vehicle,
        "latenessSeconds": one.lateness_s,
        "level": one.level,
        "asked": iso_text(one.asked_us),
        "state": one.state,
        "states": [{"state": state, "at": iso_text(at_us)} for state, at_us in one.states],
        "greenExtension": one.extended_s,
        "redReduction": one.shortened_s,
    }
