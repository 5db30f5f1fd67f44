"""Delete attribute: DELETE /entities/{entityId}/attrs/{attrId} (clauses 5.6.5, 6.7.3.2).

- the default instance, the one with ``datasetId``, or all of them (``deleteAll``).
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.lookup import found_for_writing
from samstad_broker.service.entity_changes import apply_change
from samstad_ngsild import merge
from samstad_ngsild.entities.dates import iso

__all__ = ["delete_attribute"]


async def delete_attribute(  # noqa: PLR0913 - the clause's own inputs
    broker: Broker,
    call: Call,
    entity_id: str,
    name: str,
    *,
    dataset_id: str | None = None,
    delete_all: bool = False,
) -> merge.Change:
    """Delete an attribute, or the scope of the entity, and return what changed, when it is durable.

    Raises:
        ResourceNotFound: there is no such entity, attribute or instance.
    """
    target = found_for_writing(broker, call, entity_id)
    change = merge.delete_attribute(
        target.before, name, now=iso(call.now_us), dataset_id=dataset_id, delete_all=delete_all
    )
    await apply_change(broker, call, target, change)
    return change
