"""The port that devices connect to: one session for each device, and what all of them may do together."""

from __future__ import annotations

import asyncio
import resource
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import DownlinkAnswered, Message
from samstad_devices.gateway.mqtt.connection import Connection
from samstad_devices.gateway.mqtt.messages import MAX_PAYLOAD_BYTES
from samstad_devices.gateway.mqtt.packets import Connect
from samstad_devices.gateway.mqtt.reasons import Reason
from samstad_devices.spi.credentials import CredentialRefused, Credentials

__all__ = ["MqttEndpoint", "MqttFigures", "server_tls"]

_PACKET_MOST = MAX_PAYLOAD_BYTES + 2_048
_MOST_REMEMBERED = 100_000
_FILES_BESIDE = 512

Offer = Callable[[Message], "asyncio.Future[bool]"]


@dataclass(slots=True)
class MqttFigures:
    """Counts for metrics."""

    accepted: int = 0
    taken_over: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class MqttEndpoint:
    """Listens, and knows which device is connected.

    Args:
        credentials: tokens of devices; one is the password of its CONNECT.
        offer: keeps a message; its future is done when the message is durable.
        now_us: the clock.
        connections: how many may be open.

    Attributes:
        on_listening: told of a device that now takes commands.
        on_answer: told that a command reached its device, or was refused by it.
        on_takeover: told of a device that connected while it was connected.
    """

    def __init__(
        self, credentials: Credentials, offer: Offer, *, now_us: Callable[[], int], connections: int = 10_000
    ) -> None:
        self.now_us = now_us
        self.offer = offer
        self.packet_most = _PACKET_MOST
        self.figures = MqttFigures()
        self.port = 0
        self.on_listening: Callable[[str], None] = lambda _: None
        self.on_answer: Callable[[DownlinkAnswered], None] = lambda _: None
        self.on_takeover: Callable[[str], None] = lambda _: None
        self._credentials = credentials
        self._most = connections
        self._open: set[Connection] = set()
        self._by_device: dict[str, Connection] = {}
        self._remembered: dict[str, None] = {}
        self._drops = 0
        self._server: asyncio.Server | None = None

    # -- the port -----------------------------------------------------------------------------------

    async def listen(self, *, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Begin to listen; raises OSError."""
        _raise_file_limit(self._most + _FILES_BESIDE)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), host, port, ssl=tls, backlog=1_024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and tell all clients to come back later."""
        if self._server is None:
            return
        self._server.close()
        for one in list(self._open):
            one.close(Reason.SHUTTING_DOWN, "The node stops.")
        await asyncio.sleep(0)

    async def watch(self, pause: Callable[[], Awaitable[object]]) -> None:
        """Look after silent and stuck connections until cancelled; ``pause`` returns about once a second."""
        while True:
            await pause()
            now_us = self.now_us()
            for one in list(self._open):
                one.look(now_us)

    def __len__(self) -> int:
        return len(self._open)

    # -- what connections tell ----------------------------------------------------------------------

    def joined(self, connection: Connection) -> None:
        """Count a connection, or end it where there are too many."""
        self._open.add(connection)
        if len(self._open) > self._most:
            connection.close(Reason.QUOTA_EXCEEDED, f"{self._most} connections are open.")

    def left(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.discard(connection)
        if self._by_device.get(connection.device) is connection:
            del self._by_device[connection.device]

    async def judge(self, packet: Connect) -> str:
        """Return which device a client is, by the token in its password.

        Raises:
            CredentialRefused: it is none.
        """
        try:
            token = (packet.password or b"").decode("ascii")
        except UnicodeDecodeError:
            raise CredentialRefused("The password is the device's token.") from None
        while True:
            drops = self._drops
            credential = await self._credentials.judge(token, now_us=self.now_us())
            # What was revoked while it was judged is judged again.
            if drops == self._drops:
                break
        if credential.kind != "device":
            raise CredentialRefused("The token is a connection's, and no device's.")
        return credential.subject

    def took(self, connection: Connection, *, is_clean: bool) -> bool:
        """Make a connection its device's only one; return whether the device still listens from before."""
        device = connection.device
        before = self._by_device.get(device)
        self._by_device[device] = connection
        self.figures.accepted += 1
        if before is not None:
            self.figures.taken_over += 1
            self.on_takeover(device)
            before.close(Reason.TAKEN_OVER, "The device has connected anew.")
        if is_clean:
            self._remembered.pop(device, None)
        return device in self._remembered

    def listens(self, connection: Connection) -> None:
        """Remember that a device takes commands, also for when it comes back."""
        if len(self._remembered) < _MOST_REMEMBERED:
            self._remembered[connection.device] = None
        self.on_listening(connection.device)

    def delivered(self, connection: Connection, reference: str, *, is_refused: bool) -> None:
        """Pass on that a command has reached its device."""
        outcome = "refused" if is_refused else "acknowledged"
        device = Identifier("entity", connection.device)
        self.on_answer(DownlinkAnswered(device=device, outcome=outcome, reference=reference))

    def refused(self, connection: Connection, reason: Reason, detail: str) -> None:
        """Count why a connection was ended."""
        del connection, detail
        self.figures.refused[reason.name.lower().replace("_", "-")] += 1

    # -- what others want ---------------------------------------------------------------------------

    def tell(self, device: str, payload: bytes, *, carries: str) -> bool:
        """Send a command to a device; False where it does not listen now."""
        connection = self._by_device.get(device)
        return connection is not None and connection.tell(payload, carries=carries)

    def is_listening(self, device: str) -> bool:
        """Tell whether a device would take a command now."""
        connection = self._by_device.get(device)
        return connection is not None and connection.is_listening

    def drop(self, device: str) -> None:
        """End the connection of a device whose tokens were revoked."""
        self._drops += 1
        self._remembered.pop(device, None)
        connection = self._by_device.get(device)
        if connection is not None:
            connection.close(Reason.NOT_AUTHORIZED, "The device's tokens were revoked.")


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return what a server needs for TLS from 1.2 on; raises OSError and ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def _raise_file_limit(wanted: int) -> None:
    """Let the process have as many sockets as it may serve, as far as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
