"""What requests say, and how answers are written."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from samstad_signals.errors import RequestRefused

__all__ = ["answer", "flag", "read"]

BodyT = TypeVar("BodyT")


async def read(request: Request, kind: type[BodyT]) -> BodyT:
    """Return the body of a request; RequestRefused says what it lacks."""
    body = await request.body()
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise RequestRefused(f"The body is not what is expected: {error}.") from None


def flag(request: Request, name: str) -> bool:
    """Return a parameter that is true or false; false where it is not there."""
    text = request.query_params.get(name, "false")
    if text not in {"true", "false"}:
        raise RequestRefused(f"{name} is true or false, not {text!r}.")
    return text == "true"


def answer(told: Any, status: int = 200) -> Response:
    """Return an answer in JSON."""
    return Response(orjson.dumps(told), status, media_type="application/json")
