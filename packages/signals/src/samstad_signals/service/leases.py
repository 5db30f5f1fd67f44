"""Who controls which junction now. In memory: after a restart of the service everybody takes anew."""

from __future__ import annotations

from samstad_signals.domain.lease import Lease, LeaseRefused, require, take, take_over

__all__ = ["Leases"]


class Leases:
    """Leases by site id."""

    def __init__(self) -> None:
        self._held: dict[str, Lease] = {}

    def holder(self, site_id: str, *, now_us: int) -> Lease | None:
        """Return the lease that holds, None where the junction is free."""
        lease = self._held.get(site_id)
        return lease if lease is not None and lease.until_us > now_us else None

    def take(self, wanted: Lease, *, now_us: int) -> Lease:
        """Take or prolong; LeaseRefused where somebody else has it."""
        lease = take(self._held.get(wanted.junction), wanted, now_us=now_us)
        self._held[wanted.junction] = lease
        return lease

    def take_over(self, wanted: Lease, *, now_us: int) -> Lease | None:
        """Take from whoever has it, and return what was ended."""
        lease, ended = take_over(self._held.get(wanted.junction), wanted, now_us=now_us)
        self._held[wanted.junction] = lease
        return ended

    def release(self, site_id: str, *, operator: str, now_us: int) -> None:
        """Give a junction back; LeaseRefused where it is not one's own."""
        require(self._held.get(site_id), operator=operator, now_us=now_us)
        del self._held[site_id]

    def allows(self, site_id: str, *, operator: str, now_us: int) -> str:
        """Return why somebody may not act on a junction, "" where they may."""
        try:
            require(self._held.get(site_id), operator=operator, now_us=now_us)
        except LeaseRefused as refused:
            return str(refused)
        return ""
