"""Wires the CoAP endpoint, and LwM2M on it: settings, resources, and what operators see of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_network
from typing import Any

from samstad_devices.gateway.coap import CoapBounds, CoapServer, PortTaken, PushResource, SecureSockets
from samstad_devices.gateway.lwm2m import (
    Client,
    Clients,
    DirectoryResource,
    Lwm2mRoute,
    Operations,
    RegistrationResource,
)
from samstad_devices.service.directory import Directory
from samstad_devices.service.ingest import Ingest
from samstad_devices.settings import DevicesSettings
from samstad_devices.spi.credentials import Credentials
from samstad_devices.store.keys import SqliteKeys
from samstad_plugin import CannotStart
from samstad_plugin.service import Check, CheckState, Surroundings

__all__ = ["CoapWay", "coap_way"]

_EXPIRE_US = 5_000_000


@dataclass(slots=True)
class CoapWay:
    """How the endpoint stands.

    Attributes:
        server: the endpoint.
        clients: of LwM2M, that are registered.
        operations: on them.
        ports: by protocol name; empty where nothing listens.
        checks: what is wrong with it.
        on_awake: called when a client of LwM2M hears.
    """

    server: CoapServer
    clients: Clients
    operations: Operations
    ports: dict[str, int] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    on_awake: Callable[[Client], None] = lambda _: None

    def route(self, surroundings: Surroundings[DevicesSettings]) -> Lwm2mRoute:
        """Return the way of commands to registered clients."""
        return Lwm2mRoute(self.operations, now_us=surroundings.clock.now_us)

    def tasks(
        self, surroundings: Surroundings[DevicesSettings]
    ) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Return what runs beside."""
        clock = surroundings.clock

        async def expire() -> None:
            while True:
                await clock.sleep_until(clock.now_us() + _EXPIRE_US)
                self.clients.expire()

        return {"lwm2m": expire}


@asynccontextmanager
async def coap_way(
    surroundings: Surroundings[DevicesSettings],
    ingest: Ingest,
    directory: Directory,
    *,
    credentials: Credentials,
    keys: SqliteKeys,
) -> AsyncIterator[CoapWay]:
    """Open the endpoint; a port that is taken is told by a check, and the other ways in go on.

    Raises:
        CannotStart: a network in the settings is none.
    """
    now_us = surroundings.clock.now_us
    bounds = _bounds(surroundings.settings)
    server = CoapServer(bounds, now_us=now_us)
    clients = Clients(now_us=now_us)
    secure = SecureSockets(keys, now_us=now_us)
    way = CoapWay(server, clients, Operations(server, clients, ingest))
    clients.on_end = way.operations.end

    def revoked(subject: str, key_id: str | None) -> None:
        secure.revoke(subject, key_id)
        if key_id is None:
            clients.end(subject)

    keys.on_revoked = revoked
    directory_resource = DirectoryResource(
        bounds,
        clients=clients,
        directory=directory,
        credentials=credentials,
        ingest=ingest,
        now_us=now_us,
        on_awake=lambda client: way.on_awake(client),  # noqa: PLW0108 - it is set later
        on_offer=way.operations.begin,
    )
    push = PushResource(bounds, ingest=ingest, credentials=credentials, now_us=now_us)
    registrations = RegistrationResource(directory_resource)
    await server.open([(("push",), push), (("rd",), directory_resource), (("rd",), registrations)])
    try:
        await _listen(way, surroundings, secure)
        _show_figures(surroundings, way, secure)
        yield way
    finally:
        await way.operations.close()
        await server.close()


def _bounds(settings: DevicesSettings) -> CoapBounds:
    try:
        networks = tuple(ip_network(text) for text in settings.coap_networks)
    except ValueError as error:
        todo = "Write networks as 10.0.0.0/8 in devices.coap_networks."
        raise CannotStart(f"{error}.", todo=todo) from None
    return CoapBounds(networks=networks, per_second=settings.coap_per_second)


async def _listen(way: CoapWay, surroundings: Surroundings[DevicesSettings], secure: SecureSockets) -> None:
    settings, server = surroundings.settings, way.server
    wanted = {
        "coap": (settings.coap_port, partial(server.listen, settings.coap_host)),
        "coaps": (settings.coaps_port, partial(server.listen_securely, settings.coaps_host, secure=secure)),
    }
    for scheme, (port, listen) in wanted.items():
        if port < 0:
            continue
        try:
            way.ports[scheme] = await listen(port=port)
        except PortTaken as error:
            surroundings.log.warning("devices.coap_port_taken", detail=str(error))
            told = f"{error} Set devices.{scheme}_port to another port, 0 for a free one, -1 for none."
            way.checks.append(Check(scheme, CheckState.DEGRADED, told))


def _show_figures(surroundings: Surroundings[DevicesSettings], way: CoapWay, secure: SecureSockets) -> None:
    surroundings.metrics.gauges(
        "samstad_devices_coap_dropped",
        "Datagrams that were dropped unanswered since the start of the role, by reason.",
        ("reason",),
        lambda: [
            ((reason,), count)
            for reason, count in (way.server.door.dropped + way.server.secure_door.dropped).items()
        ],
    )
    surroundings.metrics.gauges(
        "samstad_devices_dtls",
        "Sessions of DTLS that are open, and handshakes since the start by how they ended.",
        ("figure",),
        lambda: [((figure,), count) for figure, count in secure.figures().items()],
    )
    surroundings.metrics.gauges(
        "samstad_devices_registrations",
        "Clients of LwM2M: registered now; since the start ended without an update, observations refused.",
        ("figure",),
        lambda: [
            (("registered",), len(way.clients)),
            (("expired",), way.clients.expired),
            (("refused",), way.operations.refused),
        ],
    )
