"""What a session tells whoever runs it."""

from __future__ import annotations

from typing import NamedTuple

from samstad_rsmp.messages import AnyMessage
from samstad_rsmp.versions import Core

__all__ = ["Closed", "Event", "Garbled", "Ready", "Received", "Refused"]


class Ready(NamedTuple):
    """The handshake is complete; any message may be sent."""

    site_id: str
    core: Core
    sxl: str


class Received(NamedTuple):
    """A message came, was right, and is acknowledged."""

    message: AnyMessage


class Refused(NamedTuple):
    """The peer answered one of our messages with MessageNotAck."""

    message: AnyMessage
    reason: str


class Garbled(NamedTuple):
    """Something came that is no valid message; answered with MessageNotAck where it could be."""

    detail: str
    packet: bytes


class Closed(NamedTuple):
    """The link is to be closed: the peer was rejected, rejected us, or did not acknowledge in time."""

    reason: str


Event = Ready | Received | Refused | Garbled | Closed
