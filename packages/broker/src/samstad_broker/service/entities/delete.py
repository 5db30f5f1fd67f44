"""Delete entity: DELETE /entities/{entityId} (clauses 5.6.6, 6.5.3.2).

- an entity that does not exist, or not with the given type, is ResourceNotFound;
- its history goes or stays as the node is set (clause 5.6.16 is the operation that erases one).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.lookup import found_for_writing, not_found
from samstad_broker.service.entity_rows import Durable, stage_end
from samstad_broker.spi.authorizer import Operation

__all__ = ["delete_entity"]


def delete_entity(
    broker: Broker,
    call: Call,
    entity_id: str,
    *,
    selects: Callable[[Collection[str]], bool] | None = None,
) -> Durable:
    """Delete an entity, if its types are selected.

    Raises:
        ResourceNotFound: there is none of that id and type.
        Forbidden: the caller may not delete entities of its type.
    """
    target = found_for_writing(broker, call, entity_id, operation=Operation.DELETE)
    if selects is not None and not selects(target.record.types):
        raise not_found(entity_id)
    return stage_end(broker, call, target)
