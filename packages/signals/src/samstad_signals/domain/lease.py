"""One operator per junction at a time: a lease that ends by itself. Times are µs since 1970 UTC."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LONGEST_S", "Lease", "LeaseRefused", "require", "take", "take_over"]

SECOND_US = 1_000_000
LONGEST_S = 8 * 3600
"""A shift; nobody keeps a junction by forgetting it."""


class LeaseRefused(Exception):
    """Somebody else has the junction, or what was asked for is no lease; the sentence says which."""


class Lease(NamedTuple):
    """Who controls a junction, why, and until when."""

    junction: str
    operator: str
    reason: str
    until_us: int


def take(lease: Lease | None, wanted: Lease, *, now_us: int) -> Lease:
    """Return the lease that holds: taken where the junction is free, prolonged where it is one's own.

    Raises:
        LeaseRefused: somebody else has it, the reason is empty, or the time is over or too long.
    """
    _check(wanted, now_us)
    if lease is not None and lease.until_us > now_us and lease.operator != wanted.operator:
        left_s = (lease.until_us - now_us) // SECOND_US
        raise LeaseRefused(
            f"{lease.operator} controls {lease.junction} for another {left_s} s ({lease.reason}): "
            "ask them to release it, or take it over with a reason"
        )
    return wanted


def take_over(lease: Lease | None, wanted: Lease, *, now_us: int) -> tuple[Lease, Lease | None]:
    """Return the lease for another operator, and the one that it ends, who is to be told.

    Whether somebody may take over is a right that is asked before.

    Raises:
        LeaseRefused: as ``take``, but not because somebody has it.
    """
    _check(wanted, now_us)
    ended = lease if lease and lease.until_us > now_us and lease.operator != wanted.operator else None
    return wanted, ended


def require(lease: Lease | None, *, operator: str, now_us: int) -> Lease:
    """Return the lease of an operator who is about to act.

    Raises:
        LeaseRefused: they have none (any more).
    """
    if lease is None or lease.until_us <= now_us:
        raise LeaseRefused(f"{operator} does not control this junction (any more): take it first")
    if lease.operator != operator:
        raise LeaseRefused(f"{lease.operator} controls {lease.junction}, not {operator}")
    return lease


def _check(wanted: Lease, now_us: int) -> None:
    if not wanted.reason.strip():
        raise LeaseRefused("a junction is taken for a reason: say which")
    if not 0 < wanted.until_us - now_us <= LONGEST_S * SECOND_US:
        raise LeaseRefused(f"a junction is taken for more than 0 and at most {LONGEST_S} s")
