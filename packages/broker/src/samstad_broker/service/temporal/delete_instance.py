"""Delete attribute instance: DELETE …/attrs/{attrId}/{instanceId} (clauses 5.6.15, 6.22.3.2)."""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.temporal.instances import found_instance
from samstad_broker.service.temporal.staging import stage_deletion

__all__ = ["delete_instance"]


async def delete_instance(broker: Broker, call: Call, entity_id: str, name: str, instance_id: str) -> None:
    """Delete one instance of an attribute for good.

    Raises:
        ResourceNotFound: there is no such evolution, attribute or instance.
        Forbidden, BadRequestData, OperationNotSupported, NonexistentTenant.
    """
    async with found_instance(broker, call, entity_id, name, instance_id):
        await stage_deletion(broker, call, entity_id, attribute=name, instanceId=instance_id)
