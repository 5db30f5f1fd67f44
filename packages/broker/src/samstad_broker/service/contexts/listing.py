"""List @contexts: GET /jsonldContexts (clauses 5.13.3, 6.29.3.2).

- those of the tenant, and those that the node has cached for all;
- without ``details`` their URLs, with it what is known of each (clause 5.13.3.5).
"""

from __future__ import annotations

from typing import Any

from samstad_broker.service.call import Call
from samstad_broker.service.contexts.hosting import ContextKind, Hosting, Stored, require
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.entities.dates import iso

__all__ = ["describe_context", "list_contexts"]


def list_contexts(hosting: Hosting, call: Call, *, kind: ContextKind | None = None) -> list[Stored]:
    """Return the stored @contexts of a kind, or of all kinds.

    Raises:
        NonexistentTenant: the tenant is not known.
        Forbidden: the caller may not read in it.
    """
    require(hosting, call, Operation.READ)
    return [
        stored
        for stored in (*hosting.own(call.tenant), *hosting.cached())
        if kind is None or stored.kind is kind
    ]


def describe_context(stored: Stored) -> dict[str, Any]:
    """Return the metadata of an @context (clause 5.13.3.5); a preloaded one has no ``createdAt``."""
    described: dict[str, Any] = {"URL": stored.url, "localId": stored.local_id, "kind": stored.kind.value}
    if stored.created_us is not None:
        described["createdAt"] = iso(stored.created_us)
    if stored.expires_us is not None:
        described["expiresAt"] = iso(stored.expires_us)
    return described
