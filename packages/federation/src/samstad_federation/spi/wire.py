"""The Wire port: one HTTP request to another node, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

__all__ = ["NoAnswer", "Reply", "Sent", "Wire"]


class Sent(NamedTuple):
    """A request.

    Attributes:
        url: encoded, absolute, of http or https.
        headers: by the names that go over the wire.
        body: empty for none.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


class Reply(NamedTuple):
    """A whole answer; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(Exception):
    """No whole answer came: refused, broken, beyond the bounds, or at an address that must not be reached.

    Attributes:
        detail: what is known of it, for people.
        is_sent: whether the request may have been carried out all the same.
    """

    def __init__(self, detail: str, *, is_sent: bool = True) -> None:
        super().__init__(detail)
        self.detail = detail
        self.is_sent = is_sent


class Wire(Protocol):
    """Sends requests; many at once."""

    async def send(self, sent: Sent) -> Reply:
        """Return the answer.

        The time limit is the caller's: being cancelled, the request ends at once.

        Raises:
            NoAnswer: none came.
        """
        ...

    async def close(self) -> None:
        """End every connection."""
        ...
