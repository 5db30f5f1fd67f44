"""Add attributes to temporal evolution: POST /temporal/entities/{entityId}/attrs (clauses 5.6.12, 6.20.3.1).

- an evolution that is not known is ResourceNotFound;
- every instance is added, nothing is overwritten; types that are new to the evolution are added.
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.temporal.access import found_for_writing, history_of
from samstad_broker.service.temporal.staging import added_instances, stage_addition
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.document import EntityDocument

__all__ = ["append_to_evolution"]


async def append_to_evolution(broker: Broker, call: Call, entity_id: str, fragment: EntityDocument) -> None:
    """Add the instances of a fragment that was read as temporal.

    Raises:
        ResourceNotFound: there is no evolution of the entity.
        Forbidden: the caller may not write the history of entities of a type.
        BadRequestData, OperationNotSupported, NonexistentTenant.
    """
    history = history_of(broker)
    broker.data(call)
    types, added = fragment.get("type", []), added_instances(fragment)
    async with history.locks.of(call.tenant, call.snapshot, entity_id):
        index = await history.caught_up()
        await found_for_writing(index, call, entity_id)
        if types:
            call.require(Operation.WRITE_HISTORY, types)
        if types or added:
            await stage_addition(broker, call, entity_id, types, added)
