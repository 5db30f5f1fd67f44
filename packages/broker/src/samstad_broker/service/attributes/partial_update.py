"""Partial attribute update: PATCH /entities/{entityId}/attrs/{attrId} (clauses 5.6.4, 6.7.3.1).

- replaces first-level members of the attribute, instance by instance (``datasetId``);
- the attribute's type may not change.
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.lookup import found_for_writing
from samstad_broker.service.entity_changes import apply_change
from samstad_ngsild import merge
from samstad_ngsild.context import Context
from samstad_ngsild.document import Instance
from samstad_ngsild.entities.dates import iso

__all__ = ["partial_update_attribute"]


async def partial_update_attribute(  # noqa: PLR0913, PLR0917 - the clause's own inputs
    broker: Broker, call: Call, entity_id: str, name: str, instances: list[Instance], context: Context
) -> merge.Change:
    """Update members of one attribute and return what changed, when it is durable.

    Raises:
        ResourceNotFound: there is no such entity, attribute or instance.
        BadRequestData: the type would change.
    """
    target = found_for_writing(broker, call, entity_id)
    change = merge.partial_update_attribute(
        target.before, name, instances, now=iso(call.now_us), context=context
    )
    await apply_change(broker, call, target, change)
    return change
