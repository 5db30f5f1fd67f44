"""What the owner of a subscription may be told at the time of telling (I6).

The decision is the one that a request of the owner would meet, made by the same compiled rules: an
entity is told where each of its types may be both read and subscribed to. What is withheld is counted
and not told later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from samstad_broker.domain.rows import Row
from samstad_broker.service.delivery.lane import Lane
from samstad_broker.spi.authorizer import Operation
from samstad_broker.spi.clock import Clock
from samstad_broker.spi.standing import EverybodyStands, Standing
from samstad_ngsild.document import EntityDocument

__all__ = ["Rights"]

MayBeTold = Callable[[Iterable[str]], bool]


class _Typed(msgspec.Struct):
    type: list[str]


_types_of = msgspec.json.Decoder(_Typed).decode


class Rights:
    """Judges what goes out.

    Attributes:
        withheld: entities and changes that were not told because the owner may not know them.
    """

    def __init__(self, standing: Standing, clock: Clock) -> None:
        self._standing = standing
        self._clock = clock
        self._open = isinstance(standing, EverybodyStands)
        self.withheld = 0

    def rows(self, lane: Lane, rows: list[Row]) -> list[Row]:
        """Return the changes that may be told; a change is judged by the types of its entity after it."""
        if self._open:
            return rows
        may = self._judge(lane)
        told = [row for row in rows if row.document is not None and may(_types_of(row.document).type)]
        self.withheld += len(rows) - len(told)
        return told

    def documents(self, lane: Lane, documents: Sequence[EntityDocument]) -> Sequence[EntityDocument]:
        """Return the current entities that may be told."""
        if self._open:
            return documents
        may = self._judge(lane)
        told = [document for document in documents if may(document["type"])]
        self.withheld += len(documents) - len(told)
        return told

    def document(self, lane: Lane, document: EntityDocument | None) -> EntityDocument | None:
        """Return an entity, such as a linked one (clause 4.5.23); None where the owner may not know it."""
        if document is None or self._open or self._judge(lane)(document["type"]):
            return document
        return None

    def _judge(self, lane: Lane) -> MayBeTold:
        holder = self._standing.holder(lane.subscription.mandate, now_us=self._clock.now_us())
        if holder is None:
            return _nothing
        may, tenant = self._standing.may, lane.tenant
        return lambda types: all(
            may(holder, tenant, Operation.READ, one) and may(holder, tenant, Operation.SUBSCRIBE, one)
            for one in types
        )


def _nothing(types: Iterable[str]) -> bool:
    """Tell nothing."""
    del types
    return False
