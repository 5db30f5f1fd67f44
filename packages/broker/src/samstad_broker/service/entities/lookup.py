"""Finding the entity that an operation names, without telling more than the caller may know."""

from __future__ import annotations

from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.domain.state.record import Record
from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entity_rows import Target
from samstad_broker.service.expiry import settle, valid_record
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import ResourceNotFound

__all__ = ["found_for_reading", "found_for_writing", "not_found", "target_of"]


def not_found(entity_id: str) -> ResourceNotFound:
    """Return the error for an entity that does not exist, or not for this caller (I6)."""
    return ResourceNotFound(f"There is no entity {entity_id} here.", pointer="entityId")


def found_for_reading(broker: Broker, call: Call, entity_id: str) -> Record:
    """Return the entity; one that the caller may not read is one that does not exist.

    Raises:
        BadRequestData: the id is not a URI (clause 5.7.1.4).
        ResourceNotFound, NonexistentTenant.
    """
    dataset = broker.data(call)
    record = dataset.entities.get(entity_id)
    if record is not None and dataset.expiries.first_us <= call.now_us:
        record = valid_record(dataset, record, call.now_us)
    if record is None or not call.may_all(Operation.READ, record.types):
        check_uri(entity_id, pointer="entityId")
        raise not_found(entity_id)
    return record


def found_for_writing(
    broker: Broker, call: Call, entity_id: str, *, operation: Operation = Operation.WRITE
) -> Target:
    """Return the entity to change.

    Raises:
        BadRequestData, ResourceNotFound, NonexistentTenant: as for reading.
        Forbidden: the caller may read the entity but not do this.
    """
    dataset = broker.data(call)
    settle(broker, call, dataset, entity_id)
    record = dataset.entities.get(entity_id)
    if record is None:
        check_uri(entity_id, pointer="entityId")
        raise not_found(entity_id)
    return target_of(call, dataset, record, operation=operation)


def target_of(
    call: Call, dataset: Dataset, record: Record, *, operation: Operation = Operation.WRITE
) -> Target:
    """Return an entity to change, of which nothing has expired.

    Raises:
        ResourceNotFound, Forbidden: as ``found_for_writing``.
    """
    if not call.may_all(operation, record.types):
        if not call.may_all(Operation.READ, record.types):
            raise not_found(record.id)
        call.require(operation, record.types)
    return Target(dataset, record, record.parsed())
