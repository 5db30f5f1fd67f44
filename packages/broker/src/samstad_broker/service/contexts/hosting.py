"""Which @contexts a node holds, and under which URLs and identifiers.

| kind              | how it came                              | served | kept                   |
|-------------------|------------------------------------------|--------|------------------------|
| Hosted            | a client added it                        | yes    | as a document of the log |
| ImplicitlyCreated | a request brought it without a URL       | yes    | as a document of the log |
| Cached            | the node fetched it, or it was preloaded | no     | by the ContextResolver |

The URL of a served @context names no tenant, for whoever follows a Link header knows none: all of them
are documents of the default tenant, and each says to whom it belongs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import quote

from samstad_broker.service.broker import Broker
from samstad_broker.service.call import Call
from samstad_broker.spi.authorizer import Forbidden, Operation
from samstad_broker.spi.documents import Documents
from samstad_ngsild.context import ContextDocument, ContextResolver
from samstad_ngsild.context.names import encoded_source
from samstad_ngsild.errors import ResourceNotFound

__all__ = ["COLLECTION", "ContextKind", "Held", "Hosting", "Stored", "not_found", "require"]

COLLECTION = "contexts"
"""The collection of documents in the log that holds @contexts."""

_OWNER = ""


class ContextKind(StrEnum):
    """How a stored @context came (clause 5.13.1)."""

    CACHED = "Cached"
    HOSTED = "Hosted"
    IMPLICITLY_CREATED = "ImplicitlyCreated"


class Stored(NamedTuple):
    """One stored @context.

    Attributes:
        content: the value of its ``@context`` member.
        created_us: when it was added or fetched, microseconds since 1970 UTC; None where it was preloaded.
        expires_us: when a cached one must be fetched again; None for never.
        fixed: preloaded by the node's configuration, so that no client can take it away.
    """

    local_id: str
    url: str
    kind: ContextKind
    content: Any
    created_us: int | None
    expires_us: int | None = None
    fixed: bool = False


class Held(NamedTuple):
    """How much is held for one tenant: @contexts by kind, and the size of all of them."""

    hosted: int = 0
    implicit: int = 0
    bytes: int = 0


@dataclass(slots=True, kw_only=True)
class Hosting:
    """The stored @contexts of a shard.

    Attributes:
        base_url: where the resource stands for clients, such as
            ``https://city.example/ngsi-ld/v1/jsonldContexts``.
        most_implicit: @contexts that the node makes for one tenant; further ones get no URL (I5).
        most_hosted: @contexts that the clients of one tenant may add.
        most_bytes: size of all that are held for one tenant, of both kinds.
    """

    broker: Broker
    documents: Documents
    resolver: ContextResolver
    base_url: str
    most_implicit: int = 10_000
    most_hosted: int = 1_000
    most_bytes: int = 64 << 20
    _held: dict[str, Held] | None = field(default=None, init=False)

    def held(self, tenant: str) -> Held:
        """Return how much is held for a tenant; counted once, and kept up from then on."""
        return self._counted().get(tenant, Held())

    def _counted(self) -> dict[str, Held]:
        if self._held is None:
            self._held = {}
            for _, kept in self.documents.list(_OWNER, COLLECTION):
                _add(self._held, kept, 1)
        return self._held

    def _count(self, kept: Mapping[str, Any], count: int) -> None:
        _add(self._counted(), kept, count)

    def url(self, local_id: str) -> str:
        """Return the URL under which an @context is served."""
        return f"{self.base_url.rstrip('/')}/{quote(local_id, safe=':')}"

    async def keep(self, call: Call, local_id: str, kind: ContextKind, content: Any) -> str:
        """Hold an @context durably and return its URL.

        Raises:
            BadRequestData: it cannot be compiled.
        """
        url = self.url(local_id)
        self.resolver.pin(url, {"@context": content})
        kept = {"content": content, "kind": kind.value, "tenant": call.tenant, "createdUs": call.now_us}
        # Counted before it is written: of many at once none may slip past the bounds.
        is_new = self.documents.get(_OWNER, COLLECTION, local_id) is None
        self._count(kept, 1 if is_new else 0)
        try:
            await self.documents.put(_OWNER, COLLECTION, local_id, kept)
        except BaseException:
            if self.documents.get(_OWNER, COLLECTION, local_id) is None:
                self.resolver.forget(url)
                self._count(kept, -1 if is_new else 0)
            raise
        return url

    async def end(self, stored: Stored) -> None:
        """Give up a served @context durably."""
        self._counted()
        kept = self.documents.get(_OWNER, COLLECTION, stored.local_id)
        await self.documents.delete(_OWNER, COLLECTION, stored.local_id)
        if kept is not None:
            self._count(kept, -1)
        self.resolver.forget(stored.url)

    def own(self, tenant: str | None) -> Iterator[Stored]:
        """Yield what is served, oldest first: of one tenant, or of all where it is None."""
        for local_id, kept in self.documents.list(_OWNER, COLLECTION):
            if tenant is None or kept["tenant"] == tenant:
                yield self._stored(local_id, kept)

    def cached(self) -> Iterator[Stored]:
        """Yield what was fetched or preloaded."""
        base = self.base_url.rstrip("/") + "/"
        for document in self.resolver.documents():
            if not document.url.startswith(base):
                yield _cached(document)

    def served(self, local_id: str) -> Stored | None:
        """Return an @context that is served to everybody who has its identifier, or None."""
        kept = self.documents.get(_OWNER, COLLECTION, local_id)
        return None if kept is None else self._stored(local_id, kept)

    def get(self, call: Call, wanted: str) -> Stored:
        """Return an @context by its identifier, or its URL, that the caller's tenant may manage.

        Raises:
            ResourceNotFound: there is none, or it is another tenant's (I6).
        """
        kept = self.documents.get(_OWNER, COLLECTION, wanted)
        if kept is not None and kept["tenant"] == call.tenant:
            return self._stored(wanted, kept)
        for stored in (*self.own(call.tenant), *self.cached()):
            if wanted in (stored.local_id, stored.url):
                return stored
        raise not_found(wanted)

    def _stored(self, local_id: str, kept: Mapping[str, Any]) -> Stored:
        kind = ContextKind(kept["kind"])
        return Stored(local_id, self.url(local_id), kind, kept["content"], kept["createdUs"])


def _add(held: dict[str, Held], kept: Mapping[str, Any], count: int) -> None:
    before = held.get(kept["tenant"], Held())
    is_hosted = kept["kind"] == ContextKind.HOSTED.value
    held[kept["tenant"]] = Held(
        before.hosted + (count if is_hosted else 0),
        before.implicit + (0 if is_hosted else count),
        before.bytes + count * len(encoded_source(kept["content"])),
    )


def require(hosting: Hosting, call: Call, operation: Operation) -> None:
    """Raise unless the tenant is there and the caller may do this in it.

    Raises:
        NonexistentTenant: the tenant is not known.
        Forbidden: the caller may not.
    """
    hosting.broker.data(call)
    if not call.may(operation, None):
        raise Forbidden(
            f"{call.caller.id} may not {operation.value} @contexts here. "
            "Ask the node's administrator for a role that grants it."
        )


def not_found(wanted: str) -> ResourceNotFound:
    """Return the error for an identifier that nothing stands under."""
    return ResourceNotFound(f"There is no @context {wanted[:200]} here.", pointer="contextId")


def _cached(document: ContextDocument) -> Stored:
    local_id = "urn:ngsi-ld:CachedContext:" + hashlib.sha256(document.url.encode()).hexdigest()[:32]
    return Stored(
        local_id,
        document.url,
        ContextKind.CACHED,
        document.content,
        document.fetched_at_us,
        document.expires_at_us,
        fixed=document.pinned,
    )
