"""The supervisor: it listens for controllers, follows what they tell, and speaks to them.

Which component stands for the controller as a whole is learnt from its aggregated status, the first message
after the handshake; the subscriptions follow from there, and are made anew after every reconnect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from samstad_rsmp.confirm import EXPECTED, is_confirmed
from samstad_rsmp.errors import RsmpError
from samstad_rsmp.messages import AggregatedStatus, Alarm, CommandResponse, StatusResponse, StatusUpdate
from samstad_rsmp.session.events import Closed, Event, Garbled, Ready, Received, Refused
from samstad_rsmp.session.supervisor import SiteBook, SupervisorSession, Wish
from samstad_rsmp.shell.server import Lost, ServerTerms, SupervisorServer
from samstad_signals.domain.controller import SUBSCRIBED
from samstad_signals.domain.orders import Order, shows_mode
from samstad_signals.gateway.reading import alarm_seen, moment_us, values_told
from samstad_signals.service.fleet import AlarmKey, Fleet
from samstad_signals.spi.street import NotConnected, StreetRefused

__all__ = ["CLOCK_EVERY_S", "RsmpSupervisor", "wishes_for"]

CLOCK_EVERY_S = 3600
ORDERED = frozenset({"M0005", "M0006", "M0014", "M0015", "M0018"})
"""Commands that are shown by statuses which nothing else needs."""
CLOCK_NAMES = ("year", "month", "day", "hour", "minute", "second")


def wishes_for(component_id: str) -> list[Wish]:
    """Return what is followed of a controller: statuses on change, its clock each hour."""
    statuses = [Wish(component_id, code, name) for code, names in SUBSCRIBED.items() for name in names]
    clock = [Wish(component_id, "S0096", name, CLOCK_EVERY_S, on_change=False) for name in CLOCK_NAMES]
    shown = {expected.status: expected.names for code, expected in EXPECTED.items() if code in ORDERED}
    confirming = [
        Wish(component_id, code, name)
        for code, names in shown.items()
        for name in names
        if name not in SUBSCRIBED.get(code, ())
    ]
    return statuses + confirming + clock


class RsmpSupervisor:
    """Serves controllers for a fleet.

    Args:
        fleet: takes what they tell.
        terms: how the supervisor serves.
        now_us: the clock.
        codes: security codes of level 2 by site id; "" stands for all others.

    Attributes:
        garbled: how many messages could not be read.
        on_answer: told of a command's answer: site, message id (of a refusal) or code, and why it was
            refused, "" where it was taken.
        on_status: told of a site whose statuses have changed.
    """

    def __init__(
        self,
        fleet: Fleet,
        terms: ServerTerms,
        *,
        now_us: Callable[[], int],
        codes: Mapping[str, str],
    ) -> None:
        self.garbled = 0
        self.on_answer: Callable[[str, str, str], None] = lambda _site, _message, _why: None
        self.on_status: Callable[[str], None] = lambda _site: None
        self._fleet = fleet
        self._now_us = now_us
        self._codes = codes
        self._main: dict[str, str] = {}
        self._server = SupervisorServer(terms, told=self._on_event, clock=lambda: now_us() // 1000)

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port; OSError where it is taken."""
        return await self._server.start(host, port)

    async def stop(self) -> None:
        """Close every connection: the controllers go on by themselves."""
        await self._server.stop()

    @property
    def connected(self) -> list[str]:
        """The sites that are up."""
        return self._server.connected

    def book(self, site_id: str) -> SiteBook:
        """Return the latest values of a site as it told them."""
        return self._server.book(site_id)

    def main_component(self, site_id: str) -> str:
        """Return the component that is the controller as a whole; NotConnected while it is not known."""
        component_id = self._main.get(site_id)
        if component_id is None:
            raise NotConnected(f"{site_id} has not told its state yet: try again when it has connected")
        return component_id

    # what we say -------------------------------------------------------------------------

    def order(self, site_id: str, order: Order) -> str:
        """Send a command and return its message id.

        Raises:
            NotConnected: the controller is not there.
            StreetRefused: the exchange list that was agreed has no such command or value.
        """
        component_id = self.main_component(site_id)
        code = self._codes.get(site_id, self._codes.get("", ""))
        values = {**order.values, "securityCode": code}
        return self._speak(
            site_id,
            lambda session, now_ms: session.command(component_id, order.code, values, now_ms=now_ms),
        )

    def tell_alarm(self, site_id: str, key: AlarmKey, wish: str) -> str:
        """Say Acknowledge, Suspend or Resume of an alarm; raises as ``order``."""
        return self._speak(site_id, lambda session, now_ms: session.wish_of_alarm(wish, *key, now_ms=now_ms))

    def _speak(self, site_id: str, say: Callable[[SupervisorSession, int], str]) -> str:
        if site_id not in self._server.connected:
            raise NotConnected(f"{site_id} is not connected: it runs its own program now")
        try:
            return self._server.speak(site_id, say)
        except RsmpError as error:
            raise StreetRefused(str(error)) from error

    def shows(self, site_id: str, order: Order) -> bool:
        """Tell whether what a controller has told shows an order in effect."""
        state = self._fleet.junction(site_id).state
        if order.code == "M0001":
            return shows_mode(order, yellow_flash=state.yellow_flash, switched_on=state.switched_on)
        component_id = self._main.get(site_id, "")
        return order.code in EXPECTED and is_confirmed(
            self._server.book(site_id), component_id, order.code, order.values
        )

    # what we hear --------------------------------------------------------------------------

    def _on_event(self, site_id: str, event: Event | Lost) -> None:
        if isinstance(event, Received):
            self._on_message(site_id, event.message)
        elif isinstance(event, Ready):
            self._fleet.up(site_id, now_us=self._now_us())
        elif isinstance(event, Lost | Closed):
            if site_id in self._fleet.junctions:
                self._fleet.down(site_id, now_us=self._now_us(), reason=event.reason)
        elif isinstance(event, Refused):
            self.on_answer(site_id, getattr(event.message, "message_id", ""), event.reason or "refused")
        elif isinstance(event, Garbled):
            self.garbled += 1

    def _on_message(self, site_id: str, message: Any) -> None:
        handler = _HANDLERS.get(type(message))
        if handler is None or site_id not in self._fleet.junctions:
            return
        try:
            handler(self, site_id, message)
        except ValueError:  # a time that is none
            self.garbled += 1

    def _on_bits(self, site_id: str, message: AggregatedStatus) -> None:
        if self._main.get(site_id) != message.component_id or not self._server.book(site_id).wishes:
            self._main[site_id] = message.component_id
            self._subscribe(site_id, message.component_id)
        self._fleet.take_bits(site_id, message.bits, observed_us=moment_us(message.timestamp))

    def _subscribe(self, site_id: str, component_id: str) -> None:
        def say(session: SupervisorSession, now_ms: int) -> str:
            session.subscribe(wishes_for(component_id), now_ms=now_ms)
            return ""

        try:
            self._server.speak(site_id, say)
        except RsmpError:  # it went away meanwhile; its book keeps the wishes where they were made
            self._main.pop(site_id, None)

    def _on_values(self, site_id: str, message: StatusUpdate | StatusResponse) -> None:
        self._fleet.take_values(
            site_id,
            values_told(message),
            observed_us=moment_us(message.timestamp),
            now_us=self._now_us(),
        )
        self.on_status(site_id)

    def _on_alarm(self, site_id: str, message: Alarm) -> None:
        self._fleet.take_alarm(site_id, alarm_seen(message))

    def _on_response(self, site_id: str, message: CommandResponse) -> None:
        unknown = [one.name for one in message.values if one.age in {"undefined", "unknown"}]
        why = f"the controller does not know {', '.join(unknown)}" if unknown else ""
        self.on_answer(site_id, message.values[0].code, why)


_HANDLERS: Mapping[type, Callable[[RsmpSupervisor, str, Any], None]] = {
    AggregatedStatus: RsmpSupervisor._on_bits,  # noqa: SLF001  # its own table
    Alarm: RsmpSupervisor._on_alarm,  # noqa: SLF001
    CommandResponse: RsmpSupervisor._on_response,  # noqa: SLF001
    StatusResponse: RsmpSupervisor._on_values,  # noqa: SLF001
    StatusUpdate: RsmpSupervisor._on_values,  # noqa: SLF001
}
