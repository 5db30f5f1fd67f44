"""One instance of an attribute in the evolution of an entity, found for a change of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.temporal.access import found_for_writing, history_of
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import ResourceNotFound

__all__ = ["found_instance"]


@asynccontextmanager
async def found_instance(
    broker: Broker, call: Call, entity_id: str, name: str, instance_id: str
) -> AsyncIterator[None]:
    """Hold the entity's lock while an instance that is there is changed.

    Raises:
        BadRequestData: an id is not a URI.
        ResourceNotFound: there is no such evolution, attribute or instance.
        Forbidden, OperationNotSupported, NonexistentTenant.
    """
    history = history_of(broker)
    broker.data(call)
    check_uri(instance_id, pointer="instanceId")
    async with history.locks.of(call.tenant, call.snapshot, entity_id):
        index = await history.caught_up()
        entity = await found_for_writing(index, call, entity_id)
        if await index.find_instance(entity, name, instance_id) is None:
            known = await index.has_attribute(entity, name, None)
            what = "attribute" if not known else f"instance {instance_id} of the attribute"
            raise ResourceNotFound(
                f"The evolution of {entity_id} has no such {what}.",
                pointer="instanceId" if known else "attrId",
            )
        yield
