"""Temporary changes of splits, offsets and cycles: what held before is read, and comes back by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from samstad_models.commands import CommandState
from samstad_ngsild.client import ClientError
from samstad_ngsild.errors import NgsiLdError
from samstad_signals.domain.amendments import KINDS, Amendment, amend, due_returns, return_arguments
from samstad_signals.domain.lease import LeaseRefused
from samstad_signals.domain.orders import OrderRefused
from samstad_signals.service.commands import Commands, Wanted
from samstad_signals.service.fleet import UnknownJunction
from samstad_signals.spi.keeping import Keep, Keeping
from samstad_signals.spi.street import Street

__all__ = ["Amending"]

KIND = "amendment"
SHOWN: Mapping[str, str] = {"setOffset": "S0024", "setCycleTime": "S0028", "setSplits": "S0023"}
RETURN_VALID_S = 24 * 3600.0
AGAIN_S = 60
SECOND_US = 1_000_000
Key = tuple[str, str, int]


class Amending:
    """Keeps the changes that are in force.

    Args:
        commands: carries out.
        street: knows what holds in the controllers.
        keeping: where changes survive.
        now_us: the clock.
    """

    def __init__(
        self, commands: Commands, street: Street, keeping: Keeping, *, now_us: Callable[[], int]
    ) -> None:
        self.in_force: dict[Key, Amendment] = {}
        self._commands = commands
        self._street = street
        self._keeping = keeping
        self._now_us = now_us
        self._returning_us: dict[Key, int] = {}

    async def load(self) -> None:
        """Take what was kept."""
        for body in (await self._keeping.load(KIND)).values():
            one = msgspec.json.decode(body, type=Amendment)
            self.in_force[one.key] = one

    def plan(self, wanted: Amendment) -> tuple[Amendment, Wanted]:
        """Return a change with what holds before it, and the command that makes it.

        Raises:
            OrderRefused: it is wrong, or what holds now is not known, so it could not return.
        """
        if wanted.name not in KINDS:
            raise OrderRefused("unknownCommand", f"{wanted.name!r} amends no plan: {', '.join(KINDS)}")
        before = self._held(wanted)
        found = amend(self.in_force, wanted._replace(before=before), now_us=self._now_us())[wanted.key]
        command = Wanted(
            site_id=wanted.junction,
            name=wanted.name,
            arguments={KINDS[wanted.name]: wanted.value, "plan": wanted.plan},
            issuer=wanted.by,
            reason=wanted.reason,
        )
        return found, command

    async def hold(self, amendment: Amendment) -> None:
        """Hold a change in force; on the disk when it returns."""
        await self._keeping.save([Keep(KIND, _text(amendment.key), msgspec.json.encode(amendment))])
        self.in_force[amendment.key] = amendment

    def end_now(self, key: Key) -> None:
        """Let a change return at once; KeyError where there is none."""
        self.in_force[key] = self.in_force[key]._replace(until_us=self._now_us())

    async def look(self) -> None:
        """Bring back what is due; a return that did not come about is tried again."""
        now_us = self._now_us()
        for one in due_returns(self.in_force.values(), now_us=now_us):
            given_us = self._returning_us.get(one.key)
            if given_us is None or now_us - given_us >= AGAIN_S * SECOND_US:
                await self._return(one)

    async def _return(self, one: Amendment) -> None:
        wanted = Wanted(
            site_id=one.junction,
            name=one.name,
            arguments=return_arguments(one),
            issuer=one.by,
            reason=f"return of: {one.reason}",
            valid_s=RETURN_VALID_S,
            by_service=True,
            is_return=True,
        )
        is_open = any(known.wanted == wanted for known in self._commands.open.values())
        if is_open:
            return
        try:
            await self._commands.give(wanted)
        except (UnknownJunction, LeaseRefused, OrderRefused, ClientError, NgsiLdError):
            return  # the next look tries again
        self._returning_us[one.key] = self._now_us()

    async def ended(self, wanted: Wanted, state: CommandState) -> None:
        """Learn how a command ended: a return that is confirmed ends the change, one refused ends it too."""
        if not wanted.is_return or state.status not in {"confirmed", "rejected", "superseded"}:
            return
        key = (wanted.site_id, wanted.name, int(wanted.arguments["plan"]))
        one = self.in_force.get(key)
        if one is not None and return_arguments(one) == wanted.arguments and one.until_us <= self._now_us():
            await self._keeping.save([Keep(KIND, _text(key), None)])
            self.in_force.pop(key, None)
            self._returning_us.pop(key, None)

    def _held(self, wanted: Amendment) -> Any:
        text = self._street.value(wanted.junction, SHOWN[wanted.name], "status")
        rows = [part.split("-") for part in (text or "").split(",") if part]
        mine = [row[1:] for row in rows if row[0] == str(wanted.plan)]
        try:
            if wanted.name == "setSplits":
                known = {row[0]: int(row[1]) for row in mine}
                return {band: known[band] for band in wanted.value}
            return int(mine[0][0])
        except (IndexError, KeyError, ValueError, TypeError):
            raise OrderRefused(
                "invalidArguments",
                f"what plan {wanted.plan} of {wanted.junction} holds now is not known: it could not return",
            ) from None


def _text(key: Key) -> str:
    return "\x1f".join((key[0], key[1], str(key[2])))
