"""What came of a batch, and the walk through it that lets single writes pass between its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from samstad_broker.service.broker import Broker
from samstad_broker.service.entity_rows import Durable
from samstad_broker.spi.authorizer import Forbidden
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.errors import BadRequestData, NgsiLdError

__all__ = ["BatchOutcome", "check_size", "walk"]

_SLICE = 50
"""Entities between two chances for other requests: about 2 ms."""


@dataclass(slots=True)
class BatchOutcome:
    """What came of each entity of a batch.

    Attributes:
        created: ids that are new, in the order of the request, each once.
        updated: ids that were there.
        failed: id (None where there is none) and the reason.
    """

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    failed: list[tuple[str | None, Exception]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def note(self, entity_id: str, *, created: bool) -> None:
        """Note a success; an id counts once, as what happened to it first."""
        if entity_id not in self._seen:
            self._seen.add(entity_id)
            (self.created if created else self.updated).append(entity_id)


def check_size(broker: Broker, items: Sequence[object]) -> None:
    """Refuse an empty or too large batch.

    Raises:
        BadRequestData: it holds nothing (clause 5.6.7.4), or more than the node takes at once.
    """
    if not items:
        raise BadRequestData("The batch is empty: give at least one entity.", pointer="")
    if len(items) > broker.limits.batch:
        raise BadRequestData(
            f"The batch holds {len(items)} entities; {broker.limits.batch} are taken at once. Split it.",
            pointer="",
        )


async def walk(
    items: Sequence[EntityDocument], apply: Callable[[EntityDocument], Durable], outcome: BatchOutcome
) -> BatchOutcome:
    """Apply each item, note its refusal, and return when all that was staged is durable."""
    last: Durable | None = None
    for number, item in enumerate(items):
        if number and number % _SLICE == 0:
            await asyncio.sleep(0)
        try:
            last = apply(item)
        except (NgsiLdError, Forbidden) as error:
            outcome.failed.append((item["id"], error))
    if last is not None:
        # Groups become durable in order, so the last one answers for all.
        await last
    return outcome
