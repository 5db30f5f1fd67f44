"""The FrameStore port: raw messages are durable before anybody is told that they were received (I3)."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from samstad_devices.domain.errors import DevicesError
from samstad_devices.domain.messages import Message

__all__ = [
    "Arrival",
    "FrameStore",
    "Heard",
    "Kept",
    "Outcome",
    "State",
    "StoreFull",
    "StoreUnavailable",
]

State = Literal["waiting", "published", "tested", "quarantined"]


class StoreUnavailable(DevicesError):
    """Nothing can be kept now: the sender keeps it and sends it again."""


class StoreFull(StoreUnavailable):
    """The disk is full, or more messages wait than may."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that came.

    Attributes:
        way: by which way in, such as ``lorawan/chirpstack``.
        message: what was read.
        received_us: by the node's clock.
    """

    way: str
    message: Message
    received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A message as it is kept.

    Attributes:
        number: in the order of arrival.
        state: ``waiting``, ``published``, ``tested`` (shown on its device alone) or ``quarantined``.
        reason: why it is in quarantine, one word; else empty.
        detail: the same as a sentence.
    """

    number: int
    way: str
    message: Message
    received_us: int
    state: State = "waiting"
    reason: str = ""
    detail: str = ""


class Outcome(NamedTuple):
    """What became of a message."""

    number: int
    state: State
    reason: str = ""
    detail: str = ""


class Heard(NamedTuple):
    """When a device was heard, times in microseconds since 1970 UTC.

    Attributes:
        device: id of its entity.
        heard_us: when a message of it came last.
        measured_us: the newest time that it measured at.
        accepted_us: when a message of it was decoded last; 0 where none was.
        counter: its last frame counter.
        frames: how many messages of it came.
        lost: how many its counter says are missing.
        way: by which it came last.
    """

    device: str
    heard_us: int
    measured_us: int = 0
    accepted_us: int = 0
    counter: int | None = None
    frames: int = 0
    lost: int = 0
    way: str = ""


class FrameStore(Protocol):
    """Keeps messages, and when devices were heard."""

    async def keep(self, arrival: Arrival) -> bool:
        """Return when the message is durable; False where it is one that came before.

        Raises:
            StoreFull, StoreUnavailable: it is not kept.
        """
        ...

    def offer(self, arrival: Arrival) -> Future[bool]:
        """Return at once what ``keep`` returns later; for callers that keep many at a time.

        Raises:
            StoreFull: too many wait already.
        """
        ...

    async def waiting(self, *, after: int, limit: int) -> list[Kept]:
        """Return messages that wait, from the oldest on, with numbers above ``after``."""
        ...

    async def settle(self, outcomes: Sequence[Outcome], heard: Sequence[Heard], *, now_us: int) -> None:
        """Keep what became of messages, and when their devices were heard, in one commit."""
        ...

    async def quarantined(self, *, device: str | None, after: int, limit: int) -> list[Kept]:
        """Return messages in quarantine from the oldest on; ``device`` as ``kind:text`` of an identifier."""
        ...

    async def release(self, *, device: str | None, reason: str | None) -> int:
        """Let messages in quarantine wait again, and return how many; None is every device or reason."""
        ...

    async def heard(self) -> Mapping[str, Heard]:
        """Return when each device was heard, by the id of its entity."""
        ...

    async def forget(self, *, before_us: int) -> int:
        """Drop messages that were settled before a time; return how many."""
        ...
