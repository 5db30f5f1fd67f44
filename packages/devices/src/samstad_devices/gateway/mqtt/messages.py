"""From what a device publishes to messages."""

from __future__ import annotations

import msgspec

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import DownlinkAnswered, Message, Uplink
from samstad_devices.gateway.mqtt.topics import Purpose

__all__ = ["MAX_PAYLOAD_BYTES", "message_of"]

MAX_PAYLOAD_BYTES = 65_536


class _Answer(msgspec.Struct, frozen=True):
    """What a device says about a command: ``{"command": "...", "refused": true}``."""

    command: str
    refused: bool = False


_ANSWER = msgspec.json.Decoder(_Answer)


def message_of(device_id: str, purpose: Purpose, payload: bytes) -> Message:
    """Return the message in a payload.

    Raises:
        MessageRefused: it is too long, or no answer to a command.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise MessageRefused(f"A payload has at most {MAX_PAYLOAD_BYTES} bytes.")
    device = Identifier("entity", device_id)
    if purpose.word == "up":
        return Uplink(device=device, payload=payload, port=purpose.port)
    try:
        answer = _ANSWER.decode(payload)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise MessageRefused(f"An answer is {{'command': id}}: {error}.") from None
    outcome = "refused" if answer.refused else "acknowledged"
    return DownlinkAnswered(device=device, outcome=outcome, reference=answer.command)
