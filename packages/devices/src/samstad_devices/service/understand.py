"""From the bytes of a message to measurements, by the decoder that the device's model names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from samstad_devices.domain.cayenne import read_cayenne
from samstad_devices.domain.codec import Encoded, Frame
from samstad_devices.domain.errors import CodecRefused, MessageRefused
from samstad_devices.domain.json_text import read_json
from samstad_devices.domain.lwm2m.values import read_values
from samstad_devices.domain.messages import Uplink
from samstad_devices.domain.normalise import Normalised, normalise
from samstad_devices.domain.profile import Profile
from samstad_devices.domain.senml import fields_of, read_senml_cbor, read_senml_json
from samstad_devices.domain.wmbus import read_telegram
from samstad_devices.spi.codec_runner import CodecRunner
from samstad_devices.spi.codec_source import CodecSource
from samstad_devices.spi.frame_store import StoreUnavailable

__all__ = ["BUILT_IN", "MeterKeys", "Understanding"]

BUILT_IN: dict[str, Callable[[bytes], Any]] = {
    "cayenne-lpp": read_cayenne,
    "json": read_json,
    "senml-cbor": lambda payload: fields_of(read_senml_cbor(payload)),
    "senml-json": lambda payload: fields_of(read_senml_json(payload)),
}
"""Decoder, as profiles name it → what reads a payload."""


MeterKeys = Callable[[str], Awaitable[list[bytes]]]
"""Gives keys of a device."""


class Understanding:
    """Decodes and normalises.

    Args:
        codecs: programs of vendors.
        runner: runs them inside limits.
        meter_keys: gives the keys by which a device's telegrams are opened.
    """

    def __init__(self, codecs: CodecSource, runner: CodecRunner, meter_keys: MeterKeys | None = None) -> None:
        self._meter_keys = meter_keys
        self._codecs = codecs
        self._runner = runner

    async def measurements(
        self, profile: Profile, uplink: Uplink, *, received_us: int, device_id: str = ""
    ) -> Normalised:
        """Return what an uplink means; ``device_id`` is of the Device entity.

        Raises:
            MessageRefused, CodecFailed: it cannot be decoded; the raw frame stays.
        """
        time_us = uplink.time_us or received_us
        if profile.decoder == "wmbus":
            telegram = read_telegram(uplink.payload, await self._keys_of(device_id))
            return normalise(profile, telegram, received_us=time_us)
        data = await self._decoded(profile, uplink, time_us)
        return normalise(profile, data, received_us=time_us)

    async def _keys_of(self, device_id: str) -> list[bytes]:
        try:
            return await self._meter_keys(device_id) if self._meter_keys else []
        except StoreUnavailable as error:
            raise MessageRefused(error.detail) from None

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
