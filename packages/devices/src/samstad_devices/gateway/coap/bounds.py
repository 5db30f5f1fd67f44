"""What one endpoint takes at most: from whom, how much, how often (I5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address

from samstad_devices.domain.allowance import Allowance

__all__ = ["CoapBounds", "Door"]

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class CoapBounds:
    """Limits of an endpoint.

    Attributes:
        networks: from where datagrams are read; others are dropped unanswered, so that nobody is sent what
            he did not ask for.
        datagram_bytes: of one datagram.
        payload_bytes: of a message that comes in blocks (RFC 7959).
        assemblies: messages that may be on their way in blocks at once.
        per_second: datagrams of one address; four times as many at once.
        remembered: exchanges whose answers are kept for repetitions; beyond that, datagrams are dropped.
    """

    networks: Sequence[Network]
    datagram_bytes: int = 2_048
    payload_bytes: int = 65_536
    assemblies: int = 256
    per_second: float = 50.0
    remembered: int = 50_000


@dataclass(slots=True)
class Door:
    """Lets datagrams in, or drops them and counts why.

    Attributes:
        dropped: datagrams by reason: ``network``, ``size``, ``rate``, ``crowded``.
    """

    bounds: CoapBounds
    now_us: Callable[[], int]
    dropped: Counter[str] = field(default_factory=Counter)
    _allowance: Allowance = field(init=False)

    def __post_init__(self) -> None:
        self._allowance = Allowance(per_second=self.bounds.per_second, burst=4 * self.bounds.per_second)

    def admits(self, host: str, size: int) -> bool:
        """Tell whether a datagram may be read."""
        reason = self._reason(host, size)
        if reason:
            self.dropped[reason] += 1
        return not reason

    def _reason(self, host: str, size: int) -> str:
        address = ip_address(host.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        if not any((mapped or address) in network for network in self.bounds.networks):
            return "network"
        if size > self.bounds.datagram_bytes:
            return "size"
        return "" if self._allowance.take(host, self.now_us()) else "rate"
