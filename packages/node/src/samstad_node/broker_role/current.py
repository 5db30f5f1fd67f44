"""The present state as delivery asks for it (the CurrentEntities port)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from samstad_broker.domain.state.shard import State
from samstad_broker.domain.subscriptions.subscription import Subscription
from samstad_broker.service.expiry import valid_record
from samstad_ngsild.document import EntityDocument

__all__ = ["StateEntities"]

_SLICE = 500


class StateEntities:
    """Current entities out of the broker's own state."""

    def __init__(self, state: State, now_us: Callable[[], int]) -> None:
        self._state = state
        self._now_us = now_us

    def get(self, tenant: str, entity_id: str) -> EntityDocument | None:
        """Return a current entity, or None."""
        if not self._state.knows(tenant):
            return None
        dataset = self._state.dataset(tenant)
        record = dataset.get(entity_id)
        valid = None if record is None else valid_record(dataset, record, self._now_us())
        return None if valid is None else valid.parsed()

    async def matching(
        self, tenant: str, subscription: Subscription
    ) -> AsyncIterator[Sequence[EntityDocument]]:
        """Yield, in slices, the entities that the subscription selects and its condition holds for."""
        if not self._state.knows(tenant):
            return
        dataset = self._state.dataset(tenant)
        condition = subscription.condition
        last = 0
        while batch := dataset.records.after(last, _SLICE):
            last = batch[-1].sequence
            now_us = self._now_us()
            selected = (
                valid_record(dataset, record, now_us)
                for record in batch
                if subscription.selects(record.id, record.types)
            )
            chosen = (record.parsed() for record in selected if record is not None)
            found = [document for document in chosen if condition is None or condition(document)]
            if found:
                yield found
            await asyncio.sleep(0)
