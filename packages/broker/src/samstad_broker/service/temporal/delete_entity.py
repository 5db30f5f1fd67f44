"""Delete temporal evolution: DELETE /temporal/entities/{entityId} (clauses 5.6.16, 6.19.3.2).

- the whole evolution goes; the current entity stays, and its next change begins a new one;
- it takes the right to delete and the right to write history.
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.temporal.access import found_for_writing, history_of
from samstad_broker.service.temporal.staging import stage_deletion
from samstad_broker.spi.authorizer import Operation

__all__ = ["delete_evolution"]


async def delete_evolution(broker: Broker, call: Call, entity_id: str) -> None:
    """Delete the evolution of an entity for good.

    Raises:
        ResourceNotFound: there is none.
        Forbidden, BadRequestData, OperationNotSupported, NonexistentTenant.
    """
    history = history_of(broker)
    broker.data(call)
    async with history.locks.of(call.tenant, call.snapshot, entity_id):
        index = await history.caught_up()
        operations = (Operation.DELETE, Operation.WRITE_HISTORY)
        await found_for_writing(index, call, entity_id, operations=operations)
        await stage_deletion(broker, call, entity_id)
