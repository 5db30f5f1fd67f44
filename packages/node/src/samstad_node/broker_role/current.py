"""The present state as delivery asks for it (the CurrentEntities port)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from samstad_broker.domain.state.shard import State
from samstad_broker.domain.subscriptions.subscription import Subscription
from samstad_ngsild.document import EntityDocument

__all__ = ["StateEntities"]

_SLICE = 500


class StateEntities:
    """Current entities out of the broker's own state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def get(self, tenant: str, entity_id: str) -> EntityDocument | None:
        """Return a current entity, or None."""
        record = self._state.dataset(tenant).get(entity_id) if self._state.knows(tenant) else None
        return None if record is None else record.parsed()

    async def matching(
        self, tenant: str, subscription: Subscription
    ) -> AsyncIterator[Sequence[EntityDocument]]:
        """Yield, in slices, the entities that the subscription selects and its condition holds for."""
        if not self._state.knows(tenant):
            return
        records = self._state.dataset(tenant).records
        condition = subscription.condition
        last = 0
        while batch := records.after(last, _SLICE):
            last = batch[-1].sequence
            chosen = (r.parsed() for r in batch if subscription.selects(r.id, r.types))
            found = [document for document in chosen if condition is None or condition(document)]
            if found:
                yield found
            await asyncio.sleep(0)
