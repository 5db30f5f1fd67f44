"""In whose names a source is written to (clause 4.3.6.6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from samstad_broker.spi.forwarder import Asked, Source
from samstad_ngsild.context import CORE, CORE_CONTEXT_URI, Context

__all__ = ["Resolve", "link_header", "names_for", "wish"]

Resolve = Callable[[Any], Awaitable[Context]]
"""A source of an @context → the @context, which may have to be fetched."""

_RELATION = "http://www.w3.org/ns/json-ld#context"


async def names_for(source: Source, asked: Asked, resolve: Resolve) -> Context:
    """Return the @context that a source is asked in.

    What its registration says comes first, then the client's, and where that stands nowhere on the web, the
    core @context alone, in which every name is written out.

    Raises:
        NgsiLdError: the @context of the registration cannot be had.
    """
    wanted = wish(source, "jsonldContext")
    if wanted is not None:
        return await resolve(wanted)
    return asked.context if asked.context.link is not None else CORE


def wish(source: Source, key: str) -> str | None:
    """Return what the registration says by one of the keys of clause 4.3.6.6; None where it does not."""
    return next((value for name, value in source.told if name.lower() == key.lower()), None)


def link_header(context: Context) -> str:
    """Return the value of the Link header that names an @context (clause 6.3.6)."""
    return f'<{context.link or CORE_CONTEXT_URI}>; rel="{_RELATION}"; type="application/ld+json"'
