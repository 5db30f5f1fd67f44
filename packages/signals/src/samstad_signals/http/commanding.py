"""Commands: the one place where they are given, because here it is known by whom (I9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from samstad_plugin.service import Caller, caller_of
from samstad_signals.http.bodies import answer, read
from samstad_signals.service.commands import Commands, Wanted
from samstad_signals.spi.entities import Entities

__all__ = ["Commanding"]


class NewCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall be done at which junction, why, and for how long it may wait."""

    site: str
    name: str
    reason: str
    arguments: dict[str, Any] = {}
    valid_s: Annotated[float, Meta(gt=0)] = msgspec.field(default=120.0, name="validSeconds")


class Commanding:
    """The endpoints of commands.

    Args:
        commands: carries them out.
        acting_for: gives a client with the rights of a caller.
    """

    def __init__(self, commands: Commands, acting_for: Callable[[Caller], Entities]) -> None:
        self._commands = commands
        self._acting_for = acting_for

    async def give(self, request: Request) -> Response:
        """Give a command: its entity is made in the caller's name, so the broker decides."""
        body = await read(request, NewCommand)
        caller = caller_of(request)
        wanted = Wanted(
            site_id=body.site,
            name=body.name,
            arguments=body.arguments,
            issuer=caller.id,
            reason=body.reason,
            valid_s=body.valid_s,
        )
        entity = self._commands.prepare(wanted)
        try:
            await self._acting_for(caller).create(entity)
        except BaseException:
            self._commands.give_up(entity["id"])
            raise
        await self._commands.admit(entity, wanted)
        return answer({"command": entity["id"]}, 201)

    async def withdraw(self, request: Request) -> Response:
        """Take back a command that has not been sent."""
        self._commands.withdraw(request.path_params["command"])
        await self._commands.keep()
        return Response(status_code=204)
