"""Which rows a caller may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson

from samstad_broker.domain.rows import Row
from samstad_broker.spi.authorizer import Authorizer, Operation
from samstad_broker.spi.clock import Clock

__all__ = ["MayRead", "Reader", "reader_of", "types_of"]

MayRead = Callable[[Row], bool]
"""Tells whether a row may be shown."""


class Reader(Protocol):
    """Gives what the sender of a request may see."""

    def __call__(self, headers: Mapping[str, str], peer: str = "", /) -> MayRead:
        """Return it; raises Unauthenticated. A peer counts a credential that is refused as a guess."""
        ...


def reader_of(authorizer: Authorizer, clock: Clock) -> Reader:
    """Return a reader that asks the broker's own authorizer, tenant and type by type (I6)."""

    def identify(headers: Mapping[str, str], peer: str = "") -> MayRead:
        caller = authorizer.identify(headers, now_us=clock.now_us(), peer=peer)
        tenant = headers.get("ngsild-tenant", "")

        def may_read(row: Row) -> bool:
            if row.tenant != tenant:
                return False
            types = types_of(orjson.loads(row.payload))
            return bool(types) and all(authorizer.may(caller, tenant, Operation.READ, one) for one in types)

        return may_read

    return identify


def types_of(payload: Mapping[str, Any]) -> list[str]:
    """Return the entity's types after the change, or before it was deleted."""
    head = payload.get("head") or payload.get("was") or {}
    return list(head.get("type", ()))
