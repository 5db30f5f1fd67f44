"""Codecs: a vendor's program between bytes and measurements (LoRa Alliance TS013 and older forms)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

__all__ = ["MAX_SOURCE_BYTES", "Codec", "Decoded", "Encoded", "Frame"]

MAX_SOURCE_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Codec:
    """One version of a codec, named by what it is.

    Attributes:
        source: JavaScript.
        digest: SHA-256 of the source, hexadecimal: equal codecs of many models are one.
    """

    source: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", sha256(self.source.encode()).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a codec is given.

    Attributes:
        payload: the deciphered bytes.
        port: LoRaWAN's FPort; None is 0 to a codec.
        time_us: when it was received, microseconds since 1970 UTC.
        variables: settings of this device that the codec may ask for (ChirpStack).
    """

    payload: bytes
    port: int | None = None
    time_us: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a codec says that a frame means: names and units are its own."""

    data: Any
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of a downlink, and the port that they are sent on."""

    payload: bytes
    port: int
    warnings: tuple[str, ...] = ()
