"""One client's socket: who it is, what it may publish, and when it is told that a message is kept."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Protocol, cast

from samstad_devices.domain.errors import DevicesError, MessageRefused
from samstad_devices.domain.messages import Message
from samstad_devices.gateway.mqtt import writing
from samstad_devices.gateway.mqtt.messages import message_of
from samstad_devices.gateway.mqtt.packets import (
    Connect,
    Disconnect,
    Packet,
    Ping,
    Puback,
    Publish,
    Subscribe,
    Unsubscribe,
)
from samstad_devices.gateway.mqtt.reasons import MqttRefused, Reason
from samstad_devices.gateway.mqtt.session import RECEIVE_MOST, Session
from samstad_devices.gateway.mqtt.topics import Topics
from samstad_devices.spi.credentials import CredentialRefused
from samstad_devices.spi.frame_store import StoreUnavailable

__all__ = ["Connection", "House"]

_SECOND_US = 1_000_000
_CONNECT_WITHIN_US = 10 * _SECOND_US
_WRITTEN_WITHIN_US = 30 * _SECOND_US
_CLEARLY_GONE = 4


class House(Protocol):
    """What a connection needs of the endpoint that it belongs to."""

    packet_most: int
    now_us: Callable[[], int]
    offer: Callable[[Message], asyncio.Future[bool]]

    def joined(self, connection: Connection) -> None:
        """Take note of a new connection."""
        ...

    def left(self, connection: Connection) -> None:
        """Take note of the end of one."""
        ...

    async def judge(self, packet: Connect) -> str:
        """Return which device a client is; raises CredentialRefused."""
        ...

    def took(self, connection: Connection, *, is_clean: bool) -> bool:
        """Make a connection its device's only one; return whether the device listens from before."""
        ...

    def listens(self, connection: Connection) -> None:
        """Take note that commands can be sent."""
        ...

    def delivered(self, connection: Connection, reference: str, *, is_refused: bool) -> None:
        """Take note that a command arrived."""
        ...

    def refused(self, connection: Connection, reason: Reason, detail: str) -> None:
        """Take note of why a connection ends."""
        ...


def _passed_over(durable: asyncio.Future[bool]) -> None:
    """Look at an outcome that nobody waits for any more."""
    if not durable.cancelled():
        durable.exception()


class Connection(asyncio.Protocol):
    """A connection; ``device`` is empty until its client has proved to be one."""

    __slots__ = (
        "_connect",
        "_endpoint",
        "_heard_us",
        "_held",
        "_judging",
        "_kept",
        "_stuck_us",
        "_topics",
        "_transport",
        "_will",
        "device",
        "is_listening",
        "session",
    )

    def __init__(self, endpoint: House) -> None:
        self.device = ""
        self.is_listening = False
        self.session = Session(endpoint.packet_most)
        self._endpoint = endpoint
        self._transport: asyncio.Transport | None = None
        self._connect: Connect | None = None
        self._will: Publish | None = None
        self._topics: Topics | None = None
        self._judging: asyncio.Task[None] | None = None
        self._held: list[Packet] = []
        self._kept: deque[tuple[int, asyncio.Future[bool]]] = deque()
        self._heard_us = endpoint.now_us()
        self._stuck_us = 0

    # -- the socket ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        found = transport.get_extra_info("socket")
        if found is not None and found.family in {socket.AF_INET, socket.AF_INET6}:
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._endpoint.joined(self)

    def data_received(self, data: bytes) -> None:
        """Take what came; whatever is wrong with it ends this connection and no other."""
        self._heard_us = self._endpoint.now_us()
        self._guarded(lambda: self._take_all(self.session.received(bytes(data))))

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except MqttRefused as error:
            self.close(error.reason, error.detail)
        except StoreUnavailable as error:
            # Nothing is acknowledged: the device keeps the message and sends it again.
            self.close(Reason.SERVER_BUSY, error.detail)

    def connection_lost(self, error: Exception | None) -> None:
        """Publish the will of a client that went without a word."""
        del error
        self._transport = None
        if self._judging is not None:
            self._judging.cancel()
        will, self._will = self._will, None
        if will is not None and self.device:
            self._guarded(lambda: self._publish(will))
        self._endpoint.left(self)

    def pause_writing(self) -> None:
        """Read nothing while the client does not take what it is told."""
        self._stuck_us = self._endpoint.now_us()
        self._reconsider_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._stuck_us = 0
        self._reconsider_reading()

    def _reconsider_reading(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._stuck_us or self._judging is not None or len(self._kept) >= RECEIVE_MOST:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def close(self, reason: Reason, detail: str) -> None:
        """Say why, as far as the client's MQTT has words for it, and end the connection."""
        if self._transport is None or self._transport.is_closing():
            return
        self._endpoint.refused(self, reason, detail)
        self._write(self.session.refused(reason, is_open=bool(self.device)))
        self._transport.close()

    def _write(self, told: bytes) -> None:
        if told and self._transport is not None and not self._transport.is_closing():
            self._transport.write(told)

    def look(self, now_us: int) -> None:
        """End what has been silent for longer than agreed, or takes nothing."""
        if self._stuck_us and now_us - self._stuck_us > _WRITTEN_WITHIN_US and self._transport is not None:
            self._transport.abort()
        silent_us = now_us - self._heard_us
        if not self.device:
            if silent_us > _CONNECT_WITHIN_US and self._judging is None:
                self.close(Reason.KEEP_ALIVE_TIMEOUT, "No CONNECT came.")
            return
        allowed_us = self._connect.keep_alive_s * _SECOND_US * 3 // 2 if self._connect else 0
        if allowed_us and silent_us > allowed_us and not self._kept:
            self.close(Reason.KEEP_ALIVE_TIMEOUT, "Nothing came for one and a half keep-alive times.")

    # -- packets ------------------------------------------------------------------------------------

    def _take_all(self, packets: list[Packet]) -> None:
        for packet in packets:
            if self._judging is not None:
                self._held.append(packet)
            elif self._transport is None or self._transport.is_closing():
                return
            else:
                self._HANDLERS[type(packet)](self, packet)

    def _connected(self, packet: Connect) -> None:
        if packet.version == 4 and not packet.client_id and not packet.is_clean:
            raise MqttRefused(Reason.CLIENT_ID_INVALID, "A client without an id begins clean.")
        self._connect = packet
        self._judging = asyncio.create_task(self._judge(packet))
        self._reconsider_reading()

    async def _judge(self, packet: Connect) -> None:
        """Find out who the client is, let it in, and take what it sent meanwhile."""
        try:
            device = await self._endpoint.judge(packet)
        except CredentialRefused as error:
            self.close(Reason.BAD_CREDENTIALS, error.detail)
            return
        except DevicesError as error:
            self.close(Reason.SERVER_UNAVAILABLE, error.detail)
            return
        finally:
            self._judging = None
        self._guarded(lambda: self._let_in(device, packet))
        held, self._held = self._held, []
        self._guarded(lambda: self._take_all(held))
        self._reconsider_reading()

    def _let_in(self, device: str, packet: Connect) -> None:
        self._topics = Topics(device)
        if packet.will is not None:
            will = Publish(packet.will.topic, packet.will.payload, 0, 0, False, {})  # noqa: FBT003 - a field
            if self._topics.purpose(will.topic) is None:
                raise MqttRefused(Reason.NOT_AUTHORIZED, f"{will.topic!r:.80} is no topic of the device.")
            self._will = will
        self.device = device
        is_present = self._endpoint.took(self, is_clean=packet.is_clean)
        given = "" if packet.client_id else device
        self._write(self.session.accepted(is_present=is_present, client_id=given))
        if is_present:
            self._listen()

    def _publish(self, packet: Publish) -> None:
        if packet.qos > 1:
            raise MqttRefused(Reason.QOS_NOT_SUPPORTED, "QoS is 0 or 1 here.")
        if packet.properties and "topic_alias" in packet.properties:
            raise MqttRefused(Reason.TOPIC_ALIAS_INVALID, "There are no topic aliases here.")
        purpose = self._topics.purpose(packet.topic) if self._topics else None
        if purpose is None:
            detail = f"{packet.topic!r:.80} is no topic of the device: publish under d/me/up."
            raise MqttRefused(Reason.NOT_AUTHORIZED, detail)
        try:
            message = message_of(self.device, purpose, packet.payload)
        except MessageRefused as error:
            raise MqttRefused(Reason.ADMINISTRATIVE, error.detail) from None
        durable = self._endpoint.offer(message)
        self._kept.append((packet.packet_id, durable))
        durable.add_done_callback(self._settled)
        if len(self._kept) >= RECEIVE_MOST:
            self._reconsider_reading()

    def _settled(self, settled: asyncio.Future[bool]) -> None:
        """Acknowledge what is durable, in the order in which it came (4.6); many at once in one write."""
        del settled  # the oldest decides, whichever this is
        kept, told = self._kept, list[bytes]()
        was_full = len(kept) >= RECEIVE_MOST
        while kept and kept[0][1].done():
            packet_id, durable = kept.popleft()
            if durable.cancelled() or durable.exception() is not None:
                self._write(b"".join(told))
                self.close(Reason.SERVER_BUSY, "A message could not be kept.")
                for _, other in kept:
                    other.add_done_callback(_passed_over)
                kept.clear()
                return
            if packet_id:
                told.append(writing.puback(packet_id, version=self.session.version))
        if told:
            self._write(b"".join(told))
        if was_full and len(kept) < RECEIVE_MOST:
            self._reconsider_reading()

    def _subscribed(self, packet: Subscribe) -> None:
        granted = [self._granted(one.filter, one.qos) for one in packet.subscriptions]
        self._write(writing.suback(packet.packet_id, granted, version=self.session.version))
        if any(code < Reason.UNSPECIFIED for code in granted):
            self._listen()

    def _granted(self, wanted: str, qos: int) -> int:
        if self._topics is not None and self._topics.is_down(wanted):
            return min(1, qos)
        return Reason.NOT_AUTHORIZED if self.session.version == 5 else Reason.UNSPECIFIED

    def _listen(self) -> None:
        self.is_listening = True
        self._endpoint.listens(self)

    def _unsubscribed(self, packet: Unsubscribe) -> None:
        if self._topics is not None and any(map(self._topics.is_down, packet.filters)):
            self.is_listening = False
        told = writing.unsuback(packet.packet_id, len(packet.filters), version=self.session.version)
        self._write(told)

    def _acknowledged(self, packet: Puback) -> None:
        carried = self.session.down.pop(packet.packet_id, None)
        if carried is not None:
            self._endpoint.delivered(self, carried, is_refused=packet.code >= Reason.UNSPECIFIED)

    def _pinged(self, _: Ping) -> None:
        self._write(writing.PINGRESP)

    def _disconnected(self, packet: Disconnect) -> None:
        if packet.code != _CLEARLY_GONE:
            self._will = None
        if self._transport is not None:
            self._transport.close()

    # -- to the client ------------------------------------------------------------------------------

    def tell(self, payload: bytes, *, carries: str) -> bool:
        """Send a command; False where the client does not listen, or has enough to do."""
        if not self.is_listening or not self.session.may_be_told or self._stuck_us or self._transport is None:
            return False
        self._write(self.session.told("d/me/down", payload, carries=carries))
        return True

    _HANDLERS: ClassVar[dict[type[Packet], Callable[[Connection, Any], None]]] = {
        Connect: _connected,
        Publish: _publish,
        Puback: _acknowledged,
        Subscribe: _subscribed,
        Unsubscribe: _unsubscribed,
        Ping: _pinged,
        Disconnect: _disconnected,
    }
