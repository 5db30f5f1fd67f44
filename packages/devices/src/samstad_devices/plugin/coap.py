"""Wires the CoAP endpoint: its settings, its resources, and what operators see of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from samstad_devices.gateway.coap import CoapBounds, CoapServer, PortTaken
from samstad_devices.settings import DevicesSettings
from samstad_plugin import CannotStart
from samstad_plugin.service import Check, CheckState, Surroundings

__all__ = ["CoapWay", "bounds_of", "coap_way"]


@dataclass(slots=True)
class CoapWay:
    """How the endpoint stands.

    Attributes:
        server: the endpoint.
        ports: by protocol name; empty where nothing listens.
        checks: what is wrong with it.
    """

    server: CoapServer
    ports: dict[str, int] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)


def bounds_of(settings: DevicesSettings) -> CoapBounds:
    """Return the limits of the endpoint; raises CannotStart where a network is none."""
    try:
        networks = tuple(ip_network(text) for text in settings.coap_networks)
    except ValueError as error:
        todo = "Write networks as 10.0.0.0/8 in devices.coap_networks."
        raise CannotStart(f"{error}.", todo=todo) from None
    return CoapBounds(networks=networks, per_second=settings.coap_per_second)


@asynccontextmanager
async def coap_way(
    surroundings: Surroundings[DevicesSettings], resources: Iterable[tuple[tuple[str, ...], Any]], bounds: CoapBounds
) -> AsyncIterator[CoapWay]:
    """Open the endpoint; a port that is taken is told by a check, and the other ways in go on."""
    server = CoapServer(bounds, now_us=surroundings.clock.now_us)
    way = CoapWay(server)
    await server.open(resources)
    try:
        await _listen(way, surroundings)
        _show_figures(surroundings, server)
        yield way
    finally:
        await server.close()


async def _listen(way: CoapWay, surroundings: Surroundings[DevicesSettings]) -> None:
    settings = surroundings.settings
    if settings.coap_port < 0:
        return
    try:
        way.ports["coap"] = await way.server.listen(settings.coap_host, settings.coap_port)
    except PortTaken as error:
        surroundings.log.warning("devices.coap_port_taken", detail=str(error))
        told = f"{error} Set devices.coap_port to another port, 0 for a free one, -1 for none."
        way.checks.append(Check("coap", CheckState.DEGRADED, told))


def _show_figures(surroundings: Surroundings[DevicesSettings], server: CoapServer) -> None:
    surroundings.metrics.gauges(
        "samstad_devices_coap_dropped",
        "Datagrams that were dropped unanswered since the start of the role, by reason.",
        ("reason",),
        lambda: [((reason,), count) for reason, count in server.door.dropped.items()],
    )
