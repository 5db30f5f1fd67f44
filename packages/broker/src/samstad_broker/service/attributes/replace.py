"""Replace attribute: PUT /entities/{entityId}/attrs/{attrId} (clauses 5.6.19, 6.7.3.3).

- the instances given take the place of those with their ``datasetId``; the attribute must exist.
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.lookup import found_for_writing
from samstad_broker.service.entity_changes import apply_change
from samstad_ngsild import merge
from samstad_ngsild.document import Instance
from samstad_ngsild.entities.dates import iso

__all__ = ["replace_attribute"]


async def replace_attribute(
    broker: Broker, call: Call, entity_id: str, name: str, instances: list[Instance]
) -> merge.Change:
    """Replace one attribute and return what changed, when it is durable.

    Raises:
        ResourceNotFound: there is no such entity, attribute or instance.
    """
    target = found_for_writing(broker, call, entity_id)
    change = merge.replace_attribute(target.before, name, instances, now=iso(call.now_us))
    await apply_change(broker, call, target, change)
    return change
