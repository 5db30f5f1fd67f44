"""Which clients are registered: in memory, since each registers anew when it is told that it is not known."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from samstad_devices.domain.lwm2m.registration import Offer
from samstad_devices.gateway.coap.socket import Peer

__all__ = ["AWAKE_US", "Client", "Clients"]

AWAKE_US = 93_000_000
"""So long a client in queue mode hears after it has spoken (MAX_TRANSMIT_WAIT, Core clause 6.5)."""


@dataclass(slots=True)
class Client:
    """A registered client.

    Attributes:
        id: of the registration, not to be guessed.
        device_id: of the Device entity.
        peer: where it is now.
        expires_us: without an update until then it is gone.
        heard_us: when it spoke last.
    """

    id: str
    device_id: str
    offer: Offer
    peer: Peer
    expires_us: int
    heard_us: int

    def is_awake(self, now_us: int) -> bool:
        """Tell whether it hears now."""
        return not self.offer.sleeps or now_us < self.heard_us + AWAKE_US


class Clients:
    """Registered clients.

    Args:
        now_us: the clock.
        most: at once.
        on_end: told of each that is gone, or is about to offer something else.
    """

    def __init__(
        self,
        *,
        now_us: Callable[[], int],
        most: int = 20_000,
        on_end: Callable[[Client], None] = lambda _: None,
    ) -> None:
        self._now_us = now_us
        self._most = most
        self._by_id: dict[str, Client] = {}
        self._by_device: dict[str, Client] = {}
        self.on_end = on_end
        self.expired = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def is_full(self) -> bool:
        """Tell whether no more can register."""
        return len(self._by_id) >= self._most

    def add(self, device_id: str, offer: Offer, peer: Peer) -> Client:
        """Register a client; one that its device had before is replaced (clause 6.2.1)."""
        before = self._by_device.get(device_id)
        if before is not None:
            self.remove(before)
        now_us = self._now_us()
        expires_us = now_us + offer.lifetime_s * 1_000_000
        client = Client(secrets.token_hex(8), device_id, offer, peer, expires_us, now_us)
        self._by_id[client.id] = self._by_device[device_id] = client
        return client

    def find(self, registration: str) -> Client | None:
        """Return a client by its registration, unless it is over."""
        client = self._by_id.get(registration)
        return client if client is not None and client.expires_us > self._now_us() else None

    def of(self, device_id: str) -> Client | None:
        """Return the client of a device, unless its registration is over."""
        client = self._by_device.get(device_id)
        return client if client is not None and client.expires_us > self._now_us() else None

    def remove(self, client: Client) -> None:
        """Forget a client."""
        if self._by_id.pop(client.id, None) is not None:
            if self._by_device.get(client.device_id) is client:
                del self._by_device[client.device_id]
            self.on_end(client)

    def end(self, device_id: str) -> None:
        """Forget the client of a device whose keys have ended."""
        client = self._by_device.get(device_id)
        if client is not None:
            self.remove(client)

    def expire(self) -> int:
        """Forget clients whose time is over, and return how many."""
        now_us = self._now_us()
        over = [client for client in self._by_id.values() if client.expires_us <= now_us]
        for client in over:
            self.remove(client)
        self.expired += len(over)
        return len(over)
