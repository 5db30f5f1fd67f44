"""Wires commands: their ways to devices, and what operators see of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from samstad_devices.gateway.lorawan.downlinks import LorawanRoute, Server, read_server
from samstad_devices.gateway.mqtt.route import MqttRoute
from samstad_devices.plugin.coap import CoapWay
from samstad_devices.plugin.mqtt import MqttWay
from samstad_devices.service.commands import Commands
from samstad_devices.service.directory import Directory
from samstad_devices.service.ingest import Ingest
from samstad_devices.service.understand import Understanding
from samstad_devices.settings import DevicesSettings
from samstad_plugin import CannotStart
from samstad_plugin.service import Followed, Surroundings

__all__ = ["CommandWays", "command_ways"]

_SECOND_US = 1_000_000


@dataclass(slots=True)
class CommandWays:
    """Commands at work."""

    commands: Commands

    def follows(self) -> Followed:
        """Return what the broker shall tell."""
        return Followed(
            name="commands",
            types=("Command",),
            handler=self.commands.told,
            attributes=("status",),
            deletions=True,
        )

    def tasks(
        self, surroundings: Surroundings[DevicesSettings]
    ) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Return what runs beside."""
        clock = surroundings.clock

        def pause() -> Awaitable[None]:
            return clock.sleep_until(clock.now_us() + _SECOND_US)

        return {"commands": lambda: self.commands.run(pause)}


@asynccontextmanager
async def command_ways(  # noqa: PLR0913 - what the composition wires, each by its name
    surroundings: Surroundings[DevicesSettings],
    directory: Directory,
    ingest: Ingest,
    *,
    understanding: Understanding,
    mqtt: MqttWay,
    coap: CoapWay,
) -> AsyncIterator[CommandWays]:
    """Open the ways on which commands go to devices.

    Raises:
        CannotStart: a network server in the settings is none.
    """
    lorawan = LorawanRoute([_server(text) for text in surroundings.settings.downlinks])
    commands = Commands(
        directory=directory,
        encode=understanding.downlink,
        routes=[MqttRoute(mqtt.endpoint), coap.route(surroundings), lorawan],
        heard=ingest.heard.get,
        city=surroundings.client,
        now_us=surroundings.clock.now_us,
    )
    ingest.on_answer = commands.answered
    ingest.on_measured = commands.measured
    mqtt.endpoint.on_answer = commands.answered
    coap.on_awake = lambda _: commands.more.set()
    mqtt.endpoint.on_listening = lambda _: commands.more.set()
    surroundings.metrics.gauge(
        "samstad_devices_commands_open", "Commands that are not done.", lambda: len(commands)
    )
    surroundings.metrics.gauges(
        "samstad_devices_commands_ended",
        "Commands that ended since the start of the role, by status.",
        ("status",),
        lambda: [((status,), count) for status, count in commands.ended.items()],
    )
    try:
        yield CommandWays(commands)
    finally:
        await lorawan.close()


def _server(text: str) -> Server:
    try:
        return read_server(text)
    except ValueError as error:
        todo = "Look at devices.downlinks."
        raise CannotStart(f"{text!r} is no network server: {error}.", todo=todo) from None
