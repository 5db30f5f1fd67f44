"""The Notifier port: one binding that brings finished notifications to endpoints (clauses 6.3.8 and 7.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

__all__ = ["Notice", "Notifier", "Outcome", "Result"]


class Result(StrEnum):
    """What became of one attempt.

    | result      | means                                          | what delivery does                |
    |-------------|------------------------------------------------|-----------------------------------|
    | delivered   | the receiver has it                            | goes on                           |
    | unreachable | the endpoint as a whole cannot take anything   | keeps everything, tries again     |
    | failed      | the endpoint could not take this notification  | tries these entities again        |
    | refused     | the endpoint will never take this notification | counts it as given up             |
    """

    DELIVERED = "delivered"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    REFUSED = "refused"


class Outcome(NamedTuple):
    """The answer to one attempt.

    Attributes:
        result: what became of it.
        reason: a short text for people: ``503``, ``timeout``, ``DNS: no such host``.
        retry_after_us: how long the endpoint asked to be left alone, 0 where it asked nothing.
        of_content: what was refused is this body: parts of it, alone, may be taken.
    """

    result: Result
    reason: str = ""
    retry_after_us: int = 0
    of_content: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notification, ready to be sent.

    Attributes:
        uri: the endpoint.
        content_type: media type of the body.
        link: value of the Link header, or None where the @context is inside.
        headers: further headers (HTTP) or metadata (MQTT), in order: tenant and receiverInfo.
        body: the notification as JSON.
        timeout_us: after which the attempt has failed.
        parameters: notifierInfo of the endpoint, such as ``MQTT-QoS``.
    """

    uri: str
    content_type: str
    link: str | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    timeout_us: int
    parameters: tuple[tuple[str, str], ...] = ()


class Notifier(Protocol):
    """One binding."""

    async def send(self, notice: Notice) -> Outcome:
        """Try once; whatever goes wrong on the way is an outcome, not an exception."""
        ...

    async def close(self) -> None:
        """Give up all connections."""
        ...
