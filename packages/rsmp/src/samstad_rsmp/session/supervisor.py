"""A supervisor's side of one site: what is known of it, what is wished of it, and the messages for both.

``SiteBook`` outlives connections: it holds the latest values, alarms and bits, and the subscriptions that are
wished for; those are made anew after every reconnect, since a site that restarted has none. Messages may come
twice and late (from a site's buffer), so a value or alarm state never gives way to an older one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec import UNSET

from samstad_rsmp.errors import RsmpError
from samstad_rsmp.messages import (
    AggregatedStatus,
    AggregatedStatusRequest,
    Alarm,
    AnyMessage,
    CommandArgument,
    CommandRequest,
    CommandResponse,
    StatusName,
    StatusRequest,
    StatusResponse,
    StatusSubscribe,
    StatusSubscription,
    StatusUnsubscribe,
    StatusUpdate,
)
from samstad_rsmp.session.events import Event, Ready
from samstad_rsmp.session.handshake import Role
from samstad_rsmp.session.link import DEFAULT_TIMING, Identity, Link, Timing
from samstad_rsmp.session.subscriptions import is_traffic_data
from samstad_rsmp.sxl.table import Sxl, get_sxl
from samstad_rsmp.timestamps import format_timestamp

__all__ = ["Known", "SiteBook", "SupervisorSession", "Wish"]


MOST_VALUES = 20_000
"""A site that names more components than any street has costs no more than this."""


class Known(NamedTuple):
    """The latest value of one name of one status."""

    value: Any
    quality: str
    timestamp: str


class Wish(NamedTuple):
    """A subscription that is to hold whenever the site is connected."""

    component_id: str
    code: str
    name: str
    interval_s: int = 0
    on_change: bool = True


@dataclass
class SiteBook:
    """What a supervisor knows and wishes of one site.

    Attributes:
        statuses: the latest value by component, code and name.
        alarms: the latest message by component and code.
        aggregated: the latest eight bits.
        wishes: the subscriptions that are to hold.
    """

    statuses: dict[tuple[str, str, str], Known] = field(default_factory=dict)
    alarms: dict[tuple[str, str], Alarm] = field(default_factory=dict)
    aggregated: AggregatedStatus | None = None
    wishes: dict[tuple[str, str, str], Wish] = field(default_factory=dict)

    def take_values(self, message: StatusUpdate | StatusResponse) -> None:
        """Take what is newer than what is known."""
        for one in message.values:
            key = (message.component_id, one.code, one.name)
            known = self.statuses.get(key)
            if known is None and len(self.statuses) >= MOST_VALUES:
                raise RsmpError(f"more than {MOST_VALUES} values of one site")
            if known is None or message.timestamp >= known.timestamp:
                self.statuses[key] = Known(one.value, one.quality, message.timestamp)

    def take_alarm(self, message: Alarm) -> bool:
        """Take an alarm's state, unless it is older than what is known; tell whether it was taken."""
        key = (message.component_id, message.code)
        known = self.alarms.get(key)
        if known is None and len(self.alarms) >= MOST_VALUES:
            raise RsmpError(f"more than {MOST_VALUES} alarms of one site")
        if known is not None and _moment(message) < _moment(known):
            return False
        self.alarms[key] = message
        return True

    def take_aggregated(self, message: AggregatedStatus) -> None:
        """Take the bits, unless they are older than what is known."""
        if self.aggregated is None or message.timestamp >= self.aggregated.timestamp:
            self.aggregated = message


def _moment(alarm: Alarm) -> str:
    return alarm.timestamp if isinstance(alarm.timestamp, str) else ""


class SupervisorSession:
    """One connection from a site. Which one is known once it has said so: ``book_of`` gives its book then."""

    def __init__(
        self,
        identity: Identity,
        *,
        new_id: Callable[[], str],
        book_of: Callable[[str], SiteBook],
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        self.link = Link(Role.SUPERVISOR, identity, self, timing=timing)
        self.book = SiteBook()
        self._new_id = new_id
        self._book_of = book_of

    # the connection ------------------------------------------------------------------

    @property
    def site_id(self) -> str:
        """The site, "" until it has said which."""
        return self.link.site_id

    def connect(self, now_ms: int) -> None:
        """Begin; the site speaks first."""
        self.link.connect(now_ms)

    def receive(self, chunk: bytes, now_ms: int) -> list[Event]:
        """Take bytes and return what happened."""
        return self.link.receive(chunk, now_ms)

    def tick(self, now_ms: int) -> list[Event]:
        """Let time pass."""
        return self.link.tick(now_ms)

    def take_output(self) -> bytes:
        """Return the bytes to write."""
        return self.link.take_output()

    def next_deadline_ms(self) -> int | None:
        """Return when ``tick`` has something to do."""
        return self.link.next_deadline_ms()

    # the owner of the link ---------------------------------------------------------------

    def new_id(self) -> str:
        """Return a fresh message id."""
        return self._new_id()

    def became_ready(self, ready: Ready, now_ms: int) -> None:
        """Open the site's book and make its subscriptions anew."""
        self.book = self._book_of(ready.site_id)
        self._subscribe(self.book.wishes.values(), now_ms)

    def answered(self, message: AnyMessage, *, taken: bool) -> None:
        """Learn that a message arrived; what was refused is told as an event."""

    def handle(self, message: AnyMessage, now_ms: int) -> Iterable[AnyMessage]:
        """Take a message from the site, held to its SXL."""
        del now_ms
        handler = HANDLERS.get(type(message))
        if handler is None:
            raise RsmpError(f"a supervisor does not take {type(message).__name__}")
        handler(self, message)
        return ()

    @property
    def sxl(self) -> Sxl:
        """The signal exchange list that was agreed."""
        return get_sxl(self.link.sxl)

    def _on_aggregated(self, message: AggregatedStatus) -> None:
        self.book.take_aggregated(message)

    def _on_alarm(self, message: Alarm) -> None:
        if message.values is UNSET:
            raise RsmpError("an alarm without its state")
        values = message.values if isinstance(message.values, list) else []
        self.sxl.check_alarm_names(message.code, [one.name for one in values])
        self.book.take_alarm(message)

    def _on_values(self, message: StatusUpdate | StatusResponse) -> None:
        for one in message.values:
            if one.value is None:
                self.sxl.check_names(one.code, (one.name,))
            else:
                self.sxl.check_value(one.code, one.name, one.value)
        self.book.take_values(message)

    def _on_response(self, message: CommandResponse) -> None:
        for one in message.values:
            if one.value is not None:
                self.sxl.check_value(one.code, one.name, one.value)

    # what a supervisor says -----------------------------------------------------------------

    def request_status(self, component_id: str, code: str, names: Sequence[str] = (), *, now_ms: int) -> str:
        """Ask for values of a status, all of them without names; return the message id."""
        wanted = [StatusName(code, name) for name in names or self._names(code)]
        self.sxl.check_names(code, [one.name for one in wanted])
        request = StatusRequest(message_id=self._new_id(), component_id=component_id, names=wanted)
        return self._send(request, now_ms)

    def subscribe(self, wishes: Iterable[Wish], *, now_ms: int) -> None:
        """Wish for subscriptions, now and after every reconnect; at once when the site is connected."""
        wishes = list(wishes)
        for wish in wishes:
            self.book.wishes[wish[:3]] = wish
        if self.link.is_ready:
            self._subscribe(wishes, now_ms)

    def refresh(self, wishes: Iterable[Wish], *, now_ms: int) -> None:
        """Ask for the values of subscriptions: a site says nothing of those that it has kept all the while.

        Traffic data are left out: between two even intervals there are none.
        """
        known = [
            wish
            for wish in wishes
            if self.sxl.find_argument(wish.code, wish.name) and not is_traffic_data(wish.code)
        ]
        for component_id in dict.fromkeys(wish.component_id for wish in known):
            names = [StatusName(one.code, one.name) for one in known if one.component_id == component_id]
            request = StatusRequest(message_id=self._new_id(), component_id=component_id, names=names)
            self._send(request, now_ms)

    def unsubscribe(self, component_id: str, code: str, names: Sequence[str] = (), *, now_ms: int) -> str:
        """Wish for no more updates of a status."""
        wanted = [StatusName(code, name) for name in names or self._names(code)]
        for one in wanted:
            self.book.wishes.pop((component_id, code, one.name), None)
        request = StatusUnsubscribe(message_id=self._new_id(), component_id=component_id, names=wanted)
        return self._send(request, now_ms)

    def command(self, component_id: str, code: str, values: Mapping[str, str], *, now_ms: int) -> str:
        """Order something; SxlViolation when the site would refuse it anyway. Returns the message id."""
        row = self.sxl.commands.get(code)
        word = row.word if row is not None else ""
        self.sxl.check_command(code, values, word=word)
        arguments = [CommandArgument(code, name, word, value) for name, value in values.items()]
        request = CommandRequest(message_id=self._new_id(), component_id=component_id, arguments=arguments)
        return self._send(request, now_ms)

    def wish_of_alarm(self, wish: str, component_id: str, code: str, *, now_ms: int) -> str:
        """Acknowledge, Suspend, Resume or Request an alarm; returns the message id."""
        stamped = format_timestamp(now_ms) if wish == "Acknowledge" else UNSET
        request = Alarm(
            message_id=self._new_id(),
            component_id=component_id,
            code=code,
            specialization=wish,
            timestamp=stamped,
        )
        return self._send(request, now_ms)

    def request_aggregated(self, component_id: str, *, now_ms: int) -> str:
        """Ask for the aggregated status (from 3.1.5)."""
        request = AggregatedStatusRequest(message_id=self._new_id(), component_id=component_id)
        return self._send(request, now_ms)

    def _names(self, code: str) -> list[str]:
        self.sxl.check_names(code, ())
        return [one.name for one in self.sxl.statuses[code].arguments if not one.optional]

    def _send(self, message: Any, now_ms: int) -> str:
        self.link.send(message, now_ms)
        return str(message.message_id)

    def _interval(self, wish: Wish) -> str:
        """Before 3.1.5 changes are told only where there is no interval; traffic data never change."""
        says_changes = self.link.core.subscribe_on_change or is_traffic_data(wish.code)
        return str(wish.interval_s) if says_changes or not wish.on_change else "0"

    def _subscribe(self, wishes: Iterable[Wish], now_ms: int) -> None:
        known = [wish for wish in wishes if self.sxl.find_argument(wish.code, wish.name)]
        for component_id in dict.fromkeys(wish.component_id for wish in known):
            wanted = [
                StatusSubscription(wish.code, wish.name, self._interval(wish), on_change=wish.on_change)
                for wish in known
                if wish.component_id == component_id
            ]
            request = StatusSubscribe(
                message_id=self._new_id(), component_id=component_id, subscriptions=wanted
            )
            self._send(request, now_ms)


HANDLERS: dict[type, Callable[[SupervisorSession, Any], None]] = {
    AggregatedStatus: SupervisorSession._on_aggregated,  # noqa: SLF001  # its own table
    Alarm: SupervisorSession._on_alarm,  # noqa: SLF001
    CommandResponse: SupervisorSession._on_response,  # noqa: SLF001
    StatusResponse: SupervisorSession._on_values,  # noqa: SLF001
    StatusUpdate: SupervisorSession._on_values,  # noqa: SLF001
}
