"""A site's side of one supervisor: it outlives connections, so subscriptions and what was missed are kept.

A site with several supervisors (Core 3.2, multiple supervisors) has one session for each; only a primary one
gets alarms. After a reconnect come the aggregated status, all alarms, then what was kept, oldest first and a
few at a time so that acknowledgements and live messages go ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from samstad_rsmp.codec import decode, encode
from samstad_rsmp.errors import RsmpError, SxlViolation
from samstad_rsmp.messages import (
    AggregatedStatus,
    AggregatedStatusRequest,
    Alarm,
    AnyMessage,
    CommandRequest,
    CommandResponse,
    StatusRequest,
    StatusResponse,
    StatusSubscribe,
    StatusUnsubscribe,
    StatusUpdate,
    StatusValue,
    Watchdog,
)
from samstad_rsmp.session.alarms import SPECIALIZATIONS, AlarmEvent, AlarmState, alarm_message
from samstad_rsmp.session.answers import Valuer, carry_out, check_status_names
from samstad_rsmp.session.buffer import Buffer, MemoryBuffer, aged
from samstad_rsmp.session.device import Device
from samstad_rsmp.session.events import Event, Ready, Received
from samstad_rsmp.session.handshake import Role
from samstad_rsmp.session.link import DEFAULT_TIMING, Identity, Link, Timing, renewed
from samstad_rsmp.session.subscriptions import Due, Subscriptions
from samstad_rsmp.sxl.table import Sxl, get_sxl
from samstad_rsmp.timestamps import format_timestamp, parse_timestamp
from samstad_rsmp.versions import CORE_VERSIONS

__all__ = ["SiteSession", "SiteTerms"]

WISHES = {
    "Acknowledge": AlarmEvent.ACKNOWLEDGE,
    "Suspend": AlarmEvent.SUSPEND,
    "Resume": AlarmEvent.RESUME,
}
"""What a supervisor may wish of an alarm, and what happens then."""
DAY_MS = 24 * 3_600_000
_KEPT_AS = CORE_VERSIONS["3.2.2"]


@dataclass(frozen=True)
class SiteTerms:
    """How a site treats one supervisor.

    Attributes:
        identity: what our Version message says.
        timing: how long things take.
        primary: whether it gets alarms, and may set the clock by its watchdogs.
        keeps: which statuses are kept for it while the link is down; traffic data and all others by default.
        window: how many kept messages may wait for acknowledgements at once.
        most_pending: how many messages may wait for acknowledgements; more are kept until some have come.
        sync_clock: whether the supervisor's watchdogs set the device's clock, once a link and day.
    """

    identity: Identity
    timing: Timing = DEFAULT_TIMING
    primary: bool = True
    keeps: Callable[[str], bool] = lambda _code: True
    window: int = 100
    most_pending: int = 5_000
    sync_clock: bool = False


class SiteSession:
    """One supervisor of a site."""

    def __init__(
        self,
        device: Device,
        terms: SiteTerms,
        *,
        new_id: Callable[[], str],
        buffer: Buffer | None = None,
    ) -> None:
        self.device = device
        self.link: Link | None = None
        self.buffer: Buffer = MemoryBuffer() if buffer is None else buffer
        self.subscriptions = Subscriptions()
        self.valuer = Valuer(get_sxl(terms.identity.sxls[0]))
        self._terms = terms
        self._new_id = new_id
        self._synced_ms: int | None = None
        self._told_bits: tuple[bool, ...] | None = None
        self._resending: dict[str, int] = {}
        self._resent = 0
        self._done: set[int] = set()
        self._first = 0

    # connections ------------------------------------------------------------------

    def connect(self, now_ms: int) -> None:
        """Begin a connection: our Version is the first output."""
        self._resending.clear()
        self._done.clear()
        self._resent = self._first = 0
        self._synced_ms = None
        self.link = Link(Role.SITE, self._terms.identity, self, timing=self._terms.timing)
        self.link.connect(now_ms)

    def disconnect(self) -> None:
        """The connection is gone: keep what was not acknowledged, and the subscriptions that are kept."""
        link, self.link = self.link, None
        if link is None:
            return
        for message_id, pending in link.pending.items():
            if message_id not in self._resending:
                self._keep(pending.message)
        self.subscriptions.keep_only(self._terms.keeps)
        self._resending.clear()

    def receive(self, chunk: bytes, now_ms: int) -> list[Event]:
        """Take bytes and return what happened."""
        if self.link is None:
            return []
        events = self.link.receive(chunk, now_ms)
        for event in events:
            if isinstance(event, Received):
                self._after(event.message, now_ms)
        self._resend(now_ms)
        return events

    def _after(self, message: AnyMessage, now_ms: int) -> None:
        if isinstance(message, StatusSubscribe):
            self._tell_due(now_ms)  # what is new is told at once
        elif isinstance(message, Watchdog) and self._is_to_sync(now_ms):
            self.device.set_clock(parse_timestamp(message.timestamp), now_ms=now_ms)
            self._synced_ms = now_ms

    def _is_to_sync(self, now_ms: int) -> bool:
        wanted = self._terms.sync_clock and self._terms.primary
        return wanted and (self._synced_ms is None or now_ms - self._synced_ms >= DAY_MS)

    def tick(self, now_ms: int) -> list[Event]:
        """Let time pass: tell what changed or is due; keep it while there is no link."""
        events = self.link.tick(now_ms) if self.link is not None else []
        self._tell_due(now_ms)
        self._tell_aggregated(now_ms)
        self._resend(now_ms)
        return events

    def take_output(self) -> bytes:
        """Return the bytes to write."""
        return self.link.take_output() if self.link is not None else b""

    def next_deadline_ms(self) -> int | None:
        """Return when ``tick`` has something to do; whoever runs the device ticks more often."""
        return self.link.next_deadline_ms() if self.link is not None else None

    @property
    def is_ready(self) -> bool:
        """Whether the handshake is complete."""
        return self.link is not None and self.link.is_ready

    # the owner of the link ------------------------------------------------------------

    def new_id(self) -> str:
        """Return a fresh message id."""
        return self._new_id()

    def became_ready(self, ready: Ready, now_ms: int) -> None:
        """Tell the aggregated status and all alarms; what was kept follows."""
        del ready
        self._told_bits = None
        self._tell_aggregated(now_ms)
        if self._terms.primary:
            for state in self.device.alarms:
                self._tell_state(state, "Issue", now_ms)

    def answered(self, message: AnyMessage, *, taken: bool) -> None:
        """Forget a kept message that has arrived, or that the supervisor will never take."""
        del taken
        number = self._resending.pop(getattr(message, "message_id", ""), None)
        if number is None or number < self._first:
            return
        self._done.add(number)
        count = 0
        while self._first + count in self._done:
            self._done.remove(self._first + count)
            count += 1
        self.buffer.drop(count)
        self._first += count
        self._resent -= count

    def handle(self, message: AnyMessage, now_ms: int) -> Iterable[AnyMessage]:
        """Take a message from the supervisor."""
        handler = HANDLERS.get(type(message))
        if handler is None:
            raise RsmpError(f"a site does not take {type(message).__name__}")
        return handler(self, message, now_ms)

    # telling ------------------------------------------------------------------------------

    def tell_alarm(self, event: AlarmEvent, state: AlarmState, now_ms: int) -> None:
        """Tell what became of an alarm; nothing is told while it is suspended but that it is."""
        if self._terms.primary and not (SPECIALIZATIONS[event] == "Issue" and state.suspended):
            self._tell_state(state, SPECIALIZATIONS[event], now_ms)

    def _tell_state(self, state: AlarmState, kind: str, now_ms: int) -> None:
        if state.code in self._sxl.alarms:
            self._tell(self._alarm(state, kind), now_ms)

    def _alarm(self, state: AlarmState, kind: str) -> Alarm:
        """Return the message of a state, with the values that this version of the SXL has."""
        has = self._sxl.find_argument
        values = tuple((name, value) for name, value in state.values if has(state.code, name))
        trimmed = state._replace(values=values)
        return alarm_message(trimmed, message_id=self._new_id(), specialization=kind)

    def _tell(self, message: AnyMessage, now_ms: int) -> None:
        link = self.link
        if link is not None and link.is_ready and len(link.pending) < self._terms.most_pending:
            link.send(message, now_ms)
        else:
            self._keep(message)

    def _tell_aggregated(self, now_ms: int) -> None:
        bits = self.device.read_aggregated()
        if bits != self._told_bits and (self.is_ready or self._told_bits is not None):
            self._told_bits = bits
            self._tell(self._aggregated(now_ms), now_ms)

    def _aggregated(self, now_ms: int) -> AggregatedStatus:
        return AggregatedStatus(
            message_id=self._new_id(),
            component_id=self.device.main_component,
            timestamp=format_timestamp(now_ms),
            functional_position=None,
            functional_state=None,
            bits=list(self.device.read_aggregated()),
        )

    def _tell_due(self, now_ms: int) -> None:
        if not self.subscriptions.is_due(now_ms):
            return

        def read(component_id: str, code: str, interval_ms: int) -> Mapping[str, Any] | None:
            return self.device.read_status(component_id, code, now_ms=now_ms, interval_ms=interval_ms)

        due = self.subscriptions.collect(read, now_ms)
        for component_id, ones in _by_component(due).items():
            values = [self._valued(one) for one in ones]
            self._tell(self._update(component_id, values, now_ms), now_ms)

    def _valued(self, one: Due) -> StatusValue:
        core = self.link.core if self.link is not None else _KEPT_AS
        return self.valuer.value(one.code, one.name, one.value, core=core)

    def _update(self, component_id: str, values: list[StatusValue], now_ms: int) -> StatusUpdate:
        return StatusUpdate(
            message_id=self._new_id(),
            component_id=component_id,
            timestamp=format_timestamp(now_ms),
            values=values,
        )

    # keeping --------------------------------------------------------------------------------

    def _keep(self, message: AnyMessage) -> None:
        if isinstance(message, StatusUpdate):
            values = [value for value in message.values if self._terms.keeps(value.code)]
            if not values:
                return
            message = msgspec.structs.replace(message, values=values)
        elif not isinstance(message, Alarm | AggregatedStatus):
            return
        dropped = self.buffer.dropped
        self.buffer.append(encode(message, _KEPT_AS)[:-1])
        gone = self.buffer.dropped - dropped
        self._first += gone
        self._resent = max(0, self._resent - gone)

    def _resend(self, now_ms: int) -> None:
        link = self.link
        if link is None or not link.is_ready:
            return
        room = self._terms.window - len(self._resending)
        for record in self.buffer.peek(self._resent, room) if room > 0 else ():
            message = renewed(aged(decode(record, _KEPT_AS), link.core), self._new_id())
            number = self._first + self._resent
            self._resent += 1
            self._resending[getattr(message, "message_id", "")] = number
            if self._is_told(message) or not _sent(link, message, now_ms):
                self.answered(message, taken=True)

    def _is_told(self, message: AnyMessage) -> bool:
        if not isinstance(message, Alarm):
            return False
        state = self.device.alarms.find(message.component_id, message.code)
        return state is not None and format_timestamp(state.changed_ms) == message.timestamp

    # what a supervisor asks ----------------------------------------------------------------

    @property
    def _sxl(self) -> Sxl:
        return self.valuer.sxl

    def _on_status_request(self, message: StatusRequest, now_ms: int) -> Iterable[AnyMessage]:
        assert self.link is not None  # noqa: S101  # only a link brings messages
        names = [(one.code, one.name) for one in message.names]
        check_status_names(self._sxl, self.device, message.component_id, names)
        component, core = message.component_id, self.link.core
        values = self.valuer.read(self.device, component, names, core=core, now_ms=now_ms)
        yield StatusResponse(
            message_id=self._new_id(),
            component_id=message.component_id,
            timestamp=format_timestamp(now_ms),
            values=values,
        )

    def _on_subscribe(self, message: StatusSubscribe, now_ms: int) -> Iterable[AnyMessage]:
        assert self.link is not None  # noqa: S101  # the same
        component, wanted = message.component_id, message.subscriptions
        names = [(one.code, one.name) for one in wanted]
        check_status_names(self._sxl, self.device, component, names)
        if component not in self.device.components:
            values = self.valuer.read(self.device, component, names, core=self.link.core, now_ms=now_ms)
            return [self._update(component, values, now_ms)]
        if not self.subscriptions.has_room_for((component, *name) for name in names):
            raise RsmpError("too many subscriptions")
        for one in wanted:
            self.subscriptions.add(
                (component, one.code, one.name),
                interval_ms=round(float(one.interval_s) * 1000),
                on_change=one.on_change is True or float(one.interval_s) == 0,
                now_ms=now_ms,
            )
        return ()

    def _on_unsubscribe(self, message: StatusUnsubscribe, now_ms: int) -> Iterable[AnyMessage]:
        del now_ms
        names = [(one.code, one.name) for one in message.names]
        check_status_names(self._sxl, self.device, message.component_id, names)
        self.subscriptions.remove((message.component_id, *name) for name in names)
        return ()

    def _on_command(self, message: CommandRequest, now_ms: int) -> Iterable[AnyMessage]:
        assert self.link is not None  # noqa: S101  # the same
        values = carry_out(self._sxl, self.device, message, core=self.link.core, now_ms=now_ms)
        yield CommandResponse(
            message_id=self._new_id(),
            component_id=message.component_id,
            timestamp=format_timestamp(now_ms),
            values=values,
        )

    def _on_aggregated_request(self, message: AggregatedStatusRequest, now_ms: int) -> Iterable[AnyMessage]:
        if message.component_id != self.device.main_component:
            raise RsmpError(f"{message.component_id!r} has no aggregated status")
        yield self._aggregated(now_ms)

    def _on_alarm(self, message: Alarm, now_ms: int) -> Iterable[AnyMessage]:
        state = self.device.alarms.find(message.component_id, message.code)
        if state is None or message.code not in self._sxl.alarms:
            detail = f"component {message.component_id!r} has no alarm {message.code}"
            raise SxlViolation(detail, code=message.code)
        if message.specialization == "Request":
            return [self._alarm(state, "Issue")]
        event = WISHES.get(message.specialization)
        if event is None:
            raise RsmpError(f"a site does not take alarms with aSp {message.specialization}")
        book = self.device.alarms
        after = book.happen(event, message.component_id, message.code, now_ms=now_ms) or state
        return [self._alarm(after, SPECIALIZATIONS[event])]


def _by_component(due: Iterable[Due]) -> dict[str, list[Due]]:
    found: dict[str, list[Due]] = {}
    for one in due:
        found.setdefault(one.component_id, []).append(one)
    return found


def _sent(link: Link, message: AnyMessage, now_ms: int) -> bool:
    try:
        link.send(message, now_ms)
    except RsmpError:
        return False  # this version cannot carry it
    return True


HANDLERS: dict[type, Callable[[SiteSession, Any, int], Iterable[AnyMessage]]] = {
    AggregatedStatusRequest: SiteSession._on_aggregated_request,  # noqa: SLF001  # its own table
    Alarm: SiteSession._on_alarm,  # noqa: SLF001
    CommandRequest: SiteSession._on_command,  # noqa: SLF001
    StatusRequest: SiteSession._on_status_request,  # noqa: SLF001
    StatusSubscribe: SiteSession._on_subscribe,  # noqa: SLF001
    StatusUnsubscribe: SiteSession._on_unsubscribe,  # noqa: SLF001
}
