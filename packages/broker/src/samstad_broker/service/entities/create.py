"""Create entity: POST /entities (clauses 5.6.1, 6.4.3.1).

- an id that exists is AlreadyExists;
- one that has expired is gone (clause 4.22), and one that comes expired is acknowledged and never shown;
- a tenant that is not known begins with it (clause 5.5.10);
- acknowledged when durable (I3).
"""

from __future__ import annotations

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entity_rows import Durable, stage_creation
from samstad_broker.service.expiry import settle
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.errors import AlreadyExists

__all__ = ["create_entity"]


def create_entity(broker: Broker, call: Call, document: EntityDocument) -> Durable:
    """Create an entity from its document.

    Raises:
        AlreadyExists: the id is taken.
        Forbidden: the caller may not write entities of a type.
        BadRequestData: the entity breaks a model that the tenant enforces.
    """
    call.require(Operation.WRITE, document["type"])
    dataset = broker.data_for_creation(call)
    settle(broker, call, dataset, document["id"])
    if document["id"] in dataset.entities:
        raise AlreadyExists(
            f"The entity {document['id']} exists already. Change it with PATCH, or replace it with PUT.",
            pointer="/id",
        )
    return stage_creation(broker, call, dataset, document)
