"""Which @context the names of a request are expanded with (CIM 009 clause 6.3.5).

| request                       | the @context                             | BadRequestData when             |
|-------------------------------|------------------------------------------|---------------------------------|
| GET, DELETE, HEAD             | of the Link header, else the default one | two Link headers differ         |
| POST, PATCH, PUT with JSON    | of the Link header, else the default one | the body holds an @context      |
| POST, PATCH, PUT with JSON-LD | of the body                              | none is there, or Link has one  |

A JSON-LD body that is an array holds an @context in each of its items.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from samstad_broker.http.bodies import Content
from samstad_broker.http.links import find_context_url
from samstad_broker.http.messages import Request, Response
from samstad_broker.service.model_breach import BreaksModel
from samstad_ngsild.context import Context, ContextSource
from samstad_ngsild.errors import BadRequestData

__all__ = ["ContextBinding", "Resolver", "take_context", "use_context", "write_in_context"]


class Resolver(Protocol):
    """What the binding needs of a ContextResolver."""

    def known(self, source: ContextSource | None, *, now_us: int = 0) -> Context | None:
        """Return a compiled @context that is at hand."""
        ...

    async def resolve(self, source: ContextSource | None, *, now_us: int = 0) -> Context:
        """Return a compiled @context, fetched where that is needed."""
        ...


class ContextBinding:
    """Finds the @context of requests.

    Args:
        resolver: compiles and fetches.
        default: what stands where a request names none (clause 5.5.5); None is the core @context.
    """

    __slots__ = ("_default", "_resolver")

    def __init__(self, resolver: Resolver, *, default: ContextSource | None = None) -> None:
        self._resolver = resolver
        self._default = default

    def of_link(self, request: Request, *, now_us: int) -> Context | Awaitable[Context]:
        """Return the @context of a GET or DELETE; only one that must be fetched has to be awaited."""
        link = request.headers.get("link")
        source = self._default if link is None else find_context_url(link) or self._default
        return self._resolved(source, now_us)

    def of_content(
        self, request: Request, content: Content, *, now_us: int
    ) -> tuple[dict[str, Any], Context | Awaitable[Context]]:
        """Return a body without its @context, and the @context, for a body that is one object.

        Raises:
            BadRequestData: the request mixes JSON and JSON-LD, or the body is not an object.
        """
        value = content.value
        if not isinstance(value, dict):
            raise BadRequestData("The body must be a JSON object.", pointer="")
        if not content.is_ld:
            _refuse_context(value, "")
            return value, self.of_link(request, now_us=now_us)
        _refuse_link(request)
        bare, source = take_context(value, "")
        return bare, self._resolved(source, now_us)

    def of_items(
        self, request: Request, content: Content, *, now_us: int
    ) -> list[tuple[Any, Context | Awaitable[Context] | BadRequestData]]:
        """Return each item of an array body with its @context, for the batch operations.

        An item that has no @context of its own stands with the error that it gets, so that the others can
        succeed (clause 5.6.7).

        Raises:
            BadRequestData: the body is no array, is empty, or comes with a Link header as JSON-LD.
        """
        items = content.value
        if not isinstance(items, list) or not items:
            raise BadRequestData("The body must be a JSON array with at least one item.", pointer="")
        if content.is_ld:
            _refuse_link(request)
            return [self._of_item(item, f"/{index}", now_us) for index, item in enumerate(items)]
        shared = self.of_link(request, now_us=now_us)
        return [(item, _context_error(item, f"/{index}") or shared) for index, item in enumerate(items)]

    def _of_item(
        self, item: Any, pointer: str, now_us: int
    ) -> tuple[Any, Context | Awaitable[Context] | BadRequestData]:
        if not isinstance(item, dict):
            return item, self._resolved(None, now_us)
        try:
            bare, source = take_context(item, pointer)
        except BadRequestData as error:
            return item, error
        return bare, self._resolved(source, now_us)

    def _resolved(self, source: ContextSource | None, now_us: int) -> Context | Awaitable[Context]:
        known = self._resolver.known(source, now_us=now_us)
        return known if known is not None else self._resolver.resolve(source, now_us=now_us)


def take_context(value: dict[str, Any], pointer: str) -> tuple[dict[str, Any], ContextSource]:
    """Return a JSON-LD object without its @context, and the @context.

    Raises:
        BadRequestData: there is none.
    """
    source = value.get("@context")
    if source is None:
        raise BadRequestData(
            "A body of type application/ld+json must hold an @context. "
            "Add one, or send application/json with a Link header.",
            pointer=f"{pointer}/@context",
        )
    if not isinstance(source, str | list | dict):
        raise BadRequestData(
            "An @context is a URL, an object or an array of them.", pointer=f"{pointer}/@context"
        )
    bare = value.copy()
    del bare["@context"]
    return bare, source


def _refuse_link(request: Request) -> None:
    if find_context_url(request.headers.get("link")) is not None:
        raise BadRequestData(
            "A body of type application/ld+json holds its @context inside; leave out the Link header.",
            pointer="Link",
        )


def _refuse_context(value: dict[str, Any], pointer: str) -> None:
    error = _context_error(value, pointer)
    if error is not None:
        raise error


def _context_error(value: Any, pointer: str) -> BadRequestData | None:
    if isinstance(value, dict) and "@context" in value:
        return BadRequestData(
            "A body of type application/json must not hold an @context. "
            "Name it in a Link header, or send application/ld+json.",
            pointer=f"{pointer}/@context",
        )
    return None


def use_context(
    context: Context | Awaitable[Context], use: Callable[[Context], Response | Awaitable[Response]]
) -> Response | Awaitable[Response]:
    """Go on with an @context: at once where it is at hand, else when it is there."""
    if isinstance(context, Context):
        return use(context)
    return _use_later(context, use)


async def write_in_context(
    context: Context | Awaitable[Context], write: Callable[[Context], Awaitable[Response]]
) -> Response:
    """Write with an @context; a refusal by the entity's model speaks in the caller's names."""
    known = context if isinstance(context, Context) else await context
    try:
        return await write(known)
    except BreaksModel as error:
        raise error.named(known) from None


async def _use_later(
    context: Awaitable[Context], use: Callable[[Context], Response | Awaitable[Response]]
) -> Response:
    response = use(await context)
    return response if isinstance(response, Response) else await response
