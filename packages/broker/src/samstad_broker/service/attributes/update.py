"""Update attributes: PATCH /entities/{entityId}/attrs (clauses 5.6.2, 6.6.3.2).

- existing attributes are replaced whole, an NGSI-LD null deletes one;
- attributes that the entity does not have are appended (clause 5.6.2.4).
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.lookup import found_for_writing
from samstad_broker.service.entity_changes import apply_change
from samstad_ngsild import merge
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import iso

__all__ = ["update_attributes"]


async def update_attributes(
    broker: Broker, call: Call, entity_id: str, fragment: EntityDocument
) -> merge.Change:
    """Replace the attributes that a fragment names and return what came of each, when it is durable.

    Raises:
        ResourceNotFound: there is no such entity.
    """
    target = found_for_writing(broker, call, entity_id)
    change = merge.update_attributes(target.before, fragment, now=iso(call.now_us))
    await apply_change(broker, call, target, change)
    return change
