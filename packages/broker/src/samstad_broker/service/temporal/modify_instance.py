"""Modify attribute instance: PATCH …/attrs/{attrId}/{instanceId} (clauses 5.6.14, 6.22.3.1).

- the instance is replaced as a whole; its instanceId and createdAt stay, modifiedAt is the time of the call.
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.temporal.instances import found_instance
from samstad_broker.service.temporal.staging import stage_correction
from samstad_ngsild.document import Instance

__all__ = ["modify_instance"]


async def modify_instance(  # noqa: PLR0913 - the clause's own inputs
    broker: Broker, call: Call, entity_id: str, name: str, instance_id: str, *, instance: Instance
) -> None:
    """Put an instance into the place of another.

    Raises:
        ResourceNotFound: there is no such evolution, attribute or instance.
        Forbidden, BadRequestData, OperationNotSupported, NonexistentTenant.
    """
    async with found_instance(broker, call, entity_id, name, instance_id):
        await stage_correction(
            broker, call, entity_id, attribute=name, instance_id=instance_id, instance=instance
        )
