"""The CoAP endpoint: opens its socket, answers with its resources, and calls back those who called."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

from aiocoap import Context
from aiocoap.resource import Site, WKCResource

from samstad_devices.gateway.coap.bounds import CoapBounds, Door
from samstad_devices.gateway.coap.secure_socket import SecureSockets
from samstad_devices.gateway.coap.socket import MessageInterface, Peer, PlainSocket

__all__ = ["CoapServer", "PortTaken"]


_LOGGER = "samstad.coap"
_EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
"""Who has no key gets nowhere, and is sent no more than came."""


class PortTaken(Exception):
    """The address cannot be listened on."""


class CoapServer:
    """Serves CoAP.

    Args:
        bounds: what it takes at most.
        now_us: the clock.
    """

    def __init__(self, bounds: CoapBounds, *, now_us: Callable[[], int]) -> None:
        self.door = Door(bounds, now_us)
        self.secure_door = Door(replace(bounds, networks=_EVERYWHERE), now_us)
        self._context: Context | None = None
        self._interfaces: dict[str, MessageInterface] = {}

    @property
    def context(self) -> Context:
        """The context of aiocoap, by which peers are called back."""
        if self._context is None:
            raise RuntimeError("the endpoint is not open")
        return self._context

    def interface_of(self, peer: Peer) -> MessageInterface:
        """Return the interface by which a peer came."""
        return self._interfaces[peer.scheme]

    async def open(self, resources: Iterable[tuple[tuple[str, ...], Any]]) -> None:
        """Make resources reachable by their paths; nothing listens yet.

        One that is ``PathCapable`` stands for what is below its path, and may share it with one that is not.
        """
        site = Site()
        site.add_resource(
            (".well-known", "core"), WKCResource(site.get_resources_as_linkheader, impl_info=None)
        )
        for path, resource in resources:
            site.add_resource(path, resource)
        # What strangers send is counted by the door, and must not fill the log.
        logging.getLogger(_LOGGER).setLevel(logging.ERROR)
        self._context = Context(loop=asyncio.get_running_loop(), serversite=site, loggername=_LOGGER)

    async def listen(self, host: str, port: int) -> int:
        """Listen without encryption, and return the port.

        Raises:
            PortTaken: the address is in use, or none of this machine's.
        """
        return await self._listen(
            host, port, "coap", lambda interface: PlainSocket(self.door, interface), self.door
        )

    async def listen_securely(self, host: str, port: int, secure: SecureSockets) -> int:
        """Listen with DTLS, and return the port; raises as ``listen``."""
        return await self._listen(
            host,
            port,
            "coaps",
            lambda interface: secure.socket(self.secure_door, interface),
            self.secure_door,
        )

    async def _listen(
        self, host: str, port: int, scheme: str, make: Callable[[MessageInterface], Any], door: Door
    ) -> int:
        opened: list[Any] = []

        async def construct(manager: Any) -> MessageInterface:
            interface = MessageInterface(manager, door, scheme)
            try:
                _, socket = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: make(interface), local_addr=(host, port)
                )
            except OSError as error:
                raise PortTaken(f"UDP {host}:{port} cannot be listened on: {error.strerror}.") from error
            interface.use(socket)
            self._interfaces[scheme] = interface
            opened.append(socket)
            return interface

        await self.context._append_tokenmanaged_messagemanaged_transport(construct)  # noqa: SLF001 - its one way to add a transport
        return int(opened[0].port)

    async def close(self) -> None:
        """Close the sockets."""
        if self._context is not None:
            await self._context.shutdown()
