"""Create or update temporal evolution: POST /temporal/entities (clauses 5.6.11, 6.18.3.1).

- an evolution that is known gets the instances, and the types that are new to it (5.6.12);
- otherwise it begins; a tenant that is not known begins with it (5.5.10);
- the current entity is not touched, whatever the times of the instances.
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.temporal.access import check_writable, history_of
from samstad_broker.service.temporal.staging import added_instances, stage_addition
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.errors import BadRequestData

__all__ = ["create_or_update_evolution"]


async def create_or_update_evolution(broker: Broker, call: Call, document: EntityDocument) -> bool:
    """Add what a document says to the evolution of its entity; return whether that begins with it.

    The document was read as temporal; its ``type`` may lack where the evolution is known.

    Raises:
        BadRequestData: an evolution that is not known has no type.
        Forbidden: the caller may not write the history of entities of a type.
        OperationNotSupported, NonexistentTenant.
    """
    history = history_of(broker)
    entity_id, types = document["id"], document.get("type", [])
    if types:
        call.require(Operation.WRITE_HISTORY, types)
    broker.data_for_creation(call)
    async with history.locks.of(call.tenant, call.snapshot, entity_id):
        index = await history.caught_up()
        known = await index.find(call.tenant, call.snapshot, entity_id)
        if known is not None:
            check_writable(call, known)
        elif not types:
            raise BadRequestData("An evolution that begins has a type.", pointer="/type")
        await stage_addition(broker, call, entity_id, types, added_instances(document))
    return known is None
