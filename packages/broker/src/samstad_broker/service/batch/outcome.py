"""What came of a batch, and the walk through it that lets single writes pass between its parts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from samstad_broker.service.broker import Broker
from samstad_broker.service.entity_rows import Durable
from samstad_broker.service.slices import Slices
from samstad_broker.spi.authorizer import Forbidden
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.errors import BadRequestData, NgsiLdError

__all__ = ["BatchOutcome", "Items", "check_size", "walk"]


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


Items = Collection[EntityDocument | None]
"""Documents and fragments of a batch, each made when its turn comes; None: one that was refused already."""


def _at_once() -> None:
    """Begin without more ado."""


def check_size(broker: Broker, items: Collection[object]) -> None:
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
    broker: Broker,
    items: Items,
    apply: Callable[[EntityDocument], Durable],
    outcome: BatchOutcome,
    *,
    begin: Callable[[], None] = _at_once,
) -> BatchOutcome:
    """Apply each item, note its refusal, and return when all that was staged is durable.

    Args:
        broker: the shard.
        items: what is to be done.
        apply: does it to one item.
        outcome: takes note of refusals.
        begin: is called before the first item that can be done; what it raises refuses the whole batch.
    """
    last: Durable | None = None
    slices = Slices(broker.clock)
    has_begun = False
    for item in items:
        if slices.are_over():
            await slices.pass_on()
        if item is None:
            continue
        if not has_begun:
            begin()
            has_begun = True
        try:
            last = apply(item)
        except (NgsiLdError, Forbidden) as error:
            outcome.failed.append((item["id"], error))
    if last is not None:
        # Groups become durable in order, so the last one answers for all.
        await last
    return outcome
