"""The CodecSource port: programs of vendors by what they are."""

from __future__ import annotations

from typing import Protocol

from samstad_devices.domain.codec import Codec

__all__ = ["CodecSource"]


class CodecSource(Protocol):
    """Gives codecs by their digest."""

    async def codec(self, digest: str) -> Codec | None:
        """Return a codec, or None where nobody has brought it."""
        ...

    async def bring(self, source: str, *, name: str, licence: str, now_us: int) -> str:
        """Keep a codec and return its digest; the same source is kept once.

        Raises:
            CodecRefused: it is longer than a codec can be.
        """
        ...
