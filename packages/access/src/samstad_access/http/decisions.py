"""``/decisions``: may X do Y, and why."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samstad_access.domain.operation import Operation
from samstad_access.errors import BadInput, NotFound
from samstad_access.http.gate import Gate
from samstad_access.http.messages import json_answer, parameter

__all__ = ["routes"]


def routes(gate: Gate) -> list[Route]:
    """Return the route of decisions."""

    async def explain(request: Request) -> Response:
        gate.administrator(request)
        principal = gate.access.stand_in(parameter(request, "principal"))
        if principal is None:
            raise NotFound("There is no such principal, or it is disabled and may do nothing.")
        tenant = request.query_params.get("tenant", "")
        entity_type = request.query_params.get("type")
        found = gate.access.explain(principal, tenant, _operation(request), entity_type)
        return json_answer(
            {
                "principal": principal.id,
                "tenant": tenant,
                "operation": _operation(request),
                "type": entity_type,
                "allowed": found.allowed,
                "label": {"classification": found.classification, "personal": found.personal},
                "policyVersion": gate.access.policy_version,
                "grants": found.verdicts,
            }
        )

    return [Route("/decisions", explain, methods=["GET"])]


def _operation(request: Request) -> Operation:
    try:
        return Operation(parameter(request, "operation"))
    except ValueError:
        raise BadInput(f"operation is one of {', '.join(Operation)}.", pointer="operation") from None
