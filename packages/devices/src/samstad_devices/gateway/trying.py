"""Running a catalogue's own examples, as proof of a codec before it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from samstad_devices.domain.codec import Codec, Frame
from samstad_devices.domain.errors import CodecFailed
from samstad_devices.gateway.catalogue import Example, Found
from samstad_devices.spi.codec_runner import CodecRunner

__all__ = ["Tried", "try_codecs"]


class Tried(NamedTuple):
    """What became of a codec's examples.

    Attributes:
        passed: examples that came out as the vendor says.
        faults: what went wrong, a sentence each.
    """

    found: Found
    passed: int
    faults: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether the codec may be kept: it loads, and no example fails."""
        return not self.faults


async def try_codecs(found: Iterable[Found], runner: CodecRunner) -> list[Tried]:
    """Return what became of each codec, in the order given."""
    return [await _try(one, runner) for one in found]


async def _try(found: Found, runner: CodecRunner) -> Tried:
    if found.fault:
        return Tried(found, 0, (found.fault,))
    codec = Codec(found.source)
    faults = await asyncio.gather(*(_fault(codec, one, runner) for one in found.examples))
    told = [f"example {number}: {fault}" for number, fault in enumerate(faults, 1) if fault]
    return Tried(found, len(faults) - len(told), tuple(told))


async def _fault(codec: Codec, example: Example, runner: CodecRunner) -> str:
    frame = Frame(payload=example.payload, port=example.port)
    try:
        data: Any = (await runner.decode(codec, frame)).data
    except CodecFailed as error:
        return error.detail if example.data is not None else ""
    if example.data is None:
        return "it is decoded, and should have been refused"
    return "" if data == example.data else f"{data!r:.120} is not {example.data!r:.120}"
