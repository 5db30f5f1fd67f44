"""Sends messages, one at a time: a kill in the middle repeats at most the one that was on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from samstad_operations.domain.errors import NotSent
from samstad_operations.service.desk import Desk
from samstad_operations.spi.keeping import Keeping, Message
from samstad_operations.spi.ways import Way

__all__ = ["Sender", "backoff_us"]

_FIRST_US = 5_000_000
_MOST_US = 600_000_000
_LONGEST_WHY = 300


def backoff_us(tries: int) -> int:
    """Return how long to wait after so many failures: 5 s, twice as long each time, at most 10 min."""
    return min(_FIRST_US << min(tries - 1, 10), _MOST_US)


class Sender:
    """Sends what is due.

    Args:
        desk: knows whether a message is still of use.
        keeping: of the messages.
        ways: by name.
        now_us: the clock.
    """

    def __init__(
        self, desk: Desk, keeping: Keeping, ways: Mapping[str, Way], *, now_us: Callable[[], int]
    ) -> None:
        self._desk = desk
        self._keeping = keeping
        self._ways = ways
        self._now_us = now_us
        self._away: dict[str, tuple[int, int]] = {}
        self._taken: set[tuple[int, int]] = set()
        self.failures = 0
        """Tries that failed since the start."""

    async def send_due(self) -> bool:
        """Send one message that is due, of a place that is not away; tell whether there was one.

        Raises:
            StoreFull, StoreUnavailable: what came of it could not be kept; a message that the other
                side has taken is not sent again.
        """
        now_us = self._now_us()
        for message in await self._keeping.waiting(now_us=now_us):
            useless = self._useless(message, now_us)
            if useless:
                await self._end(message, "dropped", useless)
                return True
            contact = self._desk.book.contacts[message.contact]
            place = self._ways[message.way].place(contact)
            if self._away.get(place, (0, 0))[1] <= now_us:
                await self._try(message, place)
                return True
        return False

    def _useless(self, message: Message, now_us: int) -> str:
        if _mark(message) in self._taken:
            return ""
        contact = self._desk.book.contacts.get(message.contact)
        if contact is None or message.way not in contact.ways:
            return "The contact is no longer in the rules, or not by this way."
        if not self._desk.is_open((message.rule, message.group), now_us=now_us):
            return "It was acknowledged, suspended or gone before it could be sent."
        return ""

    async def _try(self, message: Message, place: str) -> None:
        if _mark(message) not in self._taken:
            try:
                await self._ways[message.way].send(self._desk.book.contacts[message.contact], message)
            except NotSent as error:
                await self._again(message, place, error)
                return
            # A disk that is full now must not make somebody be told twice.
            self._taken.add(_mark(message))
        await self._end(message, "sent", "")
        self._taken.discard(_mark(message))
        self._away.pop(place, None)

    async def _again(self, message: Message, place: str, error: NotSent) -> None:
        self.failures += 1
        now_us = self._now_us()
        if error.is_away:
            failed = self._away.get(place, (0, 0))[0] + 1
            self._away[place] = (failed, now_us + backoff_us(failed))
        tries = message.tries + 1
        await self._keeping.settle(
            message.id,
            "waiting",
            tries=tries,
            why=str(error)[:_LONGEST_WHY],
            due_us=now_us + backoff_us(tries),
        )

    async def _end(self, message: Message, state: str, why: str) -> None:
        await self._keeping.settle(
            message.id,
            "sent" if state == "sent" else "dropped",
            tries=message.tries,
            why=why,
            due_us=message.due_us,
            ended_us=self._now_us(),
        )


def _mark(message: Message) -> tuple[int, int]:
    """Return what tells a message from a newer one that took its place."""
    return message.id, message.made_us
