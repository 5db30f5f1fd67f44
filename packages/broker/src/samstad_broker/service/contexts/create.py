"""Add @context: POST /jsonldContexts (clauses 5.13.2, 6.29.3.1).

- it is Hosted: served on demand, used without being fetched;
- what it refers to is fetched when it is first used.
"""

from __future__ import annotations

from typing import Any

from samstad_broker.service.call import Call
from samstad_broker.service.contexts.hosting import ContextKind, Hosting, require
from samstad_broker.spi.authorizer import Operation
from samstad_ngsild.context.names import encoded_source
from samstad_ngsild.errors import BadRequestData, InvalidRequest, TooManyResults

__all__ = ["add_context"]


async def add_context(hosting: Hosting, call: Call, body: Any, *, new_id: str) -> str:
    """Keep an @context and return its identifier.

    Args:
        hosting: where it is kept.
        call: by whom, when, in which tenant.
        body: a JSON object with the member ``@context``.
        new_id: the URI by which it is managed.

    Raises:
        InvalidRequest: the body has no ``@context``.
        BadRequestData: the ``@context`` is not one.
        Forbidden: the caller may not write in the tenant.
        TooManyResults: the tenant has as many, or as much, as it may.
    """
    require(hosting, call, Operation.WRITE)
    if not isinstance(body, dict) or "@context" not in body:
        raise InvalidRequest("The body must be a JSON object with the member @context.", pointer="/@context")
    content = body["@context"]
    _check(content)
    _check_room(hosting, call, len(encoded_source(content)))
    await hosting.keep(call, new_id, ContextKind.HOSTED, content)
    return new_id


def _check(content: Any) -> None:
    items = content if isinstance(content, list) else [content]
    for position, item in enumerate(items):
        if not isinstance(item, dict) and not (isinstance(item, str) and _is_url(item)):
            pointer = f"/@context/{position}" if isinstance(content, list) else "/@context"
            raise BadRequestData(
                "An @context is an http or https URL, an object, or an array of them.", pointer=pointer
            )


def _check_room(hosting: Hosting, call: Call, size: int) -> None:
    held = hosting.held(call.tenant)
    if held.hosted >= hosting.most_hosted or held.bytes + size > hosting.most_bytes:
        raise TooManyResults(
            f"The tenant has {held.hosted} @contexts here, with those of the node {held.bytes} bytes. "
            f"It may have {hosting.most_hosted} and {hosting.most_bytes} bytes. Delete some, or name a URL "
            "where yours stands instead of adding it.",
            pointer="/@context",
        )


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))
