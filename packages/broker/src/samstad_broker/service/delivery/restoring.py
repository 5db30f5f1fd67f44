"""Taking up delivery after a start: cursors, counters and open retries from the ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from samstad_broker.service.delivery.lane import ENTITY_RESYNC, FULL_RESYNC, Held, Lane
from samstad_broker.spi.store import DeliveryLedger, RetryEntry
from samstad_ngsild.entities.dates import parse_datetime

__all__ = ["restore"]


async def restore(ledger: DeliveryLedger, lanes: Mapping[tuple[str, str], Lane]) -> None:
    """Set lanes to where the ledger says they were.

    A subscription that the ledger does not know yet reads the log from its beginning: only rows that
    were matched with it concern it.
    """
    for progress in await ledger.progress():
        lane = lanes.get(progress[:2])
        if lane is not None:
            lane.restore(progress)
            throttling_us = lane.subscription.throttling_us
            if throttling_us and progress.last_notification is not None:
                lane.next_us = parse_datetime(progress.last_notification) + throttling_us
    for entry in await ledger.retries():
        lane = lanes.get(entry[:2])
        if lane is not None:
            _restore_retry(lane, entry)


def _restore_retry(lane: Lane, entry: RetryEntry) -> None:
    if entry.subject == FULL_RESYNC:
        lane.resync = entry.position
        return
    held = lane.held.get(entry.subject)
    if held is None:
        resync = entry.reason.startswith(ENTITY_RESYNC)
        held = Held(entry.subject, deque(), entry.attempts, entry.due_us, entry.reason, resync)
        lane.held[entry.subject] = held
    held.rows.append((entry.position, None))
    lane.held_rows += 1
