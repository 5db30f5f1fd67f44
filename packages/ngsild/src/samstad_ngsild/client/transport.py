"""How a client's requests reach a context broker: one method, so that all transports are alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

__all__ = ["Answer", "Ask", "Credentials", "Transport"]

Credentials = Callable[[], Mapping[str, str]]
"""Gives the headers that prove who asks, anew for each request: a key may be renewed while a service runs."""


class Ask(msgspec.Struct, frozen=True):
    """One request below the root of the API.

    Attributes:
        method: in upper case.
        path: percent-encoded, beginning with ``/`` (``/entities``).
        query: names and values, not yet encoded, in the order in which they are sent.
        headers: beside the credentials; names in any case.
        body: None where the request has none.
    """

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = {}
    body: bytes | None = None

    @property
    def is_safe(self) -> bool:
        """Whether sending it twice does what sending it once does (RFC 9110, clause 9.2.2)."""
        return self.method in {"GET", "HEAD", "PUT", "DELETE"}


class Answer(msgspec.Struct, frozen=True):
    """What came back, read to its end.

    Attributes:
        headers: lower-case name → value.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Transport(Protocol):
    """Sends a request and returns the answer, whatever its status."""

    async def send(self, ask: Ask) -> Answer:
        """Return the answer.

        Raises:
            Unreachable: no whole answer came; whether the request was carried out is not known.
        """
        ...

    async def close(self) -> None:
        """End what is open."""
        ...
