"""Delete and reload @context: DELETE /jsonldContexts/{contextId} (clauses 5.13.5, 6.30.3.2).

- ``reload`` fetches a cached one anew; when that fails the old one stays;
- what the node was configured with stays.
"""

from __future__ import annotations

from samstad_broker.service.call import Call
from samstad_broker.service.contexts.hosting import ContextKind, Hosting, require
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.errors import BadRequestData, LdContextNotAvailable, OperationNotSupported

__all__ = ["delete_context"]


async def delete_context(hosting: Hosting, call: Call, context_id: str, *, reload: bool = False) -> None:
    """Give up an @context, or fetch a cached one anew.

    Raises:
        ResourceNotFound: there is none.
        BadRequestData: one that is not cached was to be reloaded.
        LdContextNotAvailable: it cannot be fetched, or what came is no @context.
        OperationNotSupported: it belongs to the configuration of the node.
        Forbidden: the caller may not write in the tenant.
    """
    require(hosting, call, Operation.WRITE)
    stored = hosting.get(call, context_id)
    if stored.kind is not ContextKind.CACHED:
        if reload:
            raise BadRequestData(
                f"The @context {context_id} is {stored.kind.value}; only a cached one can be reloaded.",
                pointer="reload",
            )
        await hosting.end(stored)
        return
    if stored.fixed:
        raise OperationNotSupported(
            f"The @context {stored.url} belongs to the configuration of the node.", pointer="contextId"
        )
    if reload:
        await _reload(hosting, stored.url, call.now_us)
    else:
        hosting.resolver.forget(stored.url)


async def _reload(hosting: Hosting, url: str, now_us: int) -> None:
    try:
        await hosting.resolver.reload(url, now_us=now_us)
    except BadRequestData as error:
        raise LdContextNotAvailable(error.detail, pointer=error.pointer) from error
