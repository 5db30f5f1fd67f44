"""Commands become orders, and are confirmed by what the controller shows afterwards (I9).

A command is given at the service's own desk, which knows who gives it: what the role does not know from there
is rejected, however its Command entity came about. It goes out while it is valid and its issuer controls the
junction, and ends as confirmed, rejected, expired, cancelled, superseded or failed. Every order sets a state,
so an order that a lost link has swallowed is sent again while it is valid. What is open survives the role.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from samstad_models.commands import CommandState, advance, expire_if_due, supersedes
from samstad_ngsild.client import ClientError
from samstad_ngsild.errors import NgsiLdError
from samstad_signals import mapping
from samstad_signals.domain.lease import LeaseRefused
from samstad_signals.domain.orders import Order, OrderRefused, order_of
from samstad_signals.service.fleet import Fleet
from samstad_signals.service.leases import Leases
from samstad_signals.spi.entities import Entities
from samstad_signals.spi.keeping import Keep, Keeping
from samstad_signals.spi.street import NotConnected, Street, StreetRefused

__all__ = ["KIND", "CommandUnknown", "Commands", "Wanted"]

Document = Mapping[str, Any]
KIND = "command"
MOST_OPEN = 10_000
LONGEST_S = 24 * 3600
SECOND_US = 1_000_000


class CommandUnknown(Exception):
    """No open command has that id."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants done."""

    site_id: str
    name: str
    arguments: dict[str, Any]
    issuer: str
    reason: str
    valid_s: float = 120.0
    by_service: bool = False
    """Whether the service itself gives it, by a timetable: only where nobody controls the junction."""
    is_return: bool = False
    """Whether it brings back what held before a temporary change: that was part of the change."""


@dataclass
class Open:
    """A command that is not done: where it is to go, what it orders, how far it is."""

    wanted: Wanted
    order: Order
    state: CommandState
    message_id: str = ""
    since: int = 0


class Kept(msgspec.Struct, frozen=True):
    """An open command as it survives."""

    wanted: Wanted
    state: CommandState


@dataclass
class _Told:
    """What is to be written of a command."""

    state: CommandState
    detail: str = ""


class Commands:
    """Carries out commands for a fleet's junctions.

    Args:
        fleet: whose junctions are ours.
        leases: who controls which.
        street: says things to controllers.
        entities: where a command's status is written.
        keeping: where open commands survive.
        now_us: the clock.
        new_id: gives parts of ids that are never the same.
    """

    def __init__(  # noqa: PLR0913 - what the service is made of, each by its name
        self,
        *,
        fleet: Fleet,
        leases: Leases,
        street: Street,
        entities: Entities,
        keeping: Keeping,
        now_us: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self.open: dict[str, Open] = {}
        self.on_end: Callable[[Wanted, CommandState], None] = lambda _wanted, _state: None
        self._fleet = fleet
        self._leases = leases
        self._street = street
        self._entities = entities
        self._keeping = keeping
        self._now_us = now_us
        self._new_id = new_id
        self._unwritten: dict[str, _Told] = {}
        self._arriving: set[str] = set()
        self._to_keep: set[str] = set()

    async def load(self) -> None:
        """Take up the commands that were open when the role ended."""
        for command_id, body in (await self._keeping.load(KIND)).items():
            kept = msgspec.json.decode(body, type=Kept)
            if kept.wanted.site_id in self._fleet.junctions:
                order = order_of(kept.wanted.name, kept.wanted.arguments)
                self.open[command_id] = Open(kept.wanted, order, kept.state)

    # giving -----------------------------------------------------------------------------------

    def prepare(self, wanted: Wanted) -> dict[str, Any]:
        """Return the Command entity of what is wanted, after every check that can be made before.

        Raises:
            UnknownJunction, OrderRefused, LeaseRefused: it cannot be given.
        """
        if self._fleet.junction(wanted.site_id).is_shadow:
            raise OrderRefused("localControl", f"{wanted.site_id} is in shadow: another centre controls it")
        order_of(wanted.name, wanted.arguments)
        if not wanted.reason.strip():
            raise OrderRefused("invalidArguments", "a command is given for a reason: say which")
        if not 0 < wanted.valid_s <= LONGEST_S:
            raise OrderRefused("invalidArguments", f"a command is valid for more than 0 and {LONGEST_S} s")
        if len(self.open) >= MOST_OPEN:
            raise OrderRefused("notPermitted", f"{MOST_OPEN} commands are open: let some end first")
        why = self._forbidden(wanted)
        if why:
            raise LeaseRefused(why)
        command_id = f"urn:ngsi-ld:Command:{self._fleet.authority}:{self._new_id()}"
        self._arriving.add(command_id)
        return _entity(command_id, wanted, self._fleet.authority, self._now_us())

    async def admit(self, entity: Document, wanted: Wanted) -> None:
        """Carry out a command whose entity has been created; on the disk when it returns."""
        command_id = entity["id"]
        try:
            now_us = self._now_us()
            target = mapping.controller_id(self._fleet.authority, wanted.site_id)
            until_us = now_us + round(wanted.valid_s * SECOND_US)
            state = CommandState(target, wanted.name, now_us, until_us, since_us=now_us)
            await self._keeping.save([Keep(KIND, command_id, msgspec.json.encode(Kept(wanted, state)))])
            for older_id, older in list(self.open.items()):
                if supersedes(state, older.state) and _is_same(wanted, older.wanted):
                    self._end(older_id, older, "supersede", cause=None, detail=f"by {command_id}")
            one = Open(wanted, order_of(wanted.name, wanted.arguments), state)
            self.open[command_id] = one
            self._send(command_id, one)
        finally:
            self._arriving.discard(command_id)

    async def give(self, wanted: Wanted) -> str:
        """Give a command of the service's own; raises as ``prepare``, and what the broker says."""
        entity = self.prepare(wanted)
        try:
            await self._entities.create(entity)
        except BaseException:
            self.give_up(entity["id"])
            raise
        await self.admit(entity, wanted)
        return str(entity["id"])

    def withdraw(self, command_id: str) -> None:
        """Take back a command that has not been sent.

        Raises:
            CommandUnknown: it is not open.
            CommandRefusedError: it is on its way.
        """
        one = self.open.get(command_id)
        if one is None:
            raise CommandUnknown(f"{command_id} is not open here")
        state = advance(one.state, "cancel", actor="operator", now_us=self._now_us())
        self._close(command_id, one, state, "withdrawn")

    def give_up(self, command_id: str) -> None:
        """Forget a command whose entity could not be created."""
        self._arriving.discard(command_id)

    def refuse_strange(self, entity: Document) -> None:
        """Reject a Command entity for a junction of ours that was not given at the desk."""
        command_id = str(entity.get("id", ""))
        known = command_id in self.open or command_id in self._unwritten or command_id in self._arriving
        is_ours = self._fleet.site_of(str(_value(entity, "target"))) is not None
        if known or not is_ours or _value(entity, "status") not in {"queued", "sent", "delivered"}:
            return
        state = CommandState("", "", 0, 1, status="queued")
        ended = advance(state, "reject", actor="gateway", now_us=self._now_us(), cause="notPermitted")
        detail = "nobody knows who gave it: give commands at /signals/v1/commands"
        self._unwritten[command_id] = _Told(ended, detail)

    # carrying out ------------------------------------------------------------------------------

    def _forbidden(self, wanted: Wanted) -> str:
        now_us = self._now_us()
        if wanted.is_return:
            return ""
        if not wanted.by_service:
            return self._leases.allows(wanted.site_id, operator=wanted.issuer, now_us=now_us)
        held = self._leases.holder(wanted.site_id, now_us=now_us)
        return f"{held.operator} controls {wanted.site_id} ({held.reason})" if held else ""

    def _send(self, command_id: str, one: Open) -> None:
        now_us = self._now_us()
        expired = expire_if_due(one.state, now_us=now_us)
        if expired is not one.state:
            self._close(command_id, one, expired, "the controller was not there in time")
            return
        why = self._forbidden(one.wanted)
        if why:
            self._end(command_id, one, "reject", cause="notPermitted", detail=why)
            return
        try:
            one.message_id = self._street.order(one.wanted.site_id, one.order)
        except NotConnected:
            return
        except StreetRefused as refused:
            self._end(command_id, one, "reject", cause="invalidArguments", detail=str(refused))
            return
        self._change(command_id, one, advance(one.state, "send", actor="gateway", now_us=now_us))

    def connected(self, site_id: str) -> None:
        """Send what waits for a controller, and what its lost link may have swallowed."""
        for command_id, one in list(self.open.items()):
            if one.wanted.site_id == site_id and one.state.status in {"queued", "sent"}:
                one.message_id = ""
                self._send(command_id, one)
            elif one.wanted.site_id == site_id:
                one.since = 0

    def answered(self, site_id: str, message_id: str, why: str) -> None:
        """Take a controller's answer to a message of ours: why it refuses, "" where it has taken it."""
        for command_id, one in list(self.open.items()):
            if one.wanted.site_id != site_id or one.message_id != message_id:
                continue
            if why:
                self._end(command_id, one, "reject", cause="deviceRefused", detail=why)
            elif one.state.status == "sent":
                one.since = self._street.mark()
                self._change(
                    command_id, one, advance(one.state, "deliver", actor="gateway", now_us=self._now_us())
                )
                self._street.ask(site_id, one.order)

    def look(self) -> None:
        """Confirm what controllers show, and let expire what they did not show in time."""
        now_us = self._now_us()
        for command_id, one in list(self.open.items()):
            shown = one.state.status == "delivered" and self._street.shows(
                one.wanted.site_id, one.order, since=one.since
            )
            if shown:
                self._end(command_id, one, "confirm", cause=None, detail="")
                continue
            expired = expire_if_due(one.state, now_us=now_us)
            if expired is not one.state:
                self._close(command_id, one, expired, _TOO_LATE[one.state.status])

    def _end(self, command_id: str, one: Open, event: str, *, cause: str | None, detail: str) -> None:
        actor = "node" if event == "supersede" else "gateway"
        ended = advance(one.state, event, actor=actor, now_us=self._now_us(), cause=cause)
        self._close(command_id, one, ended, detail)

    def _close(self, command_id: str, one: Open, state: CommandState, detail: str) -> None:
        one.state = state
        self.open.pop(command_id, None)
        self._unwritten[command_id] = _Told(state, detail)
        self._to_keep.add(command_id)
        self.on_end(one.wanted, state)

    def _change(self, command_id: str, one: Open, state: CommandState) -> None:
        one.state = state
        self._unwritten[command_id] = _Told(state)
        self._to_keep.add(command_id)

    # writing -----------------------------------------------------------------------------------

    async def write(self) -> None:
        """Write the statuses that have changed; what the broker did not take is written again."""
        for command_id, told in list(self._unwritten.items()):
            try:
                await self._entities.append(command_id, _fragment(told.state, told.detail))
            except ClientError:
                return
            except NgsiLdError:  # the command was deleted: nobody is left to be told
                pass
            if self._unwritten.get(command_id) is told:
                del self._unwritten[command_id]

    async def keep(self) -> None:
        """Keep what has changed; what has ended is forgotten when the broker knows how it ended."""
        ids = {one for one in self._to_keep if one in self.open or one not in self._unwritten}
        await self._keeping.save(self._kept(ids))
        self._to_keep -= ids

    def _kept(self, ids: set[str]) -> Iterator[Keep]:
        for command_id in ids:
            one = self.open.get(command_id)
            body = msgspec.json.encode(Kept(one.wanted, one.state)) if one is not None else None
            yield Keep(KIND, command_id, body)


_TOO_LATE = {
    "queued": "the controller was not there in time",
    "sent": "the controller has not answered in time",
    "delivered": "the controller has not shown it in time",
}


_WHICH: Mapping[str, str] = {
    "setOffset": "plan",
    "setCycleTime": "plan",
    "setSplits": "plan",
    "activateInput": "input",
    "setEmergencyRoute": "emergencyroute",
}
"""Orders of which there are several actuators at a junction, and the argument that says which."""


def _is_same(newer: Wanted, older: Wanted) -> bool:
    which = _WHICH.get(newer.name)
    return which is None or newer.arguments.get(which) == older.arguments.get(which)


def _value(entity: Document, name: str) -> Any:
    attribute = entity.get(name)
    if not isinstance(attribute, dict):
        return attribute
    for member in ("value", "object", "json"):
        if member in attribute:
            return attribute[member]
    return None


def _entity(command_id: str, wanted: Wanted, authority: str, now_us: int) -> dict[str, Any]:
    until_us = now_us + round(wanted.valid_s * SECOND_US)
    told = {
        "commandName": wanted.name,
        "status": "queued",
        "issuedBy": wanted.issuer,
        "reason": wanted.reason,
        "attempts": 0,
    }
    times = {"issuedAt": now_us, "validUntil": until_us}
    return {
        "id": command_id,
        "type": "Command",
        "target": {"type": "Relationship", "object": mapping.controller_id(authority, wanted.site_id)},
        "commandArguments": {"type": "JsonProperty", "json": wanted.arguments},
        **{name: {"type": "Property", "value": value} for name, value in told.items()},
        **{
            name: {
                "type": "Property",
                "value": {"@type": "DateTime", "@value": mapping.iso_text(time_us)},
            }
            for name, time_us in times.items()
        },
    }


def _fragment(state: CommandState, detail: str) -> dict[str, Any]:
    told = {"status": state.status, "statusCause": state.cause, "statusDetail": detail or None}
    attributes = {name: {"type": "Property", "value": value} for name, value in told.items() if value}
    return attributes | (
        {"attempts": {"type": "Property", "value": state.attempts}} if state.attempts else {}
    )
