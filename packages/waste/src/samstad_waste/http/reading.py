"""Bodies of requests, read once."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from starlette.requests import Request

from samstad_waste.domain.errors import WasteError

__all__ = ["read_body"]

BodyT = TypeVar("BodyT")


async def read_body(request: Request, kind: type[BodyT]) -> BodyT:
    """Return the body of a request; raises WasteError with what is wrong and where."""
    body = await request.body()
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise WasteError(f"The body is not what is expected: {error}.") from None
