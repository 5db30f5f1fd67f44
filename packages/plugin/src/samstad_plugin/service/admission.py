"""Who may use an endpoint: the node asks its policy before the service sees the request (I6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec
from starlette.requests import Request

__all__ = ["OPERATIONS", "Caller", "Demand", "Operation", "OwnCheck", "caller_of"]

Operation = Literal[
    "read", "write", "delete", "read-history", "write-history", "subscribe", "register", "administer"
]
"""The words of the node's policies."""
OPERATIONS: tuple[str, ...] = get_args(Operation)


class Demand(msgspec.Struct, frozen=True, tag_field="admission", tag="demand"):
    """A right that the caller must have in the tenant of the request.

    Attributes:
        operation: what it must be allowed to do.
        type: with entities of which type, as an IRI; None for what is not about one type.
    """

    operation: Operation
    type: str | None = None


class OwnCheck(msgspec.Struct, frozen=True, tag_field="admission", tag="own-check"):
    """The service itself finds out who calls: devices with tokens of their own, signed webhooks.

    Attributes:
        why: what the service goes by; it stands in the node's list of endpoints.
    """

    why: str


class Caller(msgspec.Struct, frozen=True):
    """Who sent a request, as the node has found out.

    Attributes:
        id: a stable name for logs, audit and ``issuedBy``; empty where the service checks for itself.
        tenant: the data set; empty for the default one.
        credentials: headers by which the broker knows this caller too; see ``Surroundings.acting_for``.
    """

    id: str
    tenant: str
    credentials: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Caller({self.id!r}, {self.tenant!r})"


def caller_of(request: Request) -> Caller:
    """Return who sent a request to an endpoint."""
    caller = request.state.caller
    if not isinstance(caller, Caller):
        raise TypeError("The request did not come through a node.")
    return caller
