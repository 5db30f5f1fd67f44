"""Wires the MQTT endpoint: its settings, its port, and what operators see of it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samstad_devices.domain.messages import Message
from samstad_devices.gateway.lorawan import NETWORKS, read_body
from samstad_devices.gateway.mqtt.endpoint import MqttEndpoint, server_tls
from samstad_devices.gateway.mqtt.upstream import Source, Upstream, read_source
from samstad_devices.service.ingest import Ingest
from samstad_devices.settings import DevicesSettings
from samstad_devices.spi.credentials import Credential, Credentials
from samstad_plugin import CannotStart
from samstad_plugin.service import Check, CheckState, Surroundings

__all__ = ["MqttWay", "Revoking", "mqtt_way"]

_SECOND_US = 1_000_000


class Revoking:
    """Credentials whose end is told at once, so that open connections end with them.

    Args:
        credentials: the others.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self.on_revoked: Callable[[str], None] = lambda _: None

    async def give(self, subject: str, kind: str, *, now_us: int, ends_us: int) -> str:
        """Return a new token."""
        return await self._credentials.give(subject, kind, now_us=now_us, ends_us=ends_us)

    async def judge(self, token: str, *, now_us: int) -> Credential:
        """Return what a token stands for."""
        return await self._credentials.judge(token, now_us=now_us)

    async def revoke(self, subject: str) -> int:
        """End all credentials of a subject, and tell of it."""
        ended = await self._credentials.revoke(subject)
        self.on_revoked(subject)
        return ended


@dataclass(slots=True)
class MqttWay:
    """How the endpoint stands.

    Attributes:
        endpoint: itself.
        ports: by protocol name; empty where nothing listens.
        checks: what was wrong with it at the start.
        sources: brokers of network servers that are followed.
    """

    endpoint: MqttEndpoint
    ports: dict[str, int] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    sources: list[Upstream] = field(default_factory=list)

    def stands(self) -> list[Check]:
        """Return what is wrong now."""
        away = [one.source for one in self.sources if not one.is_connected]
        told = [
            Check("mqtt", CheckState.DEGRADED, f"{one.host} port {one.port} ({one.name}) does not answer.")
            for one in away
        ]
        return [*self.checks, *told]

    def tasks(
        self, surroundings: Surroundings[DevicesSettings]
    ) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Return what runs beside."""
        clock = surroundings.clock

        async def pause() -> None:
            await clock.sleep_until(clock.now_us() + _SECOND_US)

        following = {f"mqtt-{one.source.name}": one.run for one in self.sources}
        return {"mqtt": lambda: self.endpoint.watch(pause), **following}


@asynccontextmanager
async def mqtt_way(
    surroundings: Surroundings[DevicesSettings],
    credentials: Revoking,
    ingest: Ingest,
    *,
    on_takeover: Callable[[str], None],
) -> AsyncIterator[MqttWay]:
    """Open the endpoint; a port that is taken is told by a check, and the other ways in go on.

    Raises:
        CannotStart: its certificate cannot be used.
    """
    settings = surroundings.settings
    endpoint = MqttEndpoint(
        credentials,
        lambda message: ingest.offer("mqtt", message),
        now_us=surroundings.clock.now_us,
        connections=settings.mqtt_connections,
    )
    credentials.on_revoked = endpoint.drop
    endpoint.on_takeover = on_takeover
    way = MqttWay(endpoint)
    way.sources += _followed(surroundings, ingest)
    try:
        await _listen(way, surroundings)
        _show_figures(surroundings, endpoint)
        yield way
    finally:
        await endpoint.close()


async def _listen(way: MqttWay, surroundings: Surroundings[DevicesSettings]) -> None:
    settings = surroundings.settings
    if settings.mqtt_port < 0:
        return
    tls = _tls(settings)
    try:
        await way.endpoint.listen(host=settings.mqtt_host, port=settings.mqtt_port, tls=tls)
    except OSError as error:
        where = f"{settings.mqtt_host} port {settings.mqtt_port}"
        told = f"MQTT cannot listen on {where}: {error.strerror or error}."
        surroundings.log.warning("devices.mqtt_port_taken", detail=told)
        todo = "Set devices.mqtt_port to another port, 0 for a free one, -1 for none."
        way.checks.append(Check("mqtt", CheckState.DEGRADED, f"{told} {todo}"))
    else:
        way.ports["mqtt" if tls is None else "mqtts"] = way.endpoint.port


def _followed(surroundings: Surroundings[DevicesSettings], ingest: Ingest) -> list[Upstream]:
    def told(sentence: str) -> None:
        surroundings.log.warning("devices.mqtt_source", detail=sentence)

    return [
        Upstream(source, read=_read, take=ingest.take, told=told)
        for source in map(_source, surroundings.settings.mqtt_sources)
    ]


def _read(network: str, body: bytes, event: str | None) -> Message | None:
    return read_body(network, body, event=event)


def _source(text: str) -> Source:
    try:
        source = read_source(text)
    except ValueError as error:
        raise CannotStart(f"{text!r} is no source: {error}.", todo="Look at devices.mqtt_sources.") from None
    if source.network not in NETWORKS:
        todo = f"Name one of {', '.join(NETWORKS)} in devices.mqtt_sources."
        raise CannotStart(f"{source.network!r} is no network server that can be read.", todo=todo)
    return source


def _tls(settings: DevicesSettings) -> ssl.SSLContext | None:
    given = settings.mqtt_certificate, settings.mqtt_key
    if not any(given):
        return None
    if not all(given):
        todo = "Set devices.mqtt_certificate and devices.mqtt_key, or neither."
        raise CannotStart("A certificate is of no use without its key.", todo=todo)
    try:
        return server_tls(Path(given[0]), Path(given[1]))
    except (OSError, ssl.SSLError) as error:
        todo = "Look at devices.mqtt_certificate and devices.mqtt_key: files in PEM, readable here."
        raise CannotStart(f"The certificate of MQTT cannot be used: {error}.", todo=todo) from None


def _show_figures(surroundings: Surroundings[DevicesSettings], endpoint: MqttEndpoint) -> None:
    metrics, figures = surroundings.metrics, endpoint.figures
    metrics.gauge("samstad_devices_mqtt_connections", "Open connections of MQTT.", lambda: len(endpoint))
    metrics.gauges(
        "samstad_devices_mqtt_ended",
        "Connections of MQTT that were refused or ended by the node since the start of the role, by reason.",
        ("reason",),
        lambda: [((reason,), count) for reason, count in figures.refused.items()],
    )
