"""What a request asks for, read strictly."""

from __future__ import annotations

from starlette.requests import Request

__all__ = ["Refused", "Unknown", "integer", "wished_types"]


class Refused(Exception):
    """A question that cannot be understood; says which parameter and what it takes."""


class Unknown(Exception):
    """There is no such thing, or the caller may not know of it."""


def integer(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    """Return a number from the query.

    Raises:
        Refused: it is none, or out of bounds.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or not least <= int(text[:12]) <= most:
        raise Refused(f"{name}={text[:40]}: give a whole number from {least} to {most}.")
    return int(text)


def wished_types(request: Request) -> frozenset[str] | None:
    """Return the types that are asked for, None for all; ``type=`` with nothing wishes none."""
    text = request.query_params.get("type")
    return None if text is None else frozenset(part for part in text.split(",") if part)
