"""Bounds and times of delivery, with what each is for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DeliverySettings"]

_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How delivery behaves; every queue and every wait has its bound here (invariant I5).

    Attributes:
        batch_entities: entities in one notification at most.
        batch_bytes: documents in one notification at most, in bytes (a single larger one goes alone).
        queue_rows: changes that one subscription holds in memory; more wait in the log.
        held_rows: changes of one subscription that may wait in the retry table; more stall it.
        endpoint_requests: notifications under way to one endpoint at the same time.
        timeout_us: for an answer, where the subscription gives none.
        most_timeout_us: the longest ``endpoint.timeout`` that is honoured.
        backoff_us, most_backoff_us: first and longest wait after a failure; doubled each time, with jitter.
        attempts: how often one change is tried before it is given up and replaced by the current state.
        most_age_us: a change older than this is given up.
        commit_us: how long progress may wait for its commit; what is lost in a crash is sent again.
        idle_us: how often the cursors of subscriptions without traffic are moved up.
        read_rows: rows read from the log in one slice.
    """

    batch_entities: int = 100
    batch_bytes: int = 512 * 1024
    queue_rows: int = 1_000
    held_rows: int = 1_000
    endpoint_requests: int = 8
    timeout_us: int = 10 * _SECOND_US
    most_timeout_us: int = 60 * _SECOND_US
    backoff_us: int = _SECOND_US
    most_backoff_us: int = 300 * _SECOND_US
    attempts: int = 10
    most_age_us: int = 7 * _DAY_US
    commit_us: int = _SECOND_US // 10
    idle_us: int = 30 * _SECOND_US
    read_rows: int = 500

    def backoff(self, failures: int, chance: float) -> int:
        """Return how long to wait after so many failures in a row; ``chance`` in [0, 1) is the jitter."""
        full = min(self.most_backoff_us, self.backoff_us * 2 ** min(failures - 1, 30))
        return int(full * (0.5 + chance / 2))
