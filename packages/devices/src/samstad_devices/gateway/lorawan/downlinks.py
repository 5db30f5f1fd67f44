"""Downlinks by the HTTP interfaces of network servers, which queue them for the device's next uplink.

What may have been taken counts as sent, so that no command reaches an actuator twice; its end tells (I9).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import aiohttp
import orjson

from samstad_devices.spi.routes import Downlink, RouteAway, RouteRefused

__all__ = ["SERVERS", "LorawanRoute", "Server", "read_server"]

_WITHIN = aiohttp.ClientTimeout(total=10)
_MOST_ANSWER = 65_536
_TELLS_REASON = 300
_NOT_NOW = 503


class Request(NamedTuple):
    """What is posted, and how its answer names the downlink."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    reference: Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Server:
    """A network server that takes downlinks.

    Attributes:
        connection: whose devices it has.
        network: ``chirpstack`` or ``the-things-stack``.
        url: where its interface begins.
        token: never shown.
    """

    connection: str
    network: str
    url: str
    token: str = field(repr=False)


def _chirpstack(server: Server, downlink: Downlink) -> Request:
    item = {
        "confirmed": downlink.is_acknowledged,
        "data": base64.b64encode(downlink.payload).decode(),
        "fPort": downlink.port,
    }
    return Request(
        path=f"/api/devices/{_eui(downlink).lower()}/queue",
        headers={"Grpc-Metadata-Authorization": f"Bearer {server.token}"},
        body={"queueItem": item},
        reference=lambda answer: str(answer.get("id", "")),
    )


def _the_things_stack(server: Server, downlink: Downlink) -> Request:
    reference = f"samstad:{downlink.reference}"
    item = {
        "f_port": downlink.port,
        "frm_payload": base64.b64encode(downlink.payload).decode(),
        "confirmed": downlink.is_acknowledged,
        "priority": "NORMAL",
        "correlation_ids": [reference],
    }
    own = _one(downlink, "networkDeviceId") or f"eui-{_eui(downlink).lower()}"
    return Request(
        path=f"/devices/{quote(own, safe='')}/down/push",
        headers={"Authorization": f"Bearer {server.token}"},
        body={"downlinks": [item]},
        reference=lambda _: reference,
    )


SERVERS: dict[str, Callable[[Server, Downlink], Request]] = {
    "chirpstack": _chirpstack,
    "the-things-stack": _the_things_stack,
}
"""Network server → what is asked of it."""


def _one(downlink: Downlink, kind: str) -> str:
    return next((one.text for one in sorted(downlink.identifiers) if one.kind == kind), "")


def _eui(downlink: Downlink) -> str:
    found = _one(downlink, "devEUI")
    if not found:
        raise RouteRefused(f"{downlink.device_id} has no DevEUI.")
    return found


def read_server(text: str) -> Server:
    """Return a network server from a setting: ``CONNECTION NETWORK URL TOKEN-FILE``.

    Raises:
        ValueError: it is none, or its token cannot be read.
    """
    words = text.split()
    if len(words) != 4:
        raise ValueError("write CONNECTION NETWORK URL TOKEN-FILE")
    connection, network, url, file = words
    if network not in SERVERS:
        raise ValueError(f"{network} takes no downlinks here; {' and '.join(SERVERS)} do")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError(f"{parts.hostname or url} is no http:// or https:// address without an account")
    try:
        token = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the token file {file} cannot be read: {error}") from None
    if not token.isascii() or not token.isprintable() or not token:
        raise ValueError(f"the token in {file} is none")
    return Server(connection, network, url.rstrip("/"), token)


class LorawanRoute:
    """Fills the Route port.

    Args:
        servers: by the connections that they have.
    """

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = {f"lorawan/{one.connection}": one for one in servers}
        self._session: aiohttp.ClientSession | None = None

    def is_open(self, device_id: str, way: str) -> bool:
        """Tell whether a device was heard by a connection whose network server takes downlinks."""
        del device_id
        return way in self._servers

    async def send(self, downlink: Downlink) -> str:
        """Queue at the network server; it answers before anything goes over the air."""
        server = self._servers[downlink.way]
        asked = SERVERS[server.network](server, downlink)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_WITHIN)
        try:
            async with self._session.post(
                server.url + asked.path,
                data=orjson.dumps(asked.body),
                headers={"Content-Type": "application/json", **asked.headers},
                allow_redirects=False,
            ) as answer:
                body = await answer.content.read(_MOST_ANSWER)
                _judge(answer.status, body, server)
        except aiohttp.ClientConnectorError as error:
            raise RouteAway(f"{server.connection} cannot be reached: {error.strerror}.") from None
        except (aiohttp.ClientError, TimeoutError):
            return asked.reference({})
        return asked.reference(_object(body))

    async def close(self) -> None:
        """End connections that are kept open."""
        if self._session is not None:
            await self._session.close()


def _judge(status: int, body: bytes, server: Server) -> None:
    if 200 <= status < 300 or (status >= 500 and status != _NOT_NOW):
        return
    told = body.decode(errors="replace")[:_TELLS_REASON]
    if status in {429, _NOT_NOW}:
        raise RouteAway(f"{server.connection} answered {status}: {told}")
    raise RouteRefused(f"{server.connection} answered {status}: {told}")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
