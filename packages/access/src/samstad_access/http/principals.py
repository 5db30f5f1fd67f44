"""``/principals``: who there is and where they may do what."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samstad_access.domain.principal import PrincipalId, PrincipalKind, PrincipalRecord
from samstad_access.domain.role import MAX_BINDINGS, Binding
from samstad_access.errors import BadInput
from samstad_access.http.gate import Gate
from samstad_access.http.messages import iso, json_answer, page, read_body

__all__ = ["routes"]

Bindings = Annotated[tuple[Binding, ...], Meta(max_length=MAX_BINDINGS)]
Name = Annotated[str, Meta(max_length=200)]


class _Creation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: PrincipalId
    kind: PrincipalKind = PrincipalKind.SERVICE
    name: Name = ""
    bindings: Bindings = ()


class _Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Name | UnsetType = UNSET
    bindings: Bindings | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


def routes(gate: Gate) -> list[Route]:
    """Return the routes of principals."""
    principals = gate.access.principals

    async def list_principals(request: Request) -> Response:
        gate.administrator(request)
        wanted = page(request)
        found = principals.list_records(PrincipalRecord, after=wanted.after, limit=wanted.limit)
        return json_answer([_shown(record) for record in found])

    async def create_principal(request: Request) -> Response:
        act = gate.administrator(request)
        given = await read_body(request, _Creation)
        if given.kind is PrincipalKind.ANONYMOUS:
            raise BadInput("A principal is a person, a service or a device.", pointer="/kind")
        record = PrincipalRecord(id=given.id, kind=given.kind, name=given.name, bindings=given.bindings)
        return json_answer(_shown(principals.create(act, record)), status=201)

    async def get_principal(request: Request) -> Response:
        gate.administrator(request)
        return json_answer(_shown(principals.get(request.path_params["id"])))

    async def change_principal(request: Request) -> Response:
        act = gate.administrator(request)
        given = await read_body(request, _Change)
        members = {name: value for name, value in msgspec.structs.asdict(given).items() if value is not UNSET}
        return json_answer(_shown(principals.change(act, request.path_params["id"], **members)))

    async def remove_principal(request: Request) -> Response:
        principals.remove(gate.administrator(request), request.path_params["id"])
        return Response(status_code=204)

    return [
        Route("/principals", list_principals, methods=["GET"]),
        Route("/principals", create_principal, methods=["POST"]),
        Route("/principals/{id:path}", get_principal, methods=["GET"]),
        Route("/principals/{id:path}", change_principal, methods=["PATCH"]),
        Route("/principals/{id:path}", remove_principal, methods=["DELETE"]),
    ]


def _shown(record: PrincipalRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "kind": record.kind,
        "name": record.name,
        "bindings": record.bindings,
        "createdAt": iso(record.created_us),
        "disabledAt": iso(record.disabled_us),
    }
