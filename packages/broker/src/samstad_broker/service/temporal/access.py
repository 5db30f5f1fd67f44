"""The history that an operation works on, and who may see and change the evolution of an entity (I6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.history import History
from samstad_broker.spi.authorizer import Forbidden, Operation
from samstad_broker.spi.history import HistoryEntity, HistoryIndex
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import OperationNotSupported, ResourceNotFound

__all__ = [
    "check_writable",
    "found_for_reading",
    "found_for_writing",
    "history_of",
    "index_for_reading",
    "not_found",
    "readable",
]


def history_of(broker: Broker) -> History:
    """Return the history of a broker.

    Raises:
        OperationNotSupported: this node keeps none.
    """
    if broker.history is None:
        raise OperationNotSupported(
            "This node keeps no history that can be asked. Ask a node that does, or the current entities."
        )
    return broker.history


async def index_for_reading(broker: Broker, call: Call) -> HistoryIndex:
    """Return the index when it holds everything that was acknowledged before the call.

    Raises:
        OperationNotSupported, NonexistentTenant.
        HistoryBehind: it has not come up to that in time.
    """
    history = history_of(broker)
    broker.data(call)
    return await history.caught_up()


def not_found(entity_id: str) -> ResourceNotFound:
    """Return the error for an evolution that does not exist, or not for this caller."""
    return ResourceNotFound(f"There is no temporal evolution of {entity_id} here.", pointer="entityId")


def readable(call: Call) -> Callable[[tuple[str, ...]], bool]:
    """Return whether the caller may read evolutions of some types; asked once for each set of types.

    An entity of which no type is known is nobody's.
    """
    answers: dict[tuple[str, ...], bool] = {}

    def may_read(types: tuple[str, ...]) -> bool:
        answer = answers.get(types)
        if answer is None:
            answer = answers[types] = _may(call, Operation.READ_HISTORY, types)
        return answer

    return may_read


def _may(call: Call, operation: Operation, types: tuple[str, ...]) -> bool:
    return bool(types) and call.may_all(operation, types)


async def found_for_reading(index: HistoryIndex, call: Call, entity_id: str) -> HistoryEntity:
    """Return what the history knows of an entity.

    Raises:
        BadRequestData: the id is not a URI.
        ResourceNotFound: there is no evolution, or not for this caller.
    """
    entity = await index.find(call.tenant, call.snapshot, entity_id)
    if entity is None or not _may(call, Operation.READ_HISTORY, entity.types):
        check_uri(entity_id, pointer="entityId")
        raise not_found(entity_id)
    return entity


async def found_for_writing(
    index: HistoryIndex,
    call: Call,
    entity_id: str,
    *,
    operations: Iterable[Operation] = (Operation.WRITE_HISTORY,),
) -> HistoryEntity:
    """Return the entity whose evolution is to be changed.

    Raises:
        BadRequestData, ResourceNotFound: as for reading.
        Forbidden: the caller may read the evolution but not do this.
    """
    entity = await index.find(call.tenant, call.snapshot, entity_id)
    if entity is not None and all(_may(call, each, entity.types) for each in operations):
        return entity
    if entity is None or not _may(call, Operation.READ_HISTORY, entity.types):
        check_uri(entity_id, pointer="entityId")
        raise not_found(entity_id)
    for operation in operations:
        call.require(operation, entity.types)
    raise not_found(entity_id)


def check_writable(call: Call, entity: HistoryEntity) -> None:
    """Raise Forbidden unless the caller may add to an evolution; tells nothing of its types."""
    if not _may(call, Operation.WRITE_HISTORY, entity.types):
        raise Forbidden(
            f"{call.caller.id} may not write the history of {entity.entity_id} here. "
            "Ask the node's administrator for a role that grants it."
        )
