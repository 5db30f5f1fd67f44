"""The ``type`` parameter of operations on one entity: it must be of these types, or is not found (4.17)."""

from __future__ import annotations

from collections.abc import Callable, Collection

from samstad_broker.http.exchange import Exchange
from samstad_broker.service.broker import Broker
from samstad_broker.service.entities.lookup import found_for_reading, not_found
from samstad_ngsild.context import Context
from samstad_ngsild.query import compile_type_selection, parse_type_selection

__all__ = ["Selects", "check_selected", "selects"]

Selects = Callable[[Collection[str]], bool]


def selects(selection: str, context: Context) -> Selects:
    """Return what decides whether an entity with given types is meant.

    Raises:
        BadRequestData: the selection is malformed.
    """
    return compile_type_selection(parse_type_selection(selection, pointer="type"), context)


def check_selected(broker: Broker, exchange: Exchange, context: Context) -> None:
    """Raise ResourceNotFound where the entity of the path is not of the types asked for.

    An entity that the caller may not read is not found either (I6).
    """
    selection = exchange.parameters.text("type")
    if selection is None:
        return
    matches = selects(selection, context)
    record = found_for_reading(broker, exchange.call, exchange.path["entityId"])
    if not matches(record.types):
        raise not_found(record.id)
