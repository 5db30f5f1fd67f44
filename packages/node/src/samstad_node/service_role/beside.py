"""The way from a service to the broker of its node: found anew when the broker was started anew."""

from __future__ import annotations

from collections.abc import Mapping

from samstad_ngsild.client import Answer, Ask, Credentials, HttpSettings, HttpTransport, Unreachable
from samstad_node.neighbours import Neighbours

__all__ = ["ActingTransport", "BesideBroker"]


class BesideBroker:
    """A transport to the broker role of the same node.

    Args:
        neighbours: tells where the broker listens.
        host: the address of the node.
        settings: how patient it is.
    """

    def __init__(self, neighbours: Neighbours, host: str, *, settings: HttpSettings | None = None) -> None:
        self._neighbours = neighbours
        self._host = "127.0.0.1" if host in _EVERYWHERE else host
        self._settings = settings
        self._port: int | None = None
        self._transport: HttpTransport | None = None

    async def send(self, ask: Ask) -> Answer:
        """Return the broker's answer; raises Unreachable while it does not run."""
        port = self._neighbours.port("broker", "http")
        if port is None:
            raise Unreachable("The broker of this node is not ready; the supervisor starts it.")
        if port != self._port or self._transport is None:
            await self.close()
            host = f"[{self._host}]" if ":" in self._host else self._host
            self._transport = HttpTransport(f"http://{host}:{port}", settings=self._settings)
            self._port = port
        return await self._transport.send(ask)

    async def close(self) -> None:
        """End the connections."""
        if self._transport is not None:
            await self._transport.close()
            self._transport = None


_EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared, not bound


class ActingTransport:
    """Another's transport with credentials of its own; closing it leaves the other open."""

    def __init__(self, transport: BesideBroker | HttpTransport, credentials: Credentials) -> None:
        self._transport = transport
        self._credentials = credentials

    async def send(self, ask: Ask) -> Answer:
        """Return the answer to a request that carries the credentials."""
        headers: Mapping[str, str] = {**ask.headers, **self._credentials()}
        return await self._transport.send(Ask(ask.method, ask.path, ask.query, headers, ask.body))

    async def close(self) -> None:
        """Leave the connections to whom they belong."""
