"""The CodecRunner port: runs codecs of strangers, and comes to no harm by them."""

from __future__ import annotations

from typing import Any, Protocol

from samstad_devices.domain.codec import Codec, Decoded, Encoded, Frame

__all__ = ["CodecRunner"]


class CodecRunner(Protocol):
    """Runs codecs inside limits of time, memory and output."""

    async def decode(self, codec: Codec, frame: Frame) -> Decoded:
        """Return what an uplink means.

        Raises:
            CodecRefused: the codec cannot be loaded, or decodes no uplinks.
            CodecThrew: it says that the frame is wrong, or failed.
            CodecExceeded: it went beyond a limit, or did so lately and is paused.
        """
        ...

    async def encode(self, codec: Codec, data: Any, *, port: int | None = None) -> Encoded:
        """Return the downlink that says ``data`` to the device; raises as ``decode``."""
        ...
