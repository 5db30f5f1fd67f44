"""Query registrations: GET /csourceRegistrations (clauses 5.10.2, 5.12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samstad_broker.service.call import Call
from samstad_broker.service.registrations.interest import Interest
from samstad_broker.service.registrations.registrations import Registrations, may_see
from samstad_ngsild.query import Query
from samstad_ngsild.temporal.temporal_query import TemporalQuery

__all__ = ["query_registrations"]


def query_registrations(
    registrations: Registrations, call: Call, query: Query, temporal: TemporalQuery
) -> list[Mapping[str, Any]]:
    """Return the stored registrations of sources that may have what a query asks for, oldest first.

    Raises:
        NonexistentTenant: the tenant is not known.
    """
    registrations.broker.data(call)
    interest = Interest(query, temporal)
    return [
        stored
        for stored in registrations.current(call.tenant, call.now_us)
        if interest.matches(stored["body"]) and may_see(call, stored)
    ]
