"""A URL for an @context that came inside a request (clause 5.13.1, ImplicitlyCreated).

A response or notification as plain JSON names its @context in a Link header, which holds one URL.
"""

from __future__ import annotations

import hashlib

from samstad_broker.service.call import Call
from samstad_broker.service.contexts.hosting import ContextKind, Hosting
from samstad_ngsild.context import Context
from samstad_ngsild.context.names import encoded_source

__all__ = ["host_implicitly"]


async def host_implicitly(hosting: Hosting, call: Call, context: Context) -> Context:
    """Return an @context with a URL for Link headers: its own, or one under which the node serves it.

    The same @context of the same tenant gets the same URL. Where the tenant has too many already, the
    @context comes back as it is.
    """
    if context.link is not None:
        return context
    source = encoded_source(context.source)
    digest = hashlib.sha256(call.tenant.encode() + b"\0" + source).hexdigest()[:32]
    local_id = f"urn:ngsi-ld:ImplicitContext:{digest}"
    if hosting.served(local_id) is None:
        held = hosting.held(call.tenant)
        if held.implicit >= hosting.most_implicit or held.bytes + len(source) > hosting.most_bytes:
            return context
        await hosting.keep(call, local_id, ContextKind.IMPLICITLY_CREATED, context.source)
    return context.hosted_at(hosting.url(local_id))
