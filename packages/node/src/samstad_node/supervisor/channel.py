"""What supervisor and role say to each other over two pipes: lines of JSON.

The supervisor sends one ``Start`` and then keeps its end open: its end closing means that the supervisor is
gone. The role sends a ``Beat`` now and then, ``Ready`` once, and ``Refused`` when it cannot start.
Settings go through the pipe, not the command line or environment, where others could read the secrets.
"""

from __future__ import annotations

from typing import cast

import msgspec

from samstad_node.settings import Secret, Settings
from samstad_node.settings.fields import decode_secret
from samstad_node.settings.table import settings_type

__all__ = ["Beat", "Ready", "Refused", "Report", "Start", "decode_report", "decode_start", "encode"]


class Start(msgspec.Struct, frozen=True):
    """What a role's process needs to begin."""

    role: str
    data: str
    settings: Settings


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """The role's event loop turns."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The role does its work; ports by protocol name."""

    ports: dict[str, int]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The role cannot start as things are."""

    detail: str
    todo: str
    exit_code: int


Report = Beat | Ready | Refused


def _reveal(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value)} is not sent")


_encoder = msgspec.json.Encoder(enc_hook=_reveal)
_reports: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def encode(message: Start | Report) -> bytes:
    """Return the message as one line."""
    return _encoder.encode(message) + b"\n"


def decode_report(line: bytes) -> Report:
    """Read what a role sent; raises msgspec.DecodeError."""
    return _reports.decode(line)


def decode_start(line: bytes) -> Start:
    """Read what the supervisor sent; raises msgspec.DecodeError."""
    kind = msgspec.defstruct("Start", [("settings", settings_type())], bases=(Start,), frozen=True)
    return cast("Start", msgspec.json.decode(line, type=kind, dec_hook=decode_secret))
