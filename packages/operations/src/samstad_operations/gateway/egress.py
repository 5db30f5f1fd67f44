"""Where webhooks may go: to public addresses, and to private networks that the administrator has opened."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

__all__ = ["Egress", "EgressDenied", "OpenResolver"]

_NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "ff00::/8",
    )
)
"""This network, link-local with the metadata of clouds, multicast, reserved."""
_METADATA = ip_network("fd00:ec2::254/128")


class EgressDenied(OSError):
    """An address may not be reached."""


class Egress:
    """Judges addresses.

    Args:
        networks: loopback and private networks (CIDR) that are open; raises ValueError for anything else.
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self._open = tuple(ip_network(text) for text in networks)

    def permits(self, text: str) -> bool:
        """Whether an address may be reached; one of IPv4 inside of one of IPv6 is judged as itself."""
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or address.sixtofour or address
        if address in _METADATA or any(address in network for network in _NEVER):
            return False
        return address.is_global or any(address in network for network in self._open)

    def check(self, host: str, addresses: Sequence[str]) -> list[str]:
        """Return the addresses that may be reached; raises EgressDenied where there is none."""
        allowed = [text for text in addresses if self.permits(text)]
        if not allowed:
            raise EgressDenied(
                f"{host} is at {', '.join(addresses[:3]) or 'no address'}, which webhooks may not reach; "
                "operations.allow_networks opens private networks."
            )
        return allowed


class OpenResolver(AbstractResolver):
    """Resolves names to those addresses alone that may be reached, so that what was judged is what is called.

    Args:
        egress: judges.
    """

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host; raises EgressDenied, or OSError where it has none."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        families = {str(where[0]): kind for kind, _, _, _, where in found}
        return [
            _result(host, port, text, families[text]) for text in self._egress.check(host, list(families))
        ]

    async def close(self) -> None:
        """Close nothing."""


def _result(host: str, port: int, address: str, family: Any) -> ResolveResult:
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )
