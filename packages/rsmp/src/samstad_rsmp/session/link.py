"""One connection of either role: framing, acknowledgements, handshake, watchdogs, without I/O.

Every message that comes is answered exactly once, by MessageAck or MessageNotAck, before anything that
follows from it. Every message that goes waits for its answer; a missing one is the only reason to give up a
link that is up (Core 3.2.2, 6.3). Times are milliseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec

from samstad_rsmp.codec import NEWEST, decode, encode
from samstad_rsmp.errors import MalformedMessage, NotNow, RsmpError, VersionRejected
from samstad_rsmp.framing import MAX_PACKET_BYTES, Deframer, Oversized
from samstad_rsmp.messages import (
    AnyMessage,
    MessageAck,
    MessageNotAck,
    RsmpVersion,
    SiteId,
    Version,
    Watchdog,
)
from samstad_rsmp.session.events import Closed, Event, Garbled, Ready, Received, Refused
from samstad_rsmp.session.handshake import TABLES, Did, Phase, Role, Send, Table, is_versioned
from samstad_rsmp.timestamps import format_timestamp
from samstad_rsmp.versions import CORE_VERSIONS, Core, find_common, is_same_version

__all__ = ["DEFAULT_TIMING", "Identity", "Link", "Owner", "Pending", "Timing", "renewed"]

MOST_PENDING = 10_000
"""How many messages may wait for acknowledgements on one link."""
READABLE = 120
"""How much of a broken packet is told."""


class Timing(NamedTuple):
    """How long things take; the defaults are those of the standard.

    Attributes:
        ack_ms: how long an acknowledgement may take.
        watchdog_ms: how often a watchdog is sent.
        handshake_ms: how long the handshake may take as a whole.
    """

    ack_ms: int = 30_000
    watchdog_ms: int = 60_000
    handshake_ms: int = 60_000


DEFAULT_TIMING = Timing()


@dataclass(frozen=True)
class Identity:
    """What our Version message says.

    Attributes:
        site_ids: the site, or at a supervisor the sites it knows; empty there for any.
        sxls: versions of the signal exchange list that are accepted; the first is ours.
        cores: versions of RSMP that are spoken.
    """

    site_ids: tuple[str, ...] = ()
    sxls: tuple[str, ...] = ("1.2.1",)
    cores: tuple[str, ...] = tuple(CORE_VERSIONS)


class Pending(NamedTuple):
    """A message of ours that waits for its acknowledgement."""

    message: AnyMessage
    deadline_ms: int


class Owner(Protocol):
    """Whoever stands behind a link."""

    def new_id(self) -> str:
        """Return a fresh UUID version 4."""
        ...

    def became_ready(self, ready: Ready, now_ms: int) -> None:
        """Learn that the handshake is complete, before anything else is taken."""
        ...

    def handle(self, message: AnyMessage, now_ms: int) -> Iterable[AnyMessage]:
        """Take a message once the link is up; return what follows, or raise RsmpError to refuse it."""
        ...

    def answered(self, message: AnyMessage, *, taken: bool) -> None:
        """Learn that one of our messages was acknowledged, or refused."""
        ...


class Link:
    """One connection from its first byte to its last."""

    def __init__(
        self,
        role: Role,
        identity: Identity,
        owner: Owner,
        *,
        timing: Timing = DEFAULT_TIMING,
        max_packet_bytes: int = MAX_PACKET_BYTES,
    ) -> None:
        self.role = role
        self.phase = Phase.NEW
        self.core: Core = NEWEST
        self.site_id = identity.site_ids[0] if role is Role.SITE else ""
        self.sxl = identity.sxls[0]
        self.pending: dict[str, Pending] = {}
        self._identity = identity
        self._owner = owner
        self._timing = timing
        self._deframer = Deframer(max_packet_bytes=max_packet_bytes)
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._events: list[Event] = []
        self._watchdog_due_ms: int | None = None
        self._handshake_due_ms: int | None = None

    # what whoever runs the link does -----------------------------------------

    def connect(self, now_ms: int) -> None:
        """Say that the connection is there; a site speaks first."""
        self._handshake_due_ms = now_ms + self._timing.handshake_ms
        self._step(Did.CONNECTED, now_ms)

    def receive(self, chunk: bytes, now_ms: int) -> list[Event]:
        """Take bytes as they came and return what happened."""
        for packet in self._deframer.feed(chunk):
            if self.phase is Phase.CLOSED:
                break
            if isinstance(packet, Oversized):
                self._events.append(Garbled(f"a packet of {packet.size} bytes was dropped", b""))
            else:
                self._packet(packet, now_ms)
        return self._take_events()

    def tick(self, now_ms: int) -> list[Event]:
        """Let time pass: watchdogs go out, missing acknowledgements close the link."""
        if self.phase is Phase.CLOSED:
            return []
        late = next(iter(self.pending.values()), None)
        if late is not None and late.deadline_ms <= now_ms:
            name = type(late.message).__name__
            self.close(f"no acknowledgement of {name} within {self._timing.ack_ms / 1000:g} s")
        elif self._handshake_due_ms is not None and self._handshake_due_ms <= now_ms:
            self.close(f"the handshake stopped at: {self.phase.value}")
        elif self._watchdog_due_ms is not None and self._watchdog_due_ms <= now_ms:
            self._send_watchdog(now_ms)
        return self._take_events()

    def send(self, message: AnyMessage, now_ms: int) -> None:
        """Send a message once the link is up; NotNow before, MalformedMessage when it is wrong."""
        if self.phase is not Phase.READY:
            raise NotNow(f"the link is not up: {self.phase.value}")
        if len(self.pending) >= MOST_PENDING:
            raise NotNow(f"{MOST_PENDING} messages wait for acknowledgements")
        self._put(message, now_ms)

    def take_output(self) -> bytes:
        """Return the bytes that are to be written, once."""
        out = b"".join(self._out)
        self._out.clear()
        self._out_bytes = 0
        return out

    @property
    def output_bytes(self) -> int:
        """How many bytes wait to be taken."""
        return self._out_bytes

    @property
    def is_ready(self) -> bool:
        """Whether the handshake is complete."""
        return self.phase is Phase.READY

    def next_deadline_ms(self) -> int | None:
        """Return when ``tick`` has something to do, None for never."""
        first_pending = next(iter(self.pending.values()), None)  # sent in order, so the first is due first
        dues = [self._watchdog_due_ms, self._handshake_due_ms, first_pending and first_pending.deadline_ms]
        return min((due for due in dues if due is not None), default=None)

    def close(self, reason: str) -> None:
        """Give up the link; what waits to be written still is."""
        if self.phase is not Phase.CLOSED:
            self.phase = Phase.CLOSED
            self._watchdog_due_ms = self._handshake_due_ms = None
            self._events.append(Closed(reason))

    # what comes in --------------------------------------------------------------

    def _packet(self, packet: bytes, now_ms: int) -> None:
        try:
            message = decode(packet, self.core)
        except MalformedMessage as error:
            self._garbled(packet, error)
            return
        if isinstance(message, MessageAck | MessageNotAck):
            self._answered(message, now_ms)
            return
        try:
            after = self._take(message, now_ms)
        except VersionRejected as error:
            self._refuse(message.message_id, error)
            self.close(error.detail)
        except RsmpError as error:
            self._refuse(message.message_id, error)
            self._events.append(Garbled(error.detail, packet[:READABLE]))
        else:
            self._follow_up(message, after, now_ms)

    def _follow_up(self, message: AnyMessage, after: Sequence[AnyMessage], now_ms: int) -> None:
        if not isinstance(message, MessageAck | MessageNotAck):
            self._write(MessageAck(original_id=message.message_id))
        self._events.append(Received(message))
        if isinstance(message, Version):
            self._step(Did.GOT_VERSION, now_ms)
        elif isinstance(message, Watchdog) and self.phase is not Phase.READY:
            self._step(Did.GOT_WATCHDOG, now_ms)
        for answer in after:
            self._put(answer, now_ms)

    def _take(self, message: AnyMessage, now_ms: int) -> Sequence[AnyMessage]:
        if isinstance(message, Version):
            self._expect(Did.GOT_VERSION, message)
            self._agree(message)
            return ()
        if isinstance(message, Watchdog) and self.phase is not Phase.READY:
            self._expect(Did.GOT_WATCHDOG, message)
            return ()
        if self.phase is not Phase.READY:
            raise NotNow(f"{type(message).__name__} before the handshake is complete")
        return () if isinstance(message, Watchdog) else list(self._owner.handle(message, now_ms))

    def _expect(self, did: Did, message: AnyMessage) -> None:
        if (self.phase, did) not in self._table():
            raise NotNow(f"{type(message).__name__} is out of sequence: {self.phase.value}")

    def _agree(self, version: Version) -> None:
        core = find_common(self._identity.cores, [one.version for one in version.versions])
        if core is None:
            ours, theirs = ", ".join(self._identity.cores), ", ".join(v.version for v in version.versions)
            raise VersionRejected(f"no RSMP version in common: we speak {ours}, you {theirs}")
        if not is_same_version(version.sxl, self._identity.sxls):
            raise VersionRejected(f"SXL version {version.sxl}, expected {' or '.join(self._identity.sxls)}")
        named = [one.site_id for one in version.site_ids]
        known = self._identity.site_ids
        found = next((site for site in named if not known or site in known), None)
        if found is None:
            raise VersionRejected(f"unknown site id {', '.join(named)}")
        self.core, self.sxl, self.site_id = core, version.sxl, found

    def _garbled(self, packet: bytes, error: MalformedMessage) -> None:
        self._events.append(Garbled(error.detail, packet[:READABLE]))
        if error.message_id and is_versioned(self.phase):
            self._refuse(error.message_id, error)

    def _refuse(self, message_id: str, error: RsmpError) -> None:
        try:
            self._write(MessageNotAck(original_id=message_id, reason=error.detail))
        except MalformedMessage:
            return  # its id is no UUID: nothing could be answered that the peer may read

    def _answered(self, answer: MessageAck | MessageNotAck, now_ms: int) -> None:
        pending = self.pending.pop(answer.original_id, None)
        if pending is None:
            return  # an answer to nothing harms nobody
        message = pending.message
        if isinstance(answer, MessageNotAck):
            self._events.append(Refused(message, answer.reason))
            self._owner.answered(message, taken=False)
            if self.phase is not Phase.READY:
                self.close(f"the peer refused {type(message).__name__}: {answer.reason}")
            return
        self._owner.answered(message, taken=True)
        if isinstance(message, Version):
            self._step(Did.GOT_VERSION_ACK, now_ms)
        elif isinstance(message, Watchdog) and self.phase is not Phase.READY:
            self._step(Did.GOT_WATCHDOG_ACK, now_ms)

    # what goes out --------------------------------------------------------------

    def _table(self) -> Table:
        return TABLES[self.role, self.core.sequence]

    def _step(self, did: Did, now_ms: int) -> None:
        send, phase = self._table()[self.phase, did]
        self.phase = phase
        if send is Send.VERSION:
            self._put(self._our_version(), now_ms)
        elif send is Send.WATCHDOG:
            self._send_watchdog(now_ms)
        if phase is Phase.READY:
            self._handshake_due_ms = None
            self._watchdog_due_ms = now_ms + self._timing.watchdog_ms
            ready = Ready(self.site_id, self.core, self.sxl)
            self._events.append(ready)
            self._owner.became_ready(ready, now_ms)

    def _our_version(self) -> Version:
        return Version(
            message_id=self._owner.new_id(),
            versions=[RsmpVersion(name) for name in self._identity.cores],
            site_ids=[SiteId(self.site_id)],
            sxl=self.sxl,
        )

    def _send_watchdog(self, now_ms: int) -> None:
        self._put(Watchdog(message_id=self._owner.new_id(), timestamp=format_timestamp(now_ms)), now_ms)
        if self.phase is Phase.READY:
            self._watchdog_due_ms = now_ms + self._timing.watchdog_ms

    def _put(self, message: AnyMessage, now_ms: int) -> None:
        self._write(message)
        if not isinstance(message, MessageAck | MessageNotAck):
            self.pending[message.message_id] = Pending(message, now_ms + self._timing.ack_ms)

    def _write(self, message: AnyMessage) -> None:
        packet = encode(message, self.core)
        self._out.append(packet)
        self._out_bytes += len(packet)

    def _take_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events


def renewed(message: AnyMessage, message_id: str) -> AnyMessage:
    """Return a message with a fresh id, as every message needs that is sent again."""
    return msgspec.structs.replace(message, message_id=message_id)
