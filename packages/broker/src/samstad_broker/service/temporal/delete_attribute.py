"""Delete attribute from temporal evolution: DELETE …/attrs/{attrId} (clauses 5.6.13, 6.21.3.1).

- the default instances, those with ``datasetId``, or all of them (``deleteAll``);
- an attribute, or a data set of it, that the evolution does not have is ResourceNotFound.
"""

from __future__ import annotations

from samstad_broker.domain.history import DEFAULT_DATASET
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.temporal.access import found_for_writing, history_of
from samstad_broker.service.temporal.staging import stage_deletion
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import ResourceNotFound

__all__ = ["delete_attribute_from_evolution"]


async def delete_attribute_from_evolution(  # noqa: PLR0913 - the clause's own inputs
    broker: Broker,
    call: Call,
    entity_id: str,
    name: str,
    *,
    dataset_id: str | None = None,
    delete_all: bool = False,
) -> None:
    """Delete instances of an attribute, or of ``scope``, for good.

    Raises:
        ResourceNotFound: there is no such evolution, attribute or data set.
        Forbidden, BadRequestData, OperationNotSupported, NonexistentTenant.
    """
    history = history_of(broker)
    broker.data(call)
    dataset = None if delete_all else dataset_id or DEFAULT_DATASET
    if dataset_id is not None and dataset_id != DEFAULT_DATASET:
        check_uri(dataset_id, pointer="datasetId", what="a datasetId")
    async with history.locks.of(call.tenant, call.snapshot, entity_id):
        index = await history.caught_up()
        entity = await found_for_writing(index, call, entity_id)
        if not await index.has_attribute(entity, name, None):
            raise ResourceNotFound(f"The evolution of {entity_id} has no such attribute.", pointer="attrId")
        if dataset is not None and not await index.has_attribute(entity, name, dataset):
            raise ResourceNotFound(
                f"The attribute has no instances of the data set {dataset}. "
                "Name another datasetId, or delete all with deleteAll=true.",
                pointer="datasetId",
            )
        await stage_deletion(broker, call, entity_id, attribute=name, datasetId=dataset)
