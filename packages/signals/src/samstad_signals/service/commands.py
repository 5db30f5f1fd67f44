"""Command entities become orders, and are confirmed by what the controller shows afterwards (I9).

A command is taken once: it goes out while it is valid and its issuer controls the junction, and ends as
confirmed, rejected, expired or failed. After a restart of the service, commands that were sent and not yet
confirmed are told again by the broker and watched on, never sent a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from samstad_models.commands import CommandState, advance, expire_if_due, is_final
from samstad_ngsild.client import ClientError
from samstad_ngsild.errors import NgsiLdError
from samstad_signals.domain.orders import Order, OrderRefused, order_of
from samstad_signals.service.fleet import Fleet
from samstad_signals.service.leases import Leases
from samstad_signals.spi.entities import Entities
from samstad_signals.spi.street import NotConnected, Street, StreetRefused

__all__ = ["Commands"]

Document = Mapping[str, Any]
MOST_OPEN = 10_000


@dataclass
class Open:
    """A command that is not done: where it is to go, what it orders, how far it is."""

    site_id: str
    order: Order
    state: CommandState
    message_id: str = ""


class Commands:
    """Carries out commands for a fleet's junctions.

    Args:
        fleet: whose junctions are ours.
        leases: who controls which.
        street: says things to controllers.
        entities: where a command's status is written.
        now_us: the clock.
    """

    def __init__(  # what the service is made of, each by its name
        self,
        *,
        fleet: Fleet,
        leases: Leases,
        street: Street,
        entities: Entities,
        now_us: Callable[[], int],
    ) -> None:
        self.open: dict[str, Open] = {}
        self._fleet = fleet
        self._leases = leases
        self._street = street
        self._entities = entities
        self._now_us = now_us
        self._unwritten: dict[str, tuple[CommandState, str]] = {}

    def take(self, entity: Document) -> None:
        """Take a Command entity; one that is known, final, or not for a junction of ours is passed over."""
        command_id = str(entity.get("id", ""))
        site_id = self._fleet.site_of(str(_value(entity, "target")))
        status = _value(entity, "status")
        known = command_id in self.open or command_id in self._unwritten
        if site_id is None or known or not isinstance(status, str) or is_final(status):
            return
        try:
            state = _state(entity, status)
            order = order_of(str(_value(entity, "commandName")), _arguments(entity))
        except (OrderRefused, ValueError) as refused:
            self._refuse(command_id, status, refused)
            return
        one = Open(site_id, order, state)
        if status == "queued":
            self._send(command_id, one, issuer=str(_value(entity, "issuedBy")))
        else:
            self.open[command_id] = one

    def _refuse(self, command_id: str, status: str, refused: Exception) -> None:
        cause = refused.cause if isinstance(refused, OrderRefused) else "invalidArguments"
        state = CommandState("", "", 0, 1, status=status)
        self._end(command_id, state, "reject", cause=cause, detail=str(refused))

    def _send(self, command_id: str, one: Open, *, issuer: str) -> None:
        now_us = self._now_us()
        one.state = expire_if_due(one.state, now_us=now_us)
        if is_final(one.state.status):
            self._unwritten[command_id] = (one.state, "it came too late to be sent")
            return
        why = self._leases.allows(one.site_id, operator=issuer, now_us=now_us)
        if why or len(self.open) >= MOST_OPEN:
            detail = why or "too many commands are open"
            self._end(command_id, one.state, "reject", cause="notPermitted", detail=detail)
            return
        try:
            one.message_id = self._street.order(one.site_id, one.order)
        except NotConnected as away:
            self._end(command_id, one.state, "fail", cause="noRoute", detail=str(away))
            return
        except StreetRefused as refused:
            self._end(command_id, one.state, "reject", cause="invalidArguments", detail=str(refused))
            return
        one.state = advance(one.state, "send", actor="gateway", now_us=now_us)
        self.open[command_id] = one
        self._unwritten[command_id] = (one.state, "")

    def _end(
        self, command_id: str, state: CommandState, event: str, *, cause: str | None, detail: str
    ) -> None:
        ended = advance(state, event, actor="gateway", now_us=self._now_us(), cause=cause)
        self.open.pop(command_id, None)
        self._unwritten[command_id] = (ended, detail)

    def answered(self, site_id: str, reference: str, why: str) -> None:
        """Take a controller's answer: to a message id, or for a command code."""
        for command_id, one in list(self.open.items()):
            if one.site_id != site_id or reference not in {one.message_id, one.order.code}:
                continue
            if why:
                self._end(command_id, one.state, "reject", cause="deviceRefused", detail=why)
            elif one.state.status == "sent":
                one.state = advance(one.state, "deliver", actor="gateway", now_us=self._now_us())
                self._unwritten[command_id] = (one.state, "")

    def look(self) -> None:
        """Confirm what controllers show, and let expire what they did not show in time."""
        now_us = self._now_us()
        for command_id, one in list(self.open.items()):
            if one.state.status == "delivered" and self._street.shows(one.site_id, one.order):
                self._end(command_id, one.state, "confirm", cause=None, detail="")
                continue
            expired = expire_if_due(one.state, now_us=now_us)
            if expired is not one.state:
                del self.open[command_id]
                self._unwritten[command_id] = (expired, "the controller has not shown it in time")

    async def write(self) -> None:
        """Write the statuses that have changed; what the broker did not take is written again."""
        for command_id, (state, detail) in list(self._unwritten.items()):
            try:
                await self._entities.append(command_id, _fragment(state, detail))
            except ClientError:
                return
            except NgsiLdError:  # the command was deleted: nobody is left to be told
                pass
            if self._unwritten.get(command_id) == (state, detail):
                del self._unwritten[command_id]


def _value(entity: Document, name: str) -> Any:
    attribute = entity.get(name)
    if not isinstance(attribute, dict):
        return attribute
    for member in ("value", "object", "json"):
        if member in attribute:
            return attribute[member]
    return None


def _arguments(entity: Document) -> Mapping[str, Any]:
    value = _value(entity, "commandArguments")
    if isinstance(value, dict) and set(value) == {"json"}:
        value = value["json"]
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise OrderRefused("invalidArguments", "commandArguments is an object")
    return value


def _time_us(entity: Document, name: str) -> int:
    value = _value(entity, name)
    text = value.get("@value") if isinstance(value, dict) else value
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError(f"{name} says no time zone")
    return round(moment.timestamp() * 1_000_000)


def _state(entity: Document, status: str) -> CommandState:
    return CommandState(
        str(_value(entity, "target")),
        str(_value(entity, "commandName")),
        _time_us(entity, "issuedAt"),
        _time_us(entity, "validUntil"),
        status=status,
    )


def _fragment(state: CommandState, detail: str) -> dict[str, Any]:
    told = {"status": state.status, "statusCause": state.cause, "statusDetail": detail or None}
    attributes = {name: {"type": "Property", "value": value} for name, value in told.items() if value}
    return attributes | (
        {"attempts": {"type": "Property", "value": state.attempts}} if state.attempts else {}
    )
