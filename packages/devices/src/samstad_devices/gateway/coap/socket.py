"""A UDP socket under aiocoap: what the door admits becomes messages of known peers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple

import aiocoap
from aiocoap import error
from aiocoap.interfaces import EndpointAddress
from aiocoap.numbers import TransportTuning, constants
from aiocoap.transports.generic_udp import GenericMessageInterface
from aiocoap.util import hostportjoin

from samstad_devices.gateway.coap.bounds import Door

__all__ = ["Address", "MessageInterface", "Notified", "Peer", "PlainSocket"]

_MOST_EARLY = 256

Notified = Callable[[Any], Awaitable[bool]]
"""Keeps a notification, and tells whether it is safe: only then it is acknowledged."""
Address = tuple[Any, ...]
"""Host and port, and what IPv6 adds to them."""


class _Tuning(TransportTuning):  # type: ignore[misc]  # aiocoap is untyped
    """Answers are kept for a minute: a client has given up repeating after 45 s (RFC 7252, 4.8.2)."""

    EXCHANGE_LIFETIME = 60.0


class _Key(NamedTuple):
    scheme: str
    address: tuple[str, int]
    subject: str


class Peer(EndpointAddress):  # type: ignore[misc]  # aiocoap is untyped
    """Who sent a message.

    Args:
        address: host and port where it came from.
        send: sends a datagram there.
        scheme: ``coap`` or ``coaps``.
        subject: id of the Device entity that it has proved to be; empty where it has not.
    """

    scheme = ""
    is_multicast = False
    is_multicast_locally = False
    maximum_block_size_exp = constants.MAX_REGULAR_BLOCK_SIZE_EXP

    def __init__(
        self, address: Address, send: Callable[[bytes], None], *, scheme: str, subject: str = ""
    ) -> None:
        self.host, self.port = address[:2]
        self.send = send
        self.scheme = scheme
        self.subject = subject
        self._key = _Key(scheme, (self.host, self.port), subject)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Peer) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"{self.scheme}://{self.hostinfo}"

    @property
    def hostinfo(self) -> str:
        """Return host and port as in a URI."""
        return str(hostportjoin(self.host, self.port))

    @property
    def hostinfo_local(self) -> str:
        """Return the endpoint as in a URI; which of its addresses was called is not known."""
        return "localhost"

    @property
    def uri_base(self) -> str:
        """Return the peer's URI without a path."""
        return f"{self.scheme}://{self.hostinfo}"

    @property
    def uri_base_local(self) -> str:
        """Return the endpoint's URI without a path."""
        return f"{self.scheme}://{self.hostinfo_local}"

    @property
    def blockwise_key(self) -> _Key:
        """Return what blocks of one message have in common."""
        return self._key


class MessageInterface(GenericMessageInterface):  # type: ignore[misc]  # aiocoap is untyped
    """Between a socket and aiocoap's layers.

    Args:
        manager: aiocoap's message layer.
        door: knows how many exchanges may be remembered.
        scheme: of the peers that are its own.
    """

    def __init__(self, manager: Any, door: Door, scheme: str) -> None:
        super().__init__(manager, manager.log, asyncio.get_running_loop())
        self._door = door
        self._scheme = scheme
        self._pool: Any = None
        self._observed: dict[tuple[Peer, bytes], Notified] = {}
        self._first: set[tuple[Peer, bytes]] = set()
        self._early: list[Any] = []
        self._working: set[asyncio.Task[None]] = set()

    def use(self, socket: Any) -> None:
        """Name the socket that ends with the interface."""
        self._pool = socket

    def received(self, peer: Peer, datagram: bytes) -> None:
        """Take a datagram that the door let in; one that is no CoAP is dropped (RFC 7252, clause 3)."""
        manager = self._mman
        if manager is None:
            return
        if len(manager._recent_messages) >= self._door.bounds.remembered:  # noqa: SLF001 - aiocoap does not bound it
            self._door.dropped["crowded"] += 1
            return
        try:
            message = aiocoap.Message.decode(datagram, remote=peer)
        except (error.UnparsableMessage, ValueError, IndexError):
            self._door.dropped["malformed"] += 1
            return
        message.transport_tuning = _Tuning()
        if not self._is_notification(message):
            manager.dispatch_message(message)

    def adopt(self, peer: Peer, token: bytes, handler: Notified) -> None:
        """Take an observation's notifications: they are acknowledged when the handler has them safe (I3).

        aiocoap would acknowledge them as they come; so it is made to forget the request.
        """
        key = (peer, token)
        self._first.discard(key)
        self._observed[key] = handler
        if self._mman is not None:
            self._mman.token_manager.outgoing_requests.pop((token, peer), None)
        mine = [one for one in self._early if (one.remote, one.token) == key]
        self._early = [one for one in self._early if (one.remote, one.token) != key]
        for message in mine:
            self._notify(handler, message)

    def forget(self, peer: Peer) -> None:
        """Take no more notifications of a peer: aiocoap then tells it to stop."""
        for key in [one for one in self._observed if one[0] == peer]:
            del self._observed[key]
        self._first = {one for one in self._first if one[0] != peer}

    def _is_notification(self, message: Any) -> bool:
        """Take a notification; the first answer to an observation is aiocoap's, later ones are not."""
        if not message.code.is_response() or message.opt.observe is None:
            return False
        key = (message.remote, message.token)
        handler = self._observed.get(key)
        if handler is not None:
            self._notify(handler, message)
            return True
        if key in self._first and len(self._early) < _MOST_EARLY:
            self._early.append(message)
            return True
        if (message.token, message.remote) in self._mman.token_manager.outgoing_requests:
            self._first.add(key)
        return False

    def _notify(self, handler: Notified, message: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._settle(handler, message))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _settle(self, handler: Notified, message: Any) -> None:
        is_safe = await handler(message)
        if is_safe and message.mtype is aiocoap.CON:
            answer = aiocoap.Message(_mtype=aiocoap.ACK, _mid=message.mid, code=aiocoap.EMPTY, payload=b"")
            answer.remote = message.remote
            self.send(answer)

    async def recognize_remote(self, remote: Any) -> bool:
        """Tell whether messages to a peer go this way."""
        return isinstance(remote, Peer) and remote.scheme == self._scheme

    async def determine_remote(self, request: Any) -> None:  # noqa: ARG002 - aiocoap's
        """Refuse to call anybody by an address: only those who called are called back."""
        return


class PlainSocket(asyncio.DatagramProtocol):
    """CoAP without encryption.

    Args:
        door: lets datagrams in.
        interface: takes them.
    """

    def __init__(self, door: Door, interface: MessageInterface) -> None:
        self._door = door
        self._interface = interface
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0

    def connection_made(self, transport: Any) -> None:
        """Know the socket."""
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, address: Any) -> None:
        """Take a datagram."""
        if self._door.admits(address[0], len(data)):
            peer = Peer(address, partial(self._send, address), scheme="coap")
            self._interface.received(peer, data)

    def error_received(self, exc: Exception) -> None:
        """Leave it to the repetitions: an error of a datagram socket is not known to be any peer's."""

    def _send(self, address: Address, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, address)

    async def shutdown(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
