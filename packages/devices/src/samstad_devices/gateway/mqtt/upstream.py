"""Messages from a network server's own MQTT broker: acknowledged to it when they are durable here.

The session is kept at the broker while the node is away; the broker then sends what came meanwhile.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from samstad_devices.domain.errors import DevicesError, MessageRefused
from samstad_devices.domain.messages import Message
from samstad_devices.spi.frame_store import StoreUnavailable

__all__ = ["FILTERS", "Source", "Upstream", "UpstreamFigures", "read_source"]

FILTERS = {
    "chirpstack": "application/+/device/+/event/+",
    "chirpstack-v3": "application/+/device/+/event/+",
    "the-things-stack": "v3/+/devices/+/+",
}
"""Network server → what is subscribed to where nothing else is said."""

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_MOST_ON_THEIR_WAY = 256
_RETRY_S = 1.0
_KEEP_ALIVE_S = 30

Read = Callable[[str, bytes, str | None], Message | None]
Take = Callable[[str, Message], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Source:
    """A broker that a network server publishes to.

    Attributes:
        name: of the connection; the client id at the broker is made of it, so it is unique there.
        network: one of the network servers that can be read.
        filter: topics that are subscribed to.
        password: of the account; never shown.
    """

    name: str
    network: str
    host: str
    port: int
    is_secure: bool
    filter: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def read_source(text: str) -> Source:
    """Return a source from a setting: ``NAME NETWORK mqtt[s]://[USER@]HOST[:PORT][/FILTER] [PASSWORD-FILE]``.

    Raises:
        ValueError: it is none, or its password cannot be read.
    """
    words = text.split()
    if len(words) not in (3, 4):
        raise ValueError("write NAME NETWORK URL PASSWORD-FILE, the last where there is one")
    name, network, url = words[:3]
    parts = urlsplit(url)
    wanted = unquote(parts.path.removeprefix("/")) or FILTERS.get(network, "")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"{url} is no mqtt:// or mqtts:// address")
    if not wanted:
        raise ValueError(f"{network} needs the topics in the path of its address")
    if parts.password is not None:
        raise ValueError("the password stands in a file of its own, not in the address")
    return Source(
        name=name,
        network=network,
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        is_secure=parts.scheme == "mqtts",
        filter=wanted,
        username=unquote(parts.username) if parts.username else None,
        password=_password(words[3]) if len(words) == 4 else None,
    )


def _password(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the password file {file} cannot be read: {error}") from None


@dataclass(slots=True)
class UpstreamFigures:
    """Counts for metrics."""

    arrived: int = 0
    refused: int = 0
    connects: int = 0


class Upstream:
    """Follows one broker until cancelled, over any number of lost connections.

    Args:
        source: which.
        read: knows what network servers write.
        take: keeps a message; returns when it is durable.
        told: told of what an operator should know, as a sentence.

    Attributes:
        is_connected: whether the broker sends what was subscribed to.
    """

    def __init__(self, source: Source, *, read: Read, take: Take, told: Callable[[str], None]) -> None:
        self.source = source
        self.is_connected = False
        self.figures = UpstreamFigures()
        self._read = read
        self._take = take
        self._told = told
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room = threading.BoundedSemaphore(_MOST_ON_THEIR_WAY)
        self._tasks: set[asyncio.Task[None]] = set()
        self._client = self._made()

    def _made(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"samstad-{self.source.name}",
            clean_session=False,
            protocol=paho.MQTTv311,
            manual_ack=True,
        )
        if self.source.username is not None:
            client.username_pw_set(self.source.username, self.source.password)
        if self.source.is_secure:
            client.tls_set_context(ssl.create_default_context())
        client.reconnect_delay_set(min_delay=1, max_delay=30)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        client.on_message = self._came
        return client

    async def run(self) -> None:
        """Work until cancelled."""
        self._loop = asyncio.get_running_loop()
        # The thread connects by itself, at once and after every loss.
        self._client.connect_async(self.source.host, self.source.port, keepalive=_KEEP_ALIVE_S)
        self._client.loop_start()
        try:
            await asyncio.Event().wait()
        finally:
            self._client.disconnect()
            self._release()
            await asyncio.to_thread(self._client.loop_stop)
            for task in self._tasks:
                task.cancel()

    def _release(self) -> None:
        """Let the thread go on, if it waits for room, so that it sees the end."""
        try:
            self._room.release()
        except ValueError:
            return

    # -- in the thread of the client ------------------------------------------------------------------

    def _connected(
        self, client: paho.Client, _user: object, _flags: object, code: ReasonCode, _props: object
    ) -> None:
        if code.is_failure:
            self._tell(f"The broker of {self.source.name} refuses: {code}.")
            return
        self.figures.connects += 1
        client.subscribe(self.source.filter, qos=1)

    def _subscribed(
        self, _client: paho.Client, _user: object, _number: int, codes: list[ReasonCode], _props: object
    ) -> None:
        if any(code.is_failure for code in codes):
            self._tell(f"The broker of {self.source.name} does not give {self.source.filter}.")
            return
        self.is_connected = True

    def _disconnected(
        self, _client: paho.Client, _user: object, _flags: object, code: ReasonCode, _props: object
    ) -> None:
        if self.is_connected and code.is_failure:
            self._tell(f"The broker of {self.source.name} is away: {code}.")
        self.is_connected = False

    def _came(self, _client: paho.Client, _user: object, message: paho.MQTTMessage) -> None:
        """Hand a message over; where too many are on their way, the broker has to wait."""
        self._room.acquire()
        if self._loop is None or self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._begin, message)

    # -- in the loop ----------------------------------------------------------------------------------

    def _tell(self, sentence: str) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told, sentence)

    def _begin(self, message: paho.MQTTMessage) -> None:
        task = asyncio.create_task(self._keep(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, message: paho.MQTTMessage) -> None:
        """Acknowledge a message when it is durable, or when it can never be understood."""
        try:
            await self._surely_taken(message.topic, bytes(message.payload))
            self._client.ack(message.mid, message.qos)
        finally:
            self._release()

    async def _surely_taken(self, topic: str, payload: bytes) -> None:
        try:
            read = self._read(self.source.network, payload, topic.rpartition("/")[2])
        except MessageRefused as error:
            self.figures.refused += 1
            self._told(f"{topic:.120} of {self.source.name} could not be read: {error.detail}")
            return
        while read is not None:
            try:
                await self._take(f"lorawan/{self.source.name}", read)
            except StoreUnavailable:
                # Not acknowledged, so the broker has it; it is tried again until the disk takes it.
                await asyncio.sleep(_RETRY_S)
            except DevicesError as error:
                self._told(f"{topic:.120} of {self.source.name}: {error.detail}")
                return
            else:
                self.figures.arrived += 1
                return
