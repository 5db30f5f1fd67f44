"""The registered sources that a query of a snapshot concerns (clauses 5.7.2.4, 5.16.1.4)."""

from __future__ import annotations

from dataclasses import replace

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.service.entities.local import LocalEntities
from samstad_broker.spi.authorizer import Operation
from samstad_broker.spi.forwarder import Asked, Inquiry
from samstad_ngsild.context import CORE, Context
from samstad_ngsild.query import Query
from samstad_ngsild.query.request import check_query

__all__ = ["inquiry_of"]


def inquiry_of(broker: Broker, call: Call, query: Query) -> Inquiry | None:
    """Return a query with the sources to ask; None where this broker alone knows.

    Raises:
        BadRequestData: the query is too wide for more than the local scope (clause 5.7.2.4).
    """
    if call.snapshot or query.asks_everything or call.tenant not in broker.forwarder.tenants:
        return None
    asked = Asked(
        tenant=call.tenant,
        context=query.context if isinstance(query.context, Context) else CORE,
        now_us=call.now_us,
        headers={},
        may_read=lambda types: call.may_all(Operation.READ, types),
    )
    unordered = replace(query, order=None)  # a snapshot has an order of its own
    matches = broker.forwarder.match_query(asked, "queryEntity", unordered)
    if not matches:
        return None
    check_query(unordered, local=False, temporal=False)
    return Inquiry(asked, matches, unordered, LocalEntities(broker, call))
