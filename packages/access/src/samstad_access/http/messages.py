"""Bodies, parameters and times of the administration API."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from samstad_access.errors import BadInput

__all__ = ["Page", "iso", "json_answer", "page", "parameter", "read_body", "time_us"]

T = TypeVar("T")

_MAX_BODY = 64 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PATH = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class Page(msgspec.Struct, frozen=True):
    """Which part of a list is wanted."""

    after: str
    limit: int


async def read_body(request: Request, kind: type[T]) -> T:
    """Return the JSON body as a Struct.

    Raises:
        BadInput: it is no JSON, too long, or does not fit; ``pointer`` names the member.
    """
    content = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content != "application/json":
        # Forms of other sites cannot send this type without asking first.
        raise BadInput("Send the body as application/json.", pointer="Content-Type")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise BadInput(f"The body is longer than {_MAX_BODY} bytes.")
    try:
        return msgspec.json.decode(bytes(body), type=kind)
    except msgspec.ValidationError as error:
        raise BadInput(str(error).partition(" - at `")[0] + ".", pointer=_pointer(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"The body is no JSON: {error}.") from error


def page(request: Request) -> Page:
    """Return ``after`` and ``limit`` of a request for a list."""
    limit = request.query_params.get("limit", "100")
    if not (limit.isascii() and limit.isdigit() and 0 < int(limit[:6]) <= 1000):
        raise BadInput("limit is a number from 1 to 1000.", pointer="limit")
    return Page(request.query_params.get("after", ""), int(limit))


def parameter(request: Request, name: str) -> str:
    """Return a parameter that must be given."""
    value = request.query_params.get(name)
    if value is None:
        raise BadInput(f"The parameter {name} is missing.", pointer=name)
    return value


def json_answer(content: Any, *, status: int = 200) -> Response:
    """Return a JSON response that nobody may keep."""
    body = orjson.dumps(msgspec.to_builtins(content))
    return Response(body, status, {"Cache-Control": "no-store"}, "application/json")


def iso(moment_us: int | None) -> str | None:
    """Return a time as text in UTC."""
    if moment_us is None:
        return None
    moment = _EPOCH + timedelta(microseconds=moment_us)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def time_us(moment: datetime | None, *, pointer: str) -> int | None:
    """Return a time of a body in microseconds since 1970 UTC.

    Raises:
        BadInput: it names no time zone.
    """
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise BadInput("The time names no zone: end it with Z or an offset.", pointer=pointer)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _pointer(message: str) -> str | None:
    found = _PATH.search(message)
    if found is None:
        return None
    steps = ("".join(step) for step in _STEP.findall(found.group(1)))
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
