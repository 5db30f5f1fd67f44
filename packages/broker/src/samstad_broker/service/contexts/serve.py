"""Serve @context: GET /jsonldContexts/{contextId} (clauses 5.13.4, 6.30.3.1).

- whoever has the identifier of a served one gets its content: Link headers lead here;
- a cached one is not served (OperationNotSupported).
"""

from __future__ import annotations

from typing import Any

from samstad_broker.service.call import Call
from samstad_broker.service.contexts.hosting import ContextKind, Hosting
from samstad_ngsild.errors import OperationNotSupported

__all__ = ["serve_context"]


def serve_context(hosting: Hosting, call: Call, context_id: str) -> dict[str, Any]:
    """Return the document of an @context.

    Raises:
        OperationNotSupported: it is cached from elsewhere.
        ResourceNotFound: there is none.
    """
    stored = hosting.served(context_id) or hosting.get(call, context_id)
    if stored.kind is ContextKind.CACHED:
        raise OperationNotSupported(
            f"The @context {stored.url} is a cached one; fetch it from its own URL.", pointer="contextId"
        )
    return {"@context": stored.content}
