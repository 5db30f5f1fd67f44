"""Messages as bytes: MessagePack, so that payloads stay bytes and a later release reads them."""

from __future__ import annotations

import msgspec

from samstad_devices.domain.messages import DownlinkAnswered, Joined, Message, StatusReported, Uplink

__all__ = ["kind_of", "pack", "unpack"]

_KINDS: dict[str, type[Message]] = {
    "uplink": Uplink,
    "joined": Joined,
    "status": StatusReported,
    "answer": DownlinkAnswered,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_DECODERS = {name: msgspec.msgpack.Decoder(kind) for name, kind in _KINDS.items()}
_ENCODER = msgspec.msgpack.Encoder()


def kind_of(message: Message) -> str:
    """Return the name of a message's kind, as it is kept."""
    return _NAMES[type(message)]


def pack(message: Message) -> bytes:
    """Return a message as bytes."""
    return _ENCODER.encode(message)


def unpack(kind: str, raw: bytes) -> Message:
    """Return the message of a kind in bytes."""
    return _DECODERS[kind].decode(raw)
