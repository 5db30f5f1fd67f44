"""Replace entity: PUT /entities/{entityId} (clauses 5.6.18, 6.5.3.3).

- everything but ``id``, ``type`` and ``createdAt`` is replaced;
- the fragment may add types, never take one away.
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.lookup import found_for_writing
from samstad_broker.service.entity_changes import apply_change
from samstad_broker.service.entity_rows import Durable
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.merge import replace_entity as merged_replacement

__all__ = ["replace_entity"]


def replace_entity(broker: Broker, call: Call, entity_id: str, document: EntityDocument) -> Durable:
    """Replace the content of an existing entity.

    Raises:
        ResourceNotFound: there is none.
        BadRequestData: the document names another id.
    """
    target = found_for_writing(broker, call, entity_id)
    change = merged_replacement(target.before, document, now=iso(call.now_us))
    return apply_change(broker, call, target, change)
