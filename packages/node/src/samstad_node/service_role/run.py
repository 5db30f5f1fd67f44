"""Running a service: give it what it was promised, serve for the gate, put everything away in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from samstad_models.contexts import CITY, context_url
from samstad_ngsild.client import Client
from samstad_node.cli.exits import Exit
from samstad_node.neighbours import Neighbours, broker_key, gate_secret
from samstad_node.plugins import installed
from samstad_node.server.asgi_bridge import AsgiBridge
from samstad_node.server.served import Served, serve
from samstad_node.service_role.app import service_app
from samstad_node.service_role.beside import ActingTransport, BesideBroker
from samstad_node.service_role.following import Following
from samstad_node.settings import derive
from samstad_node.supervisor.role import RoleContext, RoleRefused
from samstad_plugin import CannotStart, Plugin
from samstad_plugin.service import Caller, Service, Surroundings

__all__ = ["run", "run_service"]


async def run(context: RoleContext) -> None:
    """Run the installed service of the role's name until ``context.stop`` is set."""
    await run_service(context, installed()[context.name])


async def run_service(context: RoleContext, plugin: Plugin) -> None:
    """Run a service.

    Raises:
        RoleRefused: it cannot start as things are.
    """
    transport = BesideBroker(Neighbours(context.data), context.settings.http.host)
    surroundings = _surroundings(context, plugin, transport)
    try:
        async with plugin.load()(surroundings) as service:
            await _Running(context, plugin, service, surroundings.client).live()
    except CannotStart as error:
        raise RoleRefused(error.detail, todo=error.todo, exit_code=Exit.SETTINGS) from error
    finally:
        await transport.close()


def _surroundings(context: RoleContext, plugin: Plugin, transport: BesideBroker) -> Surroundings[Any]:
    key = broker_key(context.data, plugin.name)
    city = context_url(CITY)

    def own() -> Mapping[str, str]:
        text = key.read()
        return {"X-API-Key": text} if text else {}

    def acting_for(caller: Caller) -> Client:
        acting = ActingTransport(transport, lambda: caller.credentials)
        return Client(acting, context=city, tenant=caller.tenant)

    return Surroundings(
        settings=derive.service_settings(context.settings, plugin),
        data=context.data,
        client=Client(ActingTransport(transport, own), context=city),
        acting_for=acting_for,
        clock=context.clock,
        metrics=context.metrics,
        log=context.log,
    )


class _Running:
    """One life of a service."""

    def __init__(self, context: RoleContext, plugin: Plugin, service: Service, client: Client) -> None:
        self._context = context
        self._plugin = plugin
        self._service = service
        self._port = 0
        self._secret = gate_secret(context.data, plugin.name).ensure()
        self._following = Following(
            plugin.name,
            service.follows,
            client=client,
            endpoint=lambda: f"http://127.0.0.1:{self._port}/notifications",
            clock=context.clock,
            log=context.log,
        )

    async def live(self) -> None:
        """Serve and work until told to stop; a task that ends or fails takes the service down."""
        served = await self._serve()
        self._port = served.port
        tasks = [asyncio.create_task(make(), name=name) for name, make in self._service.tasks.items()]
        tasks.append(asyncio.create_task(self._following.run(), name="following"))
        stopping = asyncio.create_task(self._context.stop.wait(), name="stop")
        try:
            self._context.ready({"gate": served.port, **self._service.ports})
            done, _ = await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await served.stop()
            await _end([stopping, *tasks])

    async def _serve(self) -> Served:
        app = service_app(
            self._plugin,
            self._service,
            self._following,
            metrics=self._context.metrics,
            secret=self._secret,
        )
        public = derive.server_settings(self._context.settings)
        settings = replace(public, host="127.0.0.1", port=0, server="native", access_log=False)
        return await serve(AsgiBridge(app), settings, root="")


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
