"""``/roles`` and ``/labels``: what may be done, and how delicate it is."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samstad_access.domain.label import Classification, LabelRecord
from samstad_access.domain.operation import Operation
from samstad_access.domain.role import BUILT_IN, RoleRecord
from samstad_access.errors import BadInput
from samstad_access.http.gate import Gate
from samstad_access.http.messages import json_answer, page, parameter, read_body

__all__ = ["label_routes", "role_routes"]


class _Role(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    operations: tuple[Operation, ...]
    clearance: Classification = Classification.INTERNAL
    personal: bool = False
    description: Annotated[str, Meta(max_length=1000)] = ""


def role_routes(gate: Gate) -> list[Route]:
    """Return the routes of roles."""
    principals = gate.access.principals

    async def list_roles(request: Request) -> Response:
        gate.administrator(request)
        wanted = page(request)
        own = principals.list_records(RoleRecord, after=wanted.after, limit=wanted.limit)
        shipped = [] if wanted.after else [_shown(role, built_in=True) for role in BUILT_IN.values()]
        return json_answer([*shipped, *(_shown(role, built_in=False) for role in own)])

    async def put_role(request: Request) -> Response:
        act = gate.administrator(request)
        given = await read_body(request, _Role)
        members = {**msgspec.to_builtins(given), "name": request.path_params["name"]}
        try:
            role = msgspec.convert(members, RoleRecord)
        except msgspec.ValidationError:
            raise BadInput(
                "A role is named by up to 64 lower-case letters, digits and hyphens.", pointer="name"
            ) from None
        return json_answer(_shown(principals.put_role(act, role), built_in=False))

    async def remove_role(request: Request) -> Response:
        principals.remove_role(gate.administrator(request), request.path_params["name"])
        return Response(status_code=204)

    return [
        Route("/roles", list_roles, methods=["GET"]),
        Route("/roles/{name}", put_role, methods=["PUT"]),
        Route("/roles/{name}", remove_role, methods=["DELETE"]),
    ]


def label_routes(gate: Gate) -> list[Route]:
    """Return the routes of labels."""
    principals = gate.access.principals

    async def list_labels(request: Request) -> Response:
        gate.administrator(request)
        wanted = page(request)
        return json_answer(principals.list_records(LabelRecord, after=wanted.after, limit=wanted.limit))

    async def put_label(request: Request) -> Response:
        act = gate.administrator(request)
        return json_answer(principals.put_label(act, await read_body(request, LabelRecord)))

    async def remove_label(request: Request) -> Response:
        act = gate.administrator(request)
        tenant, entity_type = parameter(request, "tenant"), parameter(request, "type")
        principals.remove_label(act, tenant=tenant, entity_type=entity_type)
        return Response(status_code=204)

    return [
        Route("/labels", list_labels, methods=["GET"]),
        Route("/labels", put_label, methods=["PUT"]),
        Route("/labels", remove_label, methods=["DELETE"]),
    ]


def _shown(role: RoleRecord, *, built_in: bool) -> dict[str, Any]:
    return {**msgspec.to_builtins(role), "builtIn": built_in}
