"""The Keeping port: incidents and messages are durable before anybody goes on (I3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, get_args

import msgspec

from samstad_operations.domain.incident import Incident

__all__ = ["STATES", "Draft", "Keeping", "Key", "Message", "State"]

Key = tuple[str, tuple[str, ...]]
"""An incident's rule and group."""
State = Literal["waiting", "sent", "dropped"]
STATES: tuple[str, ...] = get_args(State)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is to be told by one way.

    Attributes:
        rule, group: of the incident.
        contact: the name of who is told.
        way: email or webhook.
        reason: why they are told now.
        severity: the worst rank of the alerts.
        count: of the alerts.
        subject, text: in the language of the city.
        alerts: ids of the first of them.
        made_us: when it was written.
        due_us: not sent before.
    """

    rule: str
    group: tuple[str, ...]
    contact: str
    way: str
    reason: str
    severity: int
    count: int
    subject: str
    text: str
    alerts: tuple[str, ...]
    made_us: int
    due_us: int


class Message(Draft, frozen=True, kw_only=True):
    """A draft that is kept.

    Attributes:
        id: its number.
        state: waiting, sent, or dropped: no longer of use before it could be sent.
        tries: that failed.
        why: of the last failure, or of dropping.
        ended_us: when it was sent or dropped; 0 for not yet.
    """

    id: int
    state: State
    tries: int
    why: str
    ended_us: int


class Keeping(Protocol):
    """Keeps them."""

    async def incidents(self) -> list[Incident]:
        """Return all incidents."""
        ...

    async def keep(
        self, incidents: Sequence[Incident], *, ended: Sequence[Key] = (), drafts: Sequence[Draft] = ()
    ) -> None:
        """Keep incidents, forget ended ones and add messages: all or nothing.

        A draft takes the place of a message that waits for the same incident, contact and way.

        Raises:
            StoreFull, StoreUnavailable: nothing was kept.
        """
        ...

    async def waiting(self, *, now_us: int) -> list[Message]:
        """Return for each contact and way the message that has been due the longest, the oldest first."""
        ...

    async def settle(  # noqa: PLR0913 - the columns that change
        self, message_id: int, state: State, *, tries: int, why: str, due_us: int, ended_us: int = 0
    ) -> None:
        """Keep how a message stands."""
        ...

    async def listed(self, *, state: State | None, limit: int) -> list[Message]:
        """Return messages, the newest first."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """Return how many messages are kept in each state."""
        ...

    async def forget(self, *, before_us: int) -> int:
        """Forget messages that ended before a time, and return how many."""
        ...
