"""Command entities become messages to devices, and are confirmed by what the devices show afterwards (I9).

A command is written as sent before it goes out, so that a node that dies in between says it once at most;
only commands whose rule allows several attempts are ever said again. What waits is kept by the broker: after
a restart all that is not final is told again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from samstad_devices.domain.codec import Encoded
from samstad_devices.domain.errors import CodecFailed, ProfileRefused
from samstad_devices.domain.lifecycle import reception_of
from samstad_devices.domain.messages import DownlinkAnswered
from samstad_devices.domain.normalise import Measurement
from samstad_devices.domain.orders import Order, OrderRefused, order_of, shows
from samstad_devices.domain.profile import Profile
from samstad_devices.service.command_entity import Wish, fragment_of, read_wish
from samstad_devices.service.directory import Directory, KnownDevice
from samstad_devices.spi.city import City
from samstad_devices.spi.frame_store import Heard
from samstad_devices.spi.routes import Downlink, Route, RouteAway, RouteRefused
from samstad_models.commands import CommandState, advance, expire_if_due, is_final, supersedes
from samstad_ngsild.client import ClientError, Notification
from samstad_ngsild.errors import NgsiLdError

__all__ = ["Commands"]

MOST_OPEN = 20_000
_PAUSE_US = 5_000_000
"""Before a way that was closed is tried again."""

_SKEW_US = 5_000_000
"""How far a device's clock may be behind."""


class Encode(Protocol):
    """Makes bytes of what a command says; raises CodecFailed."""

    async def __call__(self, profile: Profile, data: Any, *, port: int, command_id: str) -> Encoded:
        """Return them."""
        ...


@dataclass(slots=True)
class _Open:
    """A command that is not done.

    Attributes:
        is_out: a gateway has sent it, or the device has it: the next one may follow.
        must_go: it is written as sent, and has still to go out.
        sent_us: when it went out; what the device showed before does not count.
        not_before_us: when it may be tried again.
    """

    id: str
    device_id: str
    order: Order
    state: CommandState
    is_out: bool = False
    must_go: bool = False
    reference: str = ""
    sent_us: int = 0
    not_before_us: int = 0


class Commands:
    """Carries out commands for devices.

    Args:
        directory: which devices there are.
        encode: makes bytes of what a command says.
        routes: to devices; the first that is open is taken.
        heard: when, and by which way, devices were heard.
        city: where a command's status is written.
        now_us: the clock.
    """

    def __init__(  # noqa: PLR0913 - what the composition wires, each by its name
        self,
        *,
        directory: Directory,
        encode: Encode,
        routes: Sequence[Route],
        heard: Callable[[str], Heard | None],
        city: City,
        now_us: Callable[[], int],
    ) -> None:
        self._directory = directory
        self._encode = encode
        self._routes = routes
        self._heard = heard
        self._city = city
        self._now_us = now_us
        self._open: dict[str, _Open] = {}
        self._of_device: dict[str, dict[str, _Open]] = {}
        self._unwritten: dict[str, tuple[CommandState, str]] = {}
        self.more = asyncio.Event()
        self.ended: dict[str, int] = {}
        """How many commands ended in which status since the start."""

    def __len__(self) -> int:
        return len(self._open)

    # -- what is told -------------------------------------------------------------------------------

    async def told(self, notification: Notification) -> None:
        """Take what the broker tells of commands."""
        await self._directory.loaded.wait()
        for entity in notification.entities:
            self.take(entity)
        self.more.set()

    def take(self, entity: Mapping[str, Any]) -> None:
        """Take a Command entity; one that is known, or not for a device of ours, is passed over."""
        command_id = str(entity.get("id", ""))
        wish = read_wish(entity)
        if wish.status is None or is_final(wish.status):
            # Withdrawn, or gone: what has not gone out does not go.
            self._forget(command_id)
            return
        if command_id in self._open or command_id in self._unwritten:
            return
        device, profile = self._device_of(wish)
        if device is not None:
            self._begin(command_id, wish, device, profile)

    def _device_of(self, wish: Wish) -> tuple[KnownDevice | None, Profile | None]:
        """Return the device that a command is for: its target, or one at that place with such a command."""
        device = self._directory.device(wish.target)
        if device is not None:
            return device, self._profile(device)
        for one in self._directory.at(wish.target):
            found = self._directory.device(one)
            profile = self._profile(found) if found else None
            if profile is not None and wish.name in profile.commands:
                return found, profile
        return None, None

    def _profile(self, device: KnownDevice) -> Profile | None:
        try:
            return self._directory.profile(device.model)
        except ProfileRefused:
            return None

    def _begin(self, command_id: str, wish: Wish, device: KnownDevice, profile: Profile | None) -> None:
        try:
            order = self._ordered(wish, device, profile)
        except OrderRefused as refused:
            state = CommandState(wish.target, wish.name, 0, 1, status=wish.status or "queued")
            self._unwritten[command_id] = self._ended(state, "reject", refused.cause, refused.detail)
            return
        one = _Open(command_id, device.id, order, wish.state(device.id))
        if one.state.status != "queued":
            one.is_out, one.sent_us = True, self._now_us()
        self._supersede(one)
        self._open[command_id] = one
        self._of_device.setdefault(device.id, {})[command_id] = one

    def _ordered(self, wish: Wish, device: KnownDevice, profile: Profile | None) -> Order:
        wish.check()
        if reception_of(device.life) == "quarantine":
            raise OrderRefused("notPermitted", f"{device.id} is {device.life or 'of no known state'}.")
        if len(self._open) >= MOST_OPEN:
            raise OrderRefused("notPermitted", f"{MOST_OPEN} commands are open: wait for their end.")
        return order_of(wish.name, profile.commands.get(wish.name) if profile else None, wish.arguments)

    def _supersede(self, newer: _Open) -> None:
        for older in list(self._of_device.get(newer.device_id, {}).values()):
            if supersedes(newer.state, older.state):
                ended = advance(older.state, "supersede", actor="node", now_us=self._now_us())
                self._end(older, ended, f"{newer.id} has taken its place")

    def answered(self, answer: DownlinkAnswered) -> None:
        """Take what became of a downlink; it is the oldest of its device where the network names none."""
        for owner in self._directory.owners(answer.device):
            one = self._answered_one(owner, answer.reference)
            if one is not None:
                self._take_answer(one, answer)
                self.more.set()

    def _answered_one(self, device_id: str, reference: str | None) -> _Open | None:
        waiting = [one for one in self._of_device.get(device_id, {}).values() if one.state.status == "sent"]
        if not reference:
            return next(iter(waiting), None)
        named = [one for one in waiting if reference in {one.reference, one.id}]
        unnamed = [one for one in waiting if not one.reference]
        return next(iter(named or unnamed), None)

    def _take_answer(self, one: _Open, answer: DownlinkAnswered) -> None:
        one.is_out = True
        if answer.outcome == "acknowledged":
            one.state = advance(one.state, "deliver", actor="gateway", now_us=self._now_us())
            self._unwritten[one.id] = (one.state, "")
        elif answer.outcome == "refused" and answer.device.kind == "entity":
            self._end(one, *self._ended(one.state, "reject", "deviceRefused", "the device refused it"))
        elif answer.outcome == "refused" and one.state.attempts >= one.order.attempts:
            self._end(one, *self._ended(one.state, "fail", "noRoute", "the device did not acknowledge it"))
        elif answer.outcome == "refused":
            one.not_before_us = self._now_us()

    def measured(self, device_id: str, measurements: Iterable[Measurement], time_us: int) -> None:
        """Take what a device shows, and when it measured it: its commands are confirmed by that alone."""
        for one in list(self._of_device.get(device_id, {}).values()):
            if one.order.expected is None or one.must_go or not one.sent_us:
                continue
            if time_us + _SKEW_US >= one.sent_us and shows(one.order.expected, measurements):
                self._end(one, *self._ended(one.state, "confirm", None, ""))
                self.more.set()

    # -- what is done -------------------------------------------------------------------------------

    async def run(self, pause: Callable[[], Awaitable[object]]) -> None:
        """Work until cancelled; ``pause`` returns about once a second."""
        pausing = asyncio.ensure_future(pause())
        while True:
            self.more.clear()
            await self.step()
            more = asyncio.ensure_future(self.more.wait())
            await asyncio.wait({pausing, more}, return_when=asyncio.FIRST_COMPLETED)
            more.cancel()
            if pausing.done():
                pausing = asyncio.ensure_future(pause())

    async def step(self) -> None:
        """Let expire what is too late, send what can be sent, and write what has changed."""
        now_us = self._now_us()
        for one in list(self._open.values()):
            expired = expire_if_due(one.state, now_us=now_us)
            if expired is not one.state:
                self._end(one, expired, _why_late(one))
        for device_id in list(self._of_device):
            self._mark_next(device_id, now_us)
        if await self._written():
            for one in [one for one in self._open.values() if one.must_go]:
                await self._send(one)
            await self._written()

    def _mark_next(self, device_id: str, now_us: int) -> None:
        """Choose what goes to a device now: one at a time, and in the order in which they were given."""
        mine = sorted(self._of_device.get(device_id, {}).values(), key=lambda one: one.state.issued_us)
        for one in mine:
            if one.state.status == "queued" or self._may_repeat(one, now_us):
                if now_us >= one.not_before_us and self._way(one) is not None:
                    one.state = advance(one.state, "send", actor="gateway", now_us=now_us)
                    one.must_go, one.is_out = True, False
                    self._unwritten[one.id] = (one.state, "")
                return
            if not one.is_out:
                return

    def _may_repeat(self, one: _Open, now_us: int) -> bool:
        if one.state.status != "sent" or one.must_go or one.state.attempts >= one.order.attempts:
            return False
        return bool(one.sent_us) and now_us >= (one.not_before_us or one.sent_us + one.order.retry_us)

    def _way(self, one: _Open) -> Route | None:
        way = self._way_of(one.device_id)
        return next((route for route in self._routes if route.is_open(one.device_id, way)), None)

    def _way_of(self, device_id: str) -> str:
        heard = self._heard(device_id)
        return heard.way if heard else ""

    async def _send(self, one: _Open) -> None:
        route, now_us = self._way(one), self._now_us()
        if route is None or now_us < one.not_before_us:
            one.not_before_us = max(one.not_before_us, now_us + _PAUSE_US // 5)
            return
        try:
            downlink = await self._downlink(one)
            reference = await route.send(downlink)
        except RouteAway:
            one.not_before_us = now_us + _PAUSE_US
        except RouteRefused as refused:
            self._end(one, *self._ended(one.state, "fail", "noRoute", refused.detail))
        except CodecFailed as failed:
            self._end(one, *self._ended(one.state, "fail", "deviceError", failed.detail))
        else:
            one.must_go, one.reference, one.not_before_us = False, reference, 0
            one.sent_us = now_us

    async def _downlink(self, one: _Open) -> Downlink:
        device = self._directory.device(one.device_id)
        profile = self._profile(device) if device else None
        if device is None or profile is None:
            raise RouteRefused(f"{one.device_id} or its model has gone.")
        order = one.order
        encoded = Encoded(order.payload, order.port) if order.payload is not None else None
        if encoded is None:
            encoded = await self._encode(profile, order.data, port=order.port, command_id=one.id)
        return Downlink(
            reference=one.id,
            device_id=device.id,
            identifiers=device.identifiers,
            way=self._way_of(device.id),
            payload=encoded.payload,
            port=encoded.port,
            is_acknowledged=order.is_acknowledged,
            ends_us=one.state.valid_until_us,
        )

    # -- ends ---------------------------------------------------------------------------------------

    def _ended(
        self, state: CommandState, event: str, cause: str | None, detail: str
    ) -> tuple[CommandState, str]:
        return advance(state, event, actor="gateway", now_us=self._now_us(), cause=cause), detail

    def _end(self, one: _Open, state: CommandState, detail: str) -> None:
        self._forget(one.id)
        self.ended[state.status] = self.ended.get(state.status, 0) + 1
        self._unwritten[one.id] = (state, detail)

    def _forget(self, command_id: str) -> None:
        one = self._open.pop(command_id, None)
        if one is None:
            return
        mine = self._of_device[one.device_id]
        mine.pop(command_id, None)
        if not mine:
            del self._of_device[one.device_id]

    async def _written(self) -> bool:
        """Write the statuses that have changed; False where the broker is away: they are written later."""
        for command_id, (state, detail) in list(self._unwritten.items()):
            try:
                await self._city.append(command_id, fragment_of(state, detail))
            except ClientError:
                return False
            except NgsiLdError:  # the command was deleted: nobody is left to be told
                self._forget(command_id)
            if self._unwritten.get(command_id) == (state, detail):
                del self._unwritten[command_id]
        return True


def _why_late(one: _Open) -> str:
    why = {
        "queued": "no way to the device was open in time",
        "sent": "the device has not been reached in time",
    }
    return why.get(one.state.status, "the device has not shown it in time")
