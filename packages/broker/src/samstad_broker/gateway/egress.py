"""Where the node may connect to on behalf of subscribers: rules against request forgery (SSRF).

A subscriber names the endpoint, the node connects to it, from inside the owner's network. So an
address is resolved by us, judged, and then used for the connection itself: a name that answers
differently the second time (DNS rebinding) gains nothing. Redirects are never followed.

| address                                                    | may be reached                          |
|------------------------------------------------------------|-----------------------------------------|
| global                                                     | always                                  |
| loopback, private, shared (100.64/10), unique local        | where the allow-list names it           |
| unspecified, link-local (cloud metadata), multicast,       | never                                   |
| broadcast, reserved, metadata addresses, protocol ranges   |                                         |

IPv4 addresses inside IPv6 ones (mapped, NAT64, 6to4, Teredo) are judged as the IPv4 address they reach.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["EgressDenied", "EgressRules", "ResolutionFailed", "Resolve", "resolve_host"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port → addresses as text."""

_NEVER: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local: cloud metadata
        "192.0.0.0/24",  # protocol assignments: metadata of one cloud at 192.0.0.192
        "192.0.2.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",  # reserved and broadcast
        "100.100.100.200/32",  # metadata of one cloud, inside shared address space
        "168.63.129.16/32",  # metadata of one cloud, a global address
        "::/128",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
        "100::/64",
        "2001:db8::/32",
        "fd00:ec2::254/128",  # metadata of one cloud, inside unique local addresses
        "fd20:ce::254/128",
    )
)
_ON_REQUEST: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
    )
)
_NAT64 = ip_network("64:ff9b::/96")
_COMPATIBLE = ip_network("::/96")


class EgressDenied(Exception):
    """The address is one that the node does not connect to for others."""


class ResolutionFailed(Exception):
    """The name could not be resolved now; it may be later."""


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address really reaches, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _none_is_own(address: str, port: int) -> bool:
    del address, port
    return False


@dataclass(frozen=True, slots=True)
class EgressRules:
    """Which addresses may be reached.

    Attributes:
        allowed: loopback and private networks that are open, such as ``127.0.0.0/8``.
        own: whether a service of this node listens at an address and port, wherever that is.
    """

    allowed: tuple[Network, ...] = field(default=())
    own: Callable[[str, int], bool] = _none_is_own

    @classmethod
    def parse(cls, networks: Sequence[str]) -> EgressRules:
        """Read networks in CIDR notation; raises ValueError for anything else."""
        return cls(tuple(ip_network(text) for text in networks))

    def permits(self, address: Address) -> bool:
        """Whether an address may be reached."""
        inner = _inner(address)
        if any(inner in network for network in _NEVER):
            return False
        if any(inner in network for network in _ON_REQUEST):
            return any(inner in network for network in self.allowed)
        return inner.is_global

    async def addresses(self, host: str, port: int, *, resolve: Resolve) -> list[str]:
        """Return the addresses of a host that may be reached, in the resolver's order.

        Raises:
            ResolutionFailed: the name has no address now.
            EgressDenied: it has, but none that may be reached.
        """
        found = await resolve(host, port)
        if not found:
            raise ResolutionFailed(f"{host} has no address")
        allowed = [
            text for text in found if self.permits(ip_address(text.partition("%")[0])) or self.own(text, port)
        ]
        if not allowed:
            raise EgressDenied(
                f"{host} is at {found[0]}, which notifications may not reach; "
                "the administrator can open private networks by the setting for egress."
            )
        return allowed


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host as the system resolves it.

    Raises:
        ResolutionFailed: there is none, or no name server answers.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ResolutionFailed(f"{host}: {error}") from error
    return [str(sockaddr[0]) for _, _, _, _, sockaddr in found]
