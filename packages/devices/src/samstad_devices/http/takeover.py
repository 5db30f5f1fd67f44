"""Boxes that change hands or places: claims, and tables of swaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.service.bulk_swap import swap_many
from samstad_devices.service.claims import Claim, Claims
from samstad_devices.service.registry import Registry
from samstad_devices.spi.city import City
from samstad_plugin.service import Caller, caller_of

__all__ = ["Takeover"]


class NewClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which device is claimed for whom."""

    owner: str
    qr: str = ""
    device: str = ""
    code: str = ""


class Takeover:
    """The endpoints.

    Args:
        claims: takes claims.
        registry: of devices.
        acting_for: gives a client with the rights of a caller.
    """

    def __init__(self, claims: Claims, registry: Registry, *, acting_for: Callable[[Caller], City]) -> None:
        self._claims = claims
        self._registry = registry
        self._acting_for = acting_for

    async def claim(self, request: Request) -> Response:
        """Take over a device by the code on its box."""
        try:
            told = msgspec.json.decode(await request.body(), type=NewClaim)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise MessageRefused(f"The body is not what is expected: {error}.") from None
        caller = caller_of(request)
        wanted = Claim(told.owner, told.qr, told.device, told.code)
        device = await self._claims.claim(self._acting_for(caller), wanted, who=caller.id)
        return _json({"device": device, "owner": told.owner})

    async def swaps(self, request: Request) -> Response:
        """Swap the boxes of a table in CSV; ``dryRun=true`` only tells what would become of it."""
        try:
            text = (await request.body()).decode()
        except UnicodeDecodeError as error:
            raise MessageRefused(f"The table is no UTF-8, at byte {error.start}.") from None
        caller = caller_of(request)
        is_dry = request.query_params.get("dryRun", "false") == "true"
        city = self._acting_for(caller)
        rows = await swap_many(text, city, self._registry, who=caller.id, is_dry=is_dry)
        refused = sum(row.outcome == "refused" for row in rows)
        report = [row._asdict() for row in rows]
        return _json({"swapped": len(rows) - refused, "refused": refused, "rows": report})


def _json(told: Any) -> Response:
    return Response(orjson.dumps(told), media_type="application/json")
