"""What a server does to its clients: observe, read, write, execute (Core, clauses 6.3 and 6.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiocoap import Code, Message, error

from samstad_devices.domain.errors import DevicesError
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.lwm2m.objects import OBJECTS
from samstad_devices.domain.lwm2m.values import Value, read_path, read_values
from samstad_devices.domain.lwm2m.writing import write_form
from samstad_devices.domain.messages import Uplink
from samstad_devices.gateway.coap.server import CoapServer
from samstad_devices.gateway.lwm2m.clients import Client, Clients
from samstad_devices.service.ingest import Ingest
from samstad_devices.spi.routes import RouteAway, RouteRefused

__all__ = ["MOST_OBSERVED", "Operations"]

MOST_OBSERVED = 32
"""Object instances of one client."""
_ANSWER_S = 60.0
_AT_ONCE = 64
_OF_THE_SERVER = frozenset({0, 1, 2, 5, 21, 23})
"""Objects that tell nothing of the world: security, server, access, firmware, OSCORE."""


class Operations:
    """Speaks with registered clients.

    Args:
        server: the endpoint that they called.
        clients: which are registered.
        ingest: where observed values go.
    """

    def __init__(self, server: CoapServer, clients: Clients, ingest: Ingest) -> None:
        self._server = server
        self._clients = clients
        self._ingest = ingest
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._working: set[asyncio.Task[None]] = set()
        self.refused = 0
        """Observations that clients refused or did not answer."""

    # -- observing ------------------------------------------------------------------------------------

    def begin(self, client: Client) -> None:
        """Observe what a client has, without waiting for it."""
        self._server.interface_of(client.peer).forget(client.peer)
        task = asyncio.get_running_loop().create_task(self._observe_all(client), name="lwm2m-observe")
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    def end(self, client: Client) -> None:
        """Take no more notifications of a client."""
        self._server.interface_of(client.peer).forget(client.peer)

    async def close(self) -> None:
        """Let what is being done go."""
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    async def _observe_all(self, client: Client) -> None:
        """Observe one instance after the other: a small device has room for one request."""
        peer = client.peer
        paths = [path for path in client.offer.objects if _is_observed(path)]
        for path in paths[:MOST_OBSERVED]:
            if self._clients.find(client.id) is not client or client.peer != peer:
                return
            async with self._gate:
                try:
                    await self._observe(client, path)
                except (RouteAway, RouteRefused, DevicesError):
                    self.refused += 1

    async def _observe(self, client: Client, path: str) -> None:
        request = self._message(client, Code.GET, path)
        request.opt.accept = client.offer.form
        request.opt.observe = 0
        asked = self._server.context.request(request, handle_blockwise=False)
        answer = _checked(await self._answer(asked))
        if answer.opt.observe is not None:

            async def notified(message: Any) -> bool:
                return await self._notified(client, path, message)

            self._server.interface_of(client.peer).adopt(client.peer, answer.token, notified)
        await self._take(client, path, await self._whole(client, path, answer), key=None)

    async def _notified(self, client: Client, path: str, message: Any) -> bool:
        """Keep a notification; it is safe when it is durable (I3), and repetitions of it are one."""
        if not message.code.is_successful():
            return True
        key = f"{client.id}{path}:{message.opt.observe}"
        try:
            await self._take(client, path, await self._whole(client, path, message), key=key)
        except (RouteAway, RouteRefused, DevicesError):
            return False
        return True

    async def _whole(self, client: Client, path: str, message: Any) -> Any:
        """Return a value that came in its first block alone as a whole (RFC 7959, clause 2.6)."""
        block = message.opt.block2
        if block is None or not block.more:
            return message
        return await self._ask(client, Code.GET, path, accept=client.offer.form)

    async def _take(self, client: Client, path: str, message: Any, *, key: str | None) -> None:
        uplink = Uplink(
            device=Identifier("entity", client.device_id),
            payload=bytes(message.payload),
            content_format=message.opt.content_format,
            path=path,
            deduplication=key,
        )
        await self._ingest.take("lwm2m", uplink)

    # -- asked for ------------------------------------------------------------------------------------

    def is_awake(self, device_id: str, now_us: int) -> bool:
        """Tell whether a device is registered and hears now."""
        client = self._clients.of(device_id)
        return client is not None and client.is_awake(now_us)

    async def read(self, device_id: str, path: str) -> dict[str, Any]:
        """Return the values at a path: of an object, an instance or a resource.

        Raises:
            RouteAway: the device is not registered, or did not answer.
            RouteRefused: it refused, and says by which code.
            MessageRefused: the path is none, or the answer cannot be read.
        """
        read_path(path)
        client = self._present(device_id)
        answer = await self._ask(client, Code.GET, path, accept=client.offer.form)
        return read_values(bytes(answer.payload), content_format=answer.opt.content_format, path=path)

    async def write(self, device_id: str, path: str, values: Mapping[int, Value]) -> None:
        """Set resources of an object instance, and leave its others (partial update); raises as ``read``."""
        client = self._present(device_id)
        payload = write_form(path, values, form=client.offer.form)
        await self._ask(client, Code.POST, path, payload=payload, form=client.offer.form)

    async def execute(self, device_id: str, path: str, argument: str = "") -> None:
        """Run an executable resource; raises as ``read``."""
        if len(read_path(path)) != 3:
            raise RouteRefused(f"{path!r:.60} is no resource that can be run, such as /3/0/4.")
        payload = argument.encode("ascii", "replace")
        await self._ask(
            self._present(device_id), Code.POST, path, payload=payload, form=0 if payload else None
        )

    def _present(self, device_id: str) -> Client:
        client = self._clients.of(device_id)
        if client is None:
            raise RouteAway(f"{device_id} is not registered.")
        return client

    async def _ask(  # noqa: PLR0913 - a request has so many parts
        self,
        client: Client,
        code: Code,
        path: str,
        *,
        accept: int | None = None,
        payload: bytes = b"",
        form: int | None = None,
    ) -> Any:
        request = self._message(client, code, path)
        request.payload = payload
        request.opt.accept = accept
        request.opt.content_format = form
        return _checked(await self._answer(self._server.context.request(request)))

    def _message(self, client: Client, code: Code, path: str) -> Message:
        request = Message(code=code)
        request.opt.uri_path = tuple(path.strip("/").split("/"))
        request.remote = client.peer
        return request

    async def _answer(self, asked: Any) -> Any:
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await asked.response
        except (TimeoutError, error.Error) as fault:
            raise RouteAway(f"The device did not answer: {fault or type(fault).__name__}.") from None


def _is_observed(path: str) -> bool:
    """Tell whether a path of the offer is observed: an instance of an object whose values can be read."""
    numbers = read_path(path)
    return len(numbers) == 2 and numbers[0] in OBJECTS and numbers[0] not in _OF_THE_SERVER


def _checked(answer: Any) -> Any:
    if not answer.code.is_successful():
        told = bytes(answer.payload)[:100].decode("utf-8", "replace")
        raise RouteRefused(f"The device answered {answer.code.dotted} {told}".strip() + ".")
    return answer
