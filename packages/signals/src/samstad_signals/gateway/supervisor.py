"""The supervisor: it listens for controllers, follows what they tell, and speaks to them.

Which component stands for the controller as a whole is learnt from its aggregated status, the first message
after the handshake; the subscriptions follow from there, and are made anew after every reconnect. A site says
nothing of a subscription that it has kept all the while, so the values are asked for too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from samstad_rsmp.confirm import EXPECTED, is_confirmed
from samstad_rsmp.errors import RsmpError
from samstad_rsmp.messages import AggregatedStatus, Alarm, CommandResponse, StatusResponse, StatusUpdate
from samstad_rsmp.session.events import Closed, Event, Garbled, Ready, Received, Refused
from samstad_rsmp.session.supervisor import SiteBook, SupervisorSession, Wish
from samstad_rsmp.shell.server import Lost, ServerTerms, SupervisorServer
from samstad_signals.domain.controller import SUBSCRIBED
from samstad_signals.domain.orders import Order, shows_mode
from samstad_signals.domain.traffic import COUNTED
from samstad_signals.gateway.reading import alarm_seen, moment_us, values_told
from samstad_signals.service.fleet import AlarmKey, Fleet
from samstad_signals.spi.street import NotConnected, StreetRefused

__all__ = ["CLOCK_EVERY_S", "RsmpSupervisor", "wishes_for"]

CLOCK_EVERY_S = 3600
TRAFFIC_EVERY_S = 60
ORDERED = frozenset({"M0005", "M0006", "M0014", "M0015", "M0018"})
"""Commands that are shown by statuses which nothing else needs."""
MOST_SENT = 256
CLOCK_NAMES = ("year", "month", "day", "hour", "minute", "second")


MODE_SHOWN: Mapping[str, tuple[str, ...]] = {"S0007": ("status",), "S0011": ("status",)}
"""What shows an M0001."""


class Sent(NamedTuple):
    """An order on its way: which message, and what a response to it repeats."""

    message_id: str
    code: str
    values: Mapping[str, str]


def wishes_for(component_id: str) -> list[Wish]:
    """Return what is followed: statuses on change, traffic each minute, the clock each hour."""
    statuses = [Wish(component_id, code, name) for code, names in SUBSCRIBED.items() for name in names]
    clock = [Wish(component_id, "S0096", name, CLOCK_EVERY_S, on_change=False) for name in CLOCK_NAMES]
    shown = {expected.status: expected.names for code, expected in EXPECTED.items() if code in ORDERED}
    confirming = [
        Wish(component_id, code, name)
        for code, names in shown.items()
        for name in names
        if name not in SUBSCRIBED.get(code, ())
    ]
    traffic = [
        Wish(component_id, code, name, TRAFFIC_EVERY_S, on_change=False)
        for code, (name, _) in COUNTED.items()
    ]
    return statuses + confirming + clock + traffic + [Wish(component_id, "S0033", "status")]


class RsmpSupervisor:
    """Serves controllers for a fleet.

    Args:
        fleet: takes what they tell.
        terms: how the supervisor serves.
        now_us: the clock.
        codes: security codes of level 2 by site id; "" stands for all others.

    Attributes:
        garbled: how many messages could not be read.
        on_answer: told of a command's answer: site, message id, and why it was refused ("": it was taken).
        on_connected: told of a site that has connected and said what it is.
        on_priorities: told of a controller's requests for priority: site, S0033's list, when.
        on_parameters: told of a controller's parameters: site, content in base64, version.
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
        self.on_connected: Callable[[str], None] = lambda _site: None
        self.on_priorities: Callable[[str, Any, int], None] = lambda _site, _status, _observed_us: None
        self.on_parameters: Callable[[str, str, str], None] = lambda _site, _config, _version: None
        self._fleet = fleet
        self._now_us = now_us
        self._codes = codes
        self._main: dict[str, str] = {}
        self._asked: set[str] = set()
        self._sent: dict[str, deque[Sent]] = {}
        self._heard: dict[tuple[str, str, str], int] = {}
        self._mark = 0
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

    def know(self, site_ids: Iterable[str]) -> None:
        """Serve these sites and no others from now on."""
        self._server.know(site_ids)

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

        def say(session: SupervisorSession, now_ms: int) -> str:
            row = session.sxl.commands.get(order.code)
            secret = {"securityCode": code} if row is None or row.level else {}
            return session.command(component_id, order.code, {**order.values, **secret}, now_ms=now_ms)

        message_id = self._speak(site_id, say)
        self._sent.setdefault(site_id, deque(maxlen=MOST_SENT)).append(
            Sent(message_id, order.code, order.values)
        )
        return message_id

    def tell_alarm(self, site_id: str, key: AlarmKey, wish: str) -> str:
        """Say Acknowledge, Suspend or Resume of an alarm; raises as ``order``."""
        return self._speak(site_id, lambda session, now_ms: session.wish_of_alarm(wish, *key, now_ms=now_ms))

    def _speak(self, site_id: str, say: Callable[[SupervisorSession, int], str]) -> str:
        if not self._server.is_up(site_id):
            raise NotConnected(f"{site_id} is not connected: it runs its own program now")
        try:
            return self._server.speak(site_id, say)
        except RsmpError as error:
            raise StreetRefused(str(error)) from error

    @property
    def statuses(self) -> int:
        """How many status messages were taken that told the present."""
        return self._mark

    def mark(self) -> int:
        """Return a mark of now, in the order of what controllers tell."""
        return self._mark

    def ask(self, site_id: str, order: Order) -> None:
        """Ask a controller for what shows an order."""
        component_id = self._main.get(site_id, "")
        wishes = [Wish(component_id, code, name) for code, names in _shown_by(order) for name in names]
        self._ask(site_id, wishes)

    def _ask(self, site_id: str, wishes: list[Wish]) -> None:
        def say(session: SupervisorSession, now_ms: int) -> str:
            session.refresh(wishes, now_ms=now_ms)
            return ""

        try:
            self._server.speak(site_id, say)
        except RsmpError:  # it went away meanwhile: when it comes back it is asked for everything
            return

    def ask_parameters(self, site_id: str) -> None:
        """Ask a controller for its parameters."""
        component_id = self._main.get(site_id, "")
        self._ask(site_id, [Wish(component_id, "S0098", name) for name in ("config", "timestamp", "version")])

    def shows(self, site_id: str, order: Order, *, since: int) -> bool:
        """Tell whether what a controller has told since a mark shows an order in effect."""
        component_id = self._main.get(site_id, "")
        statuses = [code for code, _ in _shown_by(order)]
        heard = [self._heard.get((site_id, component_id, code), -1) for code in statuses]
        if not heard or min(heard) <= since:
            return False
        state = self._fleet.junction(site_id).state
        if order.code == "M0001":
            return shows_mode(order, yellow_flash=state.yellow_flash, switched_on=state.switched_on)
        return is_confirmed(self._server.book(site_id), component_id, order.code, order.values)

    def value(self, site_id: str, code: str, name: str) -> str | None:
        """Return the latest text of a status of a controller as a whole."""
        found = self._server.book(site_id).statuses.get((self._main.get(site_id, ""), code, name))
        return found.value if found is not None and isinstance(found.value, str) else None

    # what we hear --------------------------------------------------------------------------

    def _on_event(self, site_id: str, event: Event | Lost) -> None:
        if isinstance(event, Received):
            self._on_message(site_id, event.message)
        elif isinstance(event, Ready):
            self._forget(site_id)
            self._fleet.up(site_id, now_us=self._now_us())
        elif isinstance(event, Lost | Closed):
            if site_id in self._fleet.junctions:
                self._forget(site_id)
                self._fleet.down(site_id, now_us=self._now_us(), reason=event.reason)
        elif isinstance(event, Refused):
            self._on_refused(site_id, event)
        elif isinstance(event, Garbled):
            self.garbled += 1

    def _forget(self, site_id: str) -> None:
        """A link ends: what was on its way is answered by nobody, and everything is to be asked anew."""
        self._sent.pop(site_id, None)
        self._asked.discard(site_id)

    def _on_refused(self, site_id: str, event: Refused) -> None:
        message = event.message
        if isinstance(message, Alarm):
            key = (message.component_id, message.code)
            self._fleet.refused(site_id, key, str(message.specialization))
            return
        message_id = getattr(message, "message_id", "")
        sent = self._sent.get(site_id, deque())
        self._sent[site_id] = deque((one for one in sent if one.message_id != message_id), MOST_SENT)
        self.on_answer(site_id, message_id, event.reason or "refused")

    def _on_message(self, site_id: str, message: Any) -> None:
        handler = _HANDLERS.get(type(message))
        if handler is None or site_id not in self._fleet.junctions:
            return
        try:
            handler(self, site_id, message)
        except ValueError:  # a time that is none
            self.garbled += 1

    def _on_bits(self, site_id: str, message: AggregatedStatus) -> None:
        component_id = message.component_id
        is_new = self._main.get(site_id) != component_id or not self._server.book(site_id).wishes
        self._main[site_id] = component_id
        if is_new:
            self._subscribe(site_id, component_id)
        self._fleet.take_bits(site_id, message.bits, observed_us=moment_us(message.timestamp))
        if site_id not in self._asked:
            self._asked.add(site_id)
            self._ask(site_id, wishes_for(component_id))
            self.on_connected(site_id)

    def _subscribe(self, site_id: str, component_id: str) -> None:
        def say(session: SupervisorSession, now_ms: int) -> str:
            session.subscribe(wishes_for(component_id), now_ms=now_ms)
            return ""

        try:
            self._server.speak(site_id, say)
        except RsmpError:  # it went away meanwhile; its book keeps the wishes where they were made
            self._main.pop(site_id, None)

    def _on_values(self, site_id: str, message: StatusUpdate | StatusResponse) -> None:
        if any(one.code == "S0098" for one in message.values):
            told = {one.name: str(one.value or "") for one in message.values}
            self.on_parameters(site_id, told.get("config", ""), told.get("version", ""))
            return
        for one in message.values:
            if one.code == "S0033" and one.quality != "old":
                self.on_priorities(site_id, one.value, moment_us(message.timestamp))
        is_late = any(one.quality == "old" for one in message.values)
        if not is_late:
            self._mark += 1
            for one in message.values:
                self._heard[site_id, message.component_id, one.code] = self._mark
        self._fleet.take_values(
            site_id,
            values_told(message),
            observed_us=moment_us(message.timestamp),
            now_us=self._now_us(),
            is_late=is_late,
        )

    def _on_alarm(self, site_id: str, message: Alarm) -> None:
        self._fleet.take_alarm(site_id, alarm_seen(message))

    def _on_response(self, site_id: str, message: CommandResponse) -> None:
        """A response names no message: it is to the oldest order of its code that it repeats."""
        told = {one.name: one for one in message.values}
        code = message.values[0].code
        sent = self._sent.get(site_id, deque())
        found = next((one for one in sent if one.code == code and _repeats(told, one.values)), None)
        if found is None:
            return
        sent.remove(found)
        unknown = [one.name for one in message.values if one.age in {"undefined", "unknown"}]
        why = f"the controller does not know {', '.join(unknown)}" if unknown else ""
        self.on_answer(site_id, found.message_id, why)


def _shown_by(order: Order) -> list[tuple[str, tuple[str, ...]]]:
    if order.code == "M0001":
        return list(MODE_SHOWN.items())
    expected = EXPECTED.get(order.code)
    return [(expected.status, expected.names)] if expected is not None else []


def _repeats(told: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    known = {name: one.value for name, one in told.items() if one.value is not None}
    return all(known[name] == value for name, value in values.items() if name in known)


_HANDLERS: Mapping[type, Callable[[RsmpSupervisor, str, Any], None]] = {
    AggregatedStatus: RsmpSupervisor._on_bits,  # noqa: SLF001  # its own table
    Alarm: RsmpSupervisor._on_alarm,  # noqa: SLF001
    CommandResponse: RsmpSupervisor._on_response,  # noqa: SLF001
    StatusResponse: RsmpSupervisor._on_values,  # noqa: SLF001
    StatusUpdate: RsmpSupervisor._on_values,  # noqa: SLF001
}
