"""CoAP over DTLS with pre-shared keys: each peer is the device whose key it has proved to have."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from samstad_devices.gateway.coap.bounds import Door
from samstad_devices.gateway.coap.dtls import Session, answer_to_stranger
from samstad_devices.gateway.coap.dtls.messages import Broken
from samstad_devices.gateway.coap.socket import Address, MessageInterface, Peer
from samstad_devices.spi.credentials import CredentialRefused
from samstad_devices.spi.frame_store import StoreUnavailable
from samstad_devices.spi.keys import Key, Keys

__all__ = ["SecureSocket", "SecureSockets"]

_MOST_SESSIONS = 20_000


@dataclass(slots=True)
class _Known:
    """A session, and what it proved."""

    session: Session
    address: Address
    key: Key | None = None
    peer: Peer | None = None
    asking: asyncio.Task[None] | None = None


class SecureSockets:
    """Makes sockets, and ends sessions whose keys have ended.

    Args:
        keys: of devices.
        now_us: the clock.
    """

    def __init__(self, keys: Keys, *, now_us: Callable[[], int]) -> None:
        self.keys = keys
        self.now_us = now_us
        self._made: list[SecureSocket] = []

    def socket(self, door: Door, interface: MessageInterface) -> SecureSocket:
        """Return a new socket."""
        self._made.append(SecureSocket(door, interface, self))
        return self._made[-1]

    def revoke(self, subject: str, key_id: str | None = None) -> None:
        """End the sessions of a device, or those by one of its keys."""
        for one in self._made:
            one.revoke(subject, key_id)

    def figures(self) -> Counter[str]:
        """Return sessions that are open, and handshakes since the start by how they ended."""
        found: Counter[str] = Counter()
        for one in self._made:
            found.update(one.figures)
            found["sessions"] += len(one)
        return found


class SecureSocket(asyncio.DatagramProtocol):
    """One socket.

    A client that begins anew at an address keeps its old session there until the new one is open (clause
    4.2.8): a stranger who can send from that address ends nothing.

    Args:
        door: lets datagrams in.
        interface: takes what is in them.
        sockets: whose it is.
    """

    def __init__(self, door: Door, interface: MessageInterface, sockets: SecureSockets) -> None:
        self._door = door
        self._interface = interface
        self._sockets = sockets
        self._secret = secrets.token_bytes(32)
        self._open: OrderedDict[Address, _Known] = OrderedDict()
        self._beginning: OrderedDict[Address, _Known] = OrderedDict()
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0
        self.figures: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def connection_made(self, transport: Any) -> None:
        """Know the socket."""
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def error_received(self, exc: Exception) -> None:
        """Leave it to the repetitions: an error of a datagram socket is not known to be any peer's."""

    def datagram_received(self, data: bytes, address: Address) -> None:
        """Take a datagram."""
        if not self._door.admits(address[0], len(data)):
            return
        beginning, known = self._beginning.get(address), self._open.get(address)
        if beginning is not None:
            self._work(beginning, data)
        elif known is not None:
            self._work(known, data)
        # A hello may begin anew whatever there is already; anything else is nothing to a stranger.
        answer, hello = answer_to_stranger(data, address=f"{address[:2]}", secret=self._secret)
        self._send(address, answer)
        if hello is not None and not _is_repeated(beginning, data):
            self._begin(address, hello)

    def _begin(self, address: Address, hello: Any) -> None:
        try:
            session = Session(hello, random=secrets.token_bytes(32))
        except Broken:
            self.figures["refused"] += 1
            return
        before = self._beginning.pop(address, None)
        if before is not None and before.asking is not None:
            before.asking.cancel()
        self._beginning[address] = _Known(session, address)
        if len(self._beginning) > _MOST_SESSIONS:
            self._beginning.popitem(last=False)
        self._send(address, session.flight())

    def _work(self, known: _Known, data: bytes) -> None:
        answers, told = known.session.receive(data)
        self._tell(known, answers, told)
        if known.session.state == "asking" and known.asking is None:
            known.asking = asyncio.get_running_loop().create_task(self._ask(known), name="coaps-key")

    async def _ask(self, known: _Known) -> None:
        """Find the key of an identity; where there is none, any other does, and it proves nothing."""
        try:
            found = await self._sockets.keys.use(known.session.identity, "psk", now_us=self._sockets.now_us())
        except (CredentialRefused, StoreUnavailable):
            found = None
        known.key = found
        answers, told = known.session.supply(found.secret if found else secrets.token_bytes(16))
        self._tell(known, answers, told)

    def _tell(self, known: _Known, answers: bytes, told: list[bytes]) -> None:
        self._send(known.address, answers)
        state = known.session.state
        if state == "open" and known.peer is None and known.key is not None:
            self._opened(known, known.key)
        if state == "closed":
            self._forget(known)
        elif known.peer is not None and told:
            if known.key is None or known.key.facts.ends_us <= self._sockets.now_us():
                self._end(known)
                return
            for content in told:
                self._interface.received(known.peer, content)

    def _opened(self, known: _Known, key: Key) -> None:
        self.figures["opened"] += 1
        known.peer = Peer(known.address, partial(self._say, known), scheme="coaps", subject=key.facts.subject)
        if self._beginning.get(known.address) is known:
            del self._beginning[known.address]
        self._open.pop(known.address, None)
        self._open[known.address] = known
        if len(self._open) > _MOST_SESSIONS:
            self._end(next(iter(self._open.values())))

    def _say(self, known: _Known, content: bytes) -> None:
        """Send to whoever is at the address now, where it is the same device."""
        now = self._open.get(known.address)
        if now is not None and now.peer == known.peer:
            self._open.move_to_end(known.address)
            self._send(known.address, now.session.send(content))

    def revoke(self, subject: str, key_id: str | None) -> None:
        """End the sessions of a device, or those by one of its keys."""
        for known in [*self._open.values(), *self._beginning.values()]:
            facts = known.key.facts if known.key else None
            if facts and facts.subject == subject and key_id in {None, facts.id}:
                self._end(known)

    def _end(self, known: _Known) -> None:
        self._send(known.address, known.session.close())
        self._forget(known)

    def _forget(self, known: _Known) -> None:
        if known.peer is None:
            self.figures["failed"] += 1
        for table in (self._open, self._beginning):
            if table.get(known.address) is known:
                del table[known.address]

    def _send(self, address: Address, datagram: bytes) -> None:
        if datagram and self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(datagram, address)

    async def shutdown(self) -> None:
        """Close the socket; each client is told."""
        for known in [*self._open.values()]:
            self._send(known.address, known.session.close())
        asking = [one.asking for one in self._beginning.values() if one.asking is not None]
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()


def _is_repeated(beginning: _Known | None, datagram: bytes) -> bool:
    """Tell whether a hello is one that its session has answered: it is not begun anew."""
    return beginning is not None and beginning.session.is_by(datagram)
