"""Notifications over MQTT (clause 7.2): one message ``{"metadata": …, "body": …}`` for each.

A session for each broker, account and version is kept open and shared; one that breaks is opened again
by the next notification.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import aiomqtt
import orjson

from samstad_broker.gateway.egress import EgressDenied, EgressRules, ResolutionFailed, Resolve, resolve_host
from samstad_broker.spi.notifier import Notice, Outcome, Result

__all__ = ["MqttNotifier", "mqtt_message"]

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEPT_SESSIONS = 200
_LONGEST_REASON = 300
_VERSIONS = {"mqtt5.0": "V5", "mqtt3.1.1": "V311"}


@dataclass(frozen=True, slots=True)
class _Broker:
    """What one session is opened with."""

    secure: bool
    host: str
    port: int
    username: str | None
    password: str | None
    version: str


class _Session:
    """An open session, or one that is being opened."""

    __slots__ = ("client", "lock")

    def __init__(self) -> None:
        self.client: aiomqtt.Client | None = None
        self.lock = asyncio.Lock()


class _NamedTls(ssl.SSLContext):
    """TLS to an address that was judged, checked against the name that the endpoint gives."""

    name: str = ""

    def wrap_socket(self, sock: Any, *args: Any, **options: Any) -> ssl.SSLSocket:
        """Wrap a socket, asking for the certificate of the endpoint's name."""
        return super().wrap_socket(sock, *args, **{**options, "server_hostname": self.name})


class MqttNotifier:
    """Sends notifications to MQTT brokers.

    Args:
        rules: where connections may go.
        resolve: how names are resolved.
        authorities: a PEM file of trusted authorities for mqtts; by default the system's.
    """

    def __init__(
        self, rules: EgressRules, *, resolve: Resolve = resolve_host, authorities: str | None = None
    ) -> None:
        self._rules = rules
        self._resolve = resolve
        self._authorities = authorities
        self._sessions: dict[_Broker, _Session] = {}

    async def send(self, notice: Notice) -> Outcome:
        """Try once; with QoS 1 and 2 the MQTT broker has taken the message when this is delivered."""
        timeout_s = notice.timeout_us / 1_000_000
        try:
            broker, topic, qos = _target(notice)
        except ValueError as error:
            return Outcome(Result.REFUSED, f"the uri cannot be reached: {error}"[:_LONGEST_REASON])
        session = self._session(broker)
        try:
            async with asyncio.timeout(timeout_s):
                client = session.client or await self._open(session, broker, timeout_s)
                await client.publish(topic, mqtt_message(notice), qos=qos, timeout=timeout_s)
        except EgressDenied as error:
            return Outcome(Result.REFUSED, str(error))
        except TimeoutError:
            await self._drop(session)
            return Outcome(Result.UNREACHABLE, f"no answer within {timeout_s:g} s")
        except (aiomqtt.MqttError, ResolutionFailed, OSError, ValueError) as error:
            await self._drop(session)
            return Outcome(Result.UNREACHABLE, f"{type(error).__name__}: {error}"[:_LONGEST_REASON])
        return Outcome(Result.DELIVERED)

    def _session(self, broker: _Broker) -> _Session:
        session = self._sessions.get(broker)
        if session is None:
            if len(self._sessions) >= _KEPT_SESSIONS:
                self._sessions = {
                    key: kept for key, kept in self._sessions.items() if kept.client is not None
                }
            session = self._sessions[broker] = _Session()
        return session

    async def _open(self, session: _Session, broker: _Broker, timeout_s: float) -> aiomqtt.Client:
        async with session.lock:
            if session.client is not None:
                return session.client
            addresses = await self._rules.addresses(broker.host, broker.port, resolve=self._resolve)
            client = aiomqtt.Client(
                addresses[0],
                broker.port,
                username=broker.username,
                password=broker.password,
                protocol=aiomqtt.ProtocolVersion[broker.version],
                timeout=timeout_s,
                tls_context=self._tls(broker.host) if broker.secure else None,
            )
            await client.__aenter__()
            session.client = client
            return client

    def _tls(self, name: str) -> ssl.SSLContext:
        context = _NamedTls(ssl.PROTOCOL_TLS_CLIENT)
        context.name = name
        if self._authorities is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(self._authorities)
        return context

    async def _drop(self, session: _Session) -> None:
        """Give a session up; the next notification opens another."""
        client, session.client = session.client, None
        if client is not None:
            await _leave(client)

    async def close(self) -> None:
        """End all sessions."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await self._drop(session)


async def _leave(client: aiomqtt.Client) -> None:
    try:
        async with asyncio.timeout(1):
            await client.__aexit__(None, None, None)
    except (aiomqtt.MqttError, TimeoutError, OSError):
        pass  # it is gone already: that is what was wanted


def _target(notice: Notice) -> tuple[_Broker, str, int]:
    """Return the MQTT broker, topic and quality of service of a notice.

    Raises:
        ValueError: the uri is none.
    """
    split = urlsplit(notice.uri)
    if split.scheme not in _PORTS or not split.hostname:
        raise ValueError(f"{notice.uri} is no MQTT address")
    parameters = dict(notice.parameters)
    broker = _Broker(
        secure=split.scheme == "mqtts",
        host=split.hostname,
        port=split.port or _PORTS[split.scheme],
        username=None if split.username is None else unquote(split.username),
        password=None if split.password is None else unquote(split.password),
        version=_VERSIONS[parameters.get("MQTT-Version", "mqtt5.0")],
    )
    return broker, unquote(split.path.removeprefix("/")), int(parameters.get("MQTT-QoS", "0"))


def mqtt_message(notice: Notice) -> bytes:
    """Return the message of a notification: what HTTP carries in headers is its metadata (Table 7.2-2)."""
    metadata: dict[str, str] = dict(notice.headers)
    metadata["Content-Type"] = notice.content_type
    if notice.link is not None:
        metadata["Link"] = notice.link
    return b'{"metadata":' + orjson.dumps(metadata) + b',"body":' + notice.body + b"}"
