"""Who controls which junction now; what is taken or given back is on the disk before it is told (I9)."""

from __future__ import annotations

import msgspec

from samstad_signals.domain.lease import Lease, LeaseRefused, require, take, take_over
from samstad_signals.spi.keeping import Keep, Keeping

__all__ = ["KIND", "Leases"]

KIND = "lease"


class Leases:
    """Leases by site id.

    Args:
        keeping: where they survive the role.
    """

    def __init__(self, keeping: Keeping) -> None:
        self._held: dict[str, Lease] = {}
        self._keeping = keeping

    async def load(self) -> None:
        """Take what was kept."""
        kept = await self._keeping.load(KIND)
        self._held = {site_id: msgspec.json.decode(body, type=Lease) for site_id, body in kept.items()}

    def holder(self, site_id: str, *, now_us: int) -> Lease | None:
        """Return the lease that holds, None where the junction is free."""
        lease = self._held.get(site_id)
        return lease if lease is not None and lease.until_us > now_us else None

    async def take(self, wanted: Lease, *, now_us: int) -> Lease:
        """Take or prolong; LeaseRefused where somebody else has it."""
        lease = take(self._held.get(wanted.junction), wanted, now_us=now_us)
        await self._hold(lease)
        return lease

    async def take_over(self, wanted: Lease, *, now_us: int) -> Lease | None:
        """Take from whoever has it, and return what was ended."""
        lease, ended = take_over(self._held.get(wanted.junction), wanted, now_us=now_us)
        await self._hold(lease)
        return ended

    async def release(self, site_id: str, *, operator: str, now_us: int) -> None:
        """Give a junction back; LeaseRefused where it is not one's own."""
        lease = require(self._held.get(site_id), operator=operator, now_us=now_us)
        del self._held[site_id]
        try:
            await self._keeping.save([Keep(KIND, site_id, None)])
        except BaseException:
            self._held.setdefault(site_id, lease)
            raise

    def allows(self, site_id: str, *, operator: str, now_us: int) -> str:
        """Return why somebody may not act on a junction, "" where they may."""
        try:
            require(self._held.get(site_id), operator=operator, now_us=now_us)
        except LeaseRefused as refused:
            return str(refused)
        return ""

    async def _hold(self, lease: Lease) -> None:
        """Hold a lease at once, so that nobody takes it meanwhile, and for good when it is on the disk."""
        before = self._held.get(lease.junction)
        self._held[lease.junction] = lease
        try:
            await self._keeping.save([Keep(KIND, lease.junction, msgspec.json.encode(lease))])
        except BaseException:
            if before is None:
                del self._held[lease.junction]
            else:
                self._held[lease.junction] = before
            raise
