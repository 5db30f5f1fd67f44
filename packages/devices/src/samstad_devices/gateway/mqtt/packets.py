"""The packets of MQTT 3.1.1 and 5 that a client sends to a server, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = [
    "Auth",
    "Connect",
    "Disconnect",
    "Packet",
    "Ping",
    "Puback",
    "Publish",
    "Subscribe",
    "Subscription",
    "Unsubscribe",
    "Will",
]

Properties = Mapping[str, Any]


class Will(NamedTuple):
    """What is published for a client that goes without a word."""

    topic: str
    payload: bytes
    qos: int


class Connect(NamedTuple):
    """CONNECT (3.1).

    Attributes:
        version: 4 for MQTT 3.1.1, 5.
        keep_alive_s: 0 where the client may be silent as long as it likes.
    """

    version: int
    client_id: str
    is_clean: bool
    keep_alive_s: int
    username: str | None
    password: bytes | None
    will: Will | None
    properties: Properties


class Publish(NamedTuple):
    """PUBLISH (3.3); ``packet_id`` is 0 for QoS 0."""

    topic: str
    payload: bytes
    qos: int
    packet_id: int
    is_repeated: bool
    properties: Properties


class Puback(NamedTuple):
    """PUBACK (3.4); a ``code`` from 0x80 on refuses."""

    packet_id: int
    code: int


class Subscription(NamedTuple):
    """One topic filter, and the highest quality of service that is wished for it."""

    filter: str
    qos: int


class Subscribe(NamedTuple):
    """SUBSCRIBE (3.8)."""

    packet_id: int
    subscriptions: tuple[Subscription, ...]


class Unsubscribe(NamedTuple):
    """UNSUBSCRIBE (3.10)."""

    packet_id: int
    filters: tuple[str, ...]


class Ping(NamedTuple):
    """PINGREQ (3.12)."""


class Disconnect(NamedTuple):
    """DISCONNECT (3.14); code 4 asks for the will to be published."""

    code: int


class Auth(NamedTuple):
    """AUTH (3.15), of which nothing is offered here."""

    code: int


Packet = Connect | Publish | Puback | Subscribe | Unsubscribe | Ping | Disconnect | Auth
