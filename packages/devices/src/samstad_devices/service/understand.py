"""From the bytes of a message to measurements, by the decoder that the device's model names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from samstad_devices.domain.cayenne import read_cayenne
from samstad_devices.domain.codec import Encoded, Frame
from samstad_devices.domain.errors import CodecRefused
from samstad_devices.domain.json_text import read_json
from samstad_devices.domain.lwm2m.values import read_values
from samstad_devices.domain.messages import Uplink
from samstad_devices.domain.normalise import Normalised, normalise
from samstad_devices.domain.profile import Profile
from samstad_devices.domain.senml import fields_of, read_senml_cbor, read_senml_json
from samstad_devices.spi.codec_runner import CodecRunner
from samstad_devices.spi.codec_source import CodecSource

__all__ = ["BUILT_IN", "Understanding"]

BUILT_IN: dict[str, Callable[[bytes], Any]] = {
    "cayenne-lpp": read_cayenne,
    "json": read_json,
    "senml-cbor": lambda payload: fields_of(read_senml_cbor(payload)),
    "senml-json": lambda payload: fields_of(read_senml_json(payload)),
}
"""Decoder, as profiles name it → what reads a payload."""


class Understanding:
    """Decodes and normalises.

    Args:
        codecs: programs of vendors.
        runner: runs them inside limits.
    """

    def __init__(self, codecs: CodecSource, runner: CodecRunner) -> None:
        self._codecs = codecs
        self._runner = runner

    async def measurements(self, profile: Profile, uplink: Uplink, *, received_us: int) -> Normalised:
        """Return what an uplink means.

        Raises:
            MessageRefused, CodecFailed: it cannot be decoded; the raw frame stays.
        """
        time_us = uplink.time_us or received_us
        data = await self._decoded(profile, uplink, time_us)
        return normalise(profile, data, received_us=time_us)

    async def _decoded(self, profile: Profile, uplink: Uplink, time_us: int) -> Any:
        read = BUILT_IN.get(profile.decoder)
        if read is not None:
            return read(uplink.payload)
        if profile.decoder == "lwm2m":
            return read_values(uplink.payload, content_format=uplink.content_format, path=uplink.path)
        codec = await self._codecs.codec(profile.codec)
        if codec is None:
            raise CodecRefused(f"There is no codec {profile.codec[:16]}: import it, then replay.")
        frame = Frame(payload=uplink.payload, port=uplink.port, time_us=time_us)
        return (await self._runner.decode(codec, frame)).data

    async def downlink(self, profile: Profile, data: Any, *, port: int, command_id: str) -> Encoded:
        """Return what a command says as bytes: by the model's program, else as JSON that names the command.

        Raises:
            CodecFailed: the program cannot say it.
        """
        if profile.decoder != "javascript":
            named = {"command": command_id, **data} if isinstance(data, dict) else data
            return Encoded(orjson.dumps(named), port)
        codec = await self._codecs.codec(profile.codec)
        if codec is None:
            raise CodecRefused(f"There is no codec {profile.codec[:16]}: import it first.")
        return await self._runner.encode(codec, data, port=port)
