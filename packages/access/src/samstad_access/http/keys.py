"""``/keys``: given out once, listed without secrets, rotated, revoked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samstad_access.domain.api_key import KeyRecord
from samstad_access.domain.operation import Operation
from samstad_access.http.gate import Gate
from samstad_access.http.messages import iso, json_answer, page, read_body, time_us
from samstad_access.service.keys import NewKey

__all__ = ["routes"]

_DAY_S = 86_400


class _Creation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    principal: str
    name: Annotated[str, Meta(max_length=200)] = ""
    expires_at: datetime | None = None
    operations: tuple[Operation, ...] | None = None


class _Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    overlap_s: Annotated[int, Meta(ge=0, le=90 * _DAY_S)] = _DAY_S


def routes(gate: Gate) -> list[Route]:
    """Return the routes of keys."""
    keys = gate.access.keys

    def shown(record: KeyRecord) -> dict[str, Any]:
        return {
            "id": record.id,
            "principal": record.principal,
            "name": record.name,
            "operations": record.operations,
            "createdAt": iso(record.created_us),
            "expiresAt": iso(record.expires_us),
            "revokedAt": iso(record.revoked_us),
            "lastUsedAt": iso(keys.last_used_us(record.id)),
            "counts": record.counts(now_us=gate.now_us()),
        }

    def once(new: NewKey) -> Response:
        return json_answer({**shown(new.record), "key": new.text}, status=201)

    async def list_keys(request: Request) -> Response:
        gate.administrator(request)
        wanted = page(request)
        principal = request.query_params.get("principal")
        found = keys.list_records(principal=principal, after=wanted.after, limit=wanted.limit)
        return json_answer([shown(record) for record in found])

    async def create_key(request: Request) -> Response:
        act = gate.administrator(request)
        given = await read_body(request, _Creation)
        expires_us = time_us(given.expires_at, pointer="/expiresAt")
        return once(
            keys.create(
                act, given.principal, name=given.name, expires_us=expires_us, operations=given.operations
            )
        )

    async def get_key(request: Request) -> Response:
        gate.administrator(request)
        return json_answer(shown(keys.get(request.path_params["id"])))

    async def rotate_key(request: Request) -> Response:
        act = gate.administrator(request)
        given = await read_body(request, _Rotation)
        return once(keys.rotate(act, request.path_params["id"], overlap_us=given.overlap_s * 1_000_000))

    async def revoke_key(request: Request) -> Response:
        return json_answer(shown(keys.revoke(gate.administrator(request), request.path_params["id"])))

    return [
        Route("/keys", list_keys, methods=["GET"]),
        Route("/keys", create_key, methods=["POST"]),
        Route("/keys/{id}", get_key, methods=["GET"]),
        Route("/keys/{id}", revoke_key, methods=["DELETE"]),
        Route("/keys/{id}/rotate", rotate_key, methods=["POST"]),
    ]
