"""What the path of a temporal resource names."""

from __future__ import annotations

from samstad_broker.http.exchange import Exchange
from samstad_broker.service.temporal.asking import SCOPE
from samstad_ngsild.context import Context
from samstad_ngsild.entities.names import attribute_iri
from samstad_ngsild.errors import BadRequestData

__all__ = ["check_same_id", "named_attribute"]


def named_attribute(exchange: Exchange, context: Context) -> str:
    """Return the expanded name of the attribute; the scope is one of them here (clause 4.5.6)."""
    name = exchange.path["attrId"]
    return SCOPE if name == SCOPE else attribute_iri(name, context, pointer="attrId")


def check_same_id(given: str, entity_id: str) -> None:
    """Raise BadRequestData where body and path speak of different entities."""
    if given != entity_id:
        raise BadRequestData(
            f"The body speaks of {given}, the path of {entity_id}. Leave the id out or make them the same.",
            pointer="/id",
        )
