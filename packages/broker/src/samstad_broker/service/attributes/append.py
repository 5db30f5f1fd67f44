"""Append attributes: POST /entities/{entityId}/attrs (clauses 5.6.3, 6.6.3.1).

- new attributes are added, existing ones replaced unless ``noOverwrite`` is asked;
- what was not written is told with the reason (207).
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.lookup import found_for_writing
from samstad_broker.service.entity_changes import apply_change
from samstad_ngsild import merge
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import iso

__all__ = ["append_attributes"]


async def append_attributes(
    broker: Broker, call: Call, entity_id: str, fragment: EntityDocument, *, overwrite: bool = True
) -> merge.Change:
    """Add a fragment's attributes and return what came of each, when it is durable.

    Raises:
        ResourceNotFound: there is no such entity.
    """
    target = found_for_writing(broker, call, entity_id)
    change = merge.append_attributes(target.before, fragment, now=iso(call.now_us), overwrite=overwrite)
    await apply_change(broker, call, target, change)
    return change
