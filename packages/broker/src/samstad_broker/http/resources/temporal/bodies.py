"""Bodies that hold evolutions, long ones read in a thread: a body may hold tens of thousands of instances."""

from __future__ import annotations

from typing import Any

from samstad_broker.http.exchange import Exchange
from samstad_broker.service.off_loop import off_loop
from samstad_ngsild.context import Context
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.entities.expand import expand_fragment

__all__ = ["read_evolution"]

_INSTANCE_BYTES = 80


async def read_evolution(exchange: Exchange, body: dict[str, Any], context: Context) -> EntityDocument:
    """Return the document of a body in a temporal representation.

    Raises:
        BadRequestData: with a pointer to the member.
    """
    now = iso(exchange.now_us)
    weight = len(exchange.request.body) // _INSTANCE_BYTES
    return await off_loop(weight, lambda: expand_fragment(body, context, now=now, temporal=True))
