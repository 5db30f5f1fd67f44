"""The CurrentEntities port: what delivery asks of the present state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from samstad_broker.domain.subscriptions.subscription import Subscription
from samstad_ngsild.document import EntityDocument

__all__ = ["CurrentEntities"]


class CurrentEntities(Protocol):
    """Current entities, for periodic subscriptions, resynchronisation and linked entities."""

    def get(self, tenant: str, entity_id: str) -> EntityDocument | None:
        """Return a current entity, or None; used for ``join`` and to bring one entity up to date."""
        ...

    def matching(self, tenant: str, subscription: Subscription) -> AsyncIterator[Sequence[EntityDocument]]:
        """Yield, in slices, the current entities that the subscription selects and its condition holds for.

        ``subscription.selects(id, types)`` and ``subscription.condition(document)`` decide; an index may
        narrow. Between slices others get their turn (I5).
        """
        ...
