"""When two messages are one: heard by several network servers, or sent again by one of them."""

from __future__ import annotations

from hashlib import sha256

from samstad_devices.domain.messages import Message, Uplink

__all__ = ["WINDOW_US", "are_same", "sameness"]

WINDOW_US = 3_600_000_000
"""An hour: counters begin anew after a join, so equal frames that are further apart are two."""


def sameness(message: Message) -> str | None:
    """Return a key that is equal for messages that may be one; None for what is never a repetition."""
    if not isinstance(message, Uplink):
        return None
    if message.counter is not None:
        told = f"{message.device}|{message.counter}|{message.port}|".encode() + message.payload
    elif message.deduplication:
        told = f"{message.device}|{message.deduplication}".encode()
    elif message.time_us is not None:
        told = f"{message.device}|@{message.time_us}|{message.port}|".encode() + message.payload
    else:
        return None
    return sha256(told).hexdigest()[:32]


def are_same(first: tuple[int, str | None], second: tuple[int, str | None]) -> bool:
    """Tell whether two messages with one key are one, by when each came and by its session's address."""
    addresses = {first[1], second[1]} - {None}
    return abs(first[0] - second[0]) <= WINDOW_US and len(addresses) < 2
