"""From what a producer calls its @context to a compiled one, with every remote reference bounded.

A stale document is used while its server cannot be reached (invariant I1: a node works with everything
else gone); a failure is remembered, so that an unreachable server is asked once in a while only.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin

import orjson

from samstad_ngsild.context.core import CORE_CONTEXT_URI, is_core_context_url
from samstad_ngsild.context.documents import ContextDocument, DocumentCache, parse_document
from samstad_ngsild.context.loader import ContextLimits, Loader
from samstad_ngsild.context.names import CORE, Context, ContextSource, compile_context, encoded_source
from samstad_ngsild.errors import BadRequestData, LdContextNotAvailable, NgsiLdError

__all__ = ["ContextResolver"]


@dataclass(slots=True)
class _Reading:
    """One @context on its way to being compiled."""

    now_us: int
    locals: list[dict[str, Any] | None] = field(default_factory=list)
    urls: set[str] = field(default_factory=set)
    digests: list[bytes] = field(default_factory=list)
    fetches: int = 0
    expires_at_us: int | None = None

    def expires(self, at_us: int | None) -> None:
        if at_us is not None and (self.expires_at_us is None or at_us < self.expires_at_us):
            self.expires_at_us = at_us


@dataclass(frozen=True, slots=True)
class _Compiled:
    context: Context
    expires_at_us: int | None
    urls: frozenset[str]


class ContextResolver:
    """Compiled @contexts by what producers give, remote documents by URL; all of it bounded.

    Args:
        loader: fetches remote @contexts; without one, only pinned documents are available.
        limits: what one @context may cost, and how much is kept.
    """

    def __init__(self, loader: Loader | None = None, *, limits: ContextLimits | None = None) -> None:
        self._loader = loader
        self._limits = limits or ContextLimits()
        self._documents = DocumentCache(limits=self._limits)
        self._contexts: OrderedDict[Any, _Compiled] = OrderedDict()
        self._held_terms = 0
        self._flights: dict[str, asyncio.Task[ContextDocument]] = {}

    def known(self, source: ContextSource | None, *, now_us: int = 0) -> Context | None:
        """Return the compiled @context where it is at hand and fresh; this never waits.

        With ``now_us`` 0, freshness is not looked at.
        """
        if source is None or source == CORE_CONTEXT_URI:
            return CORE
        key = _cache_key(source)
        compiled = self._contexts.get(key)
        if compiled is None:
            return CORE if isinstance(source, str) and is_core_context_url(source) else None
        if compiled.expires_at_us is not None and now_us >= compiled.expires_at_us:
            return None
        self._contexts.move_to_end(key)
        return compiled.context

    async def resolve(self, source: ContextSource | None, *, now_us: int = 0) -> Context:
        """Return the compiled @context, fetching what it refers to.

        Args:
            source: the ``@context`` member, or the URL of a Link header; None for the core @context.
            now_us: the time, in µs since 1970 UTC.

        Raises:
            BadRequestData: the @context is not one, or goes beyond the limits (clauses 5.5.6, 5.5.7).
            LdContextNotAvailable: a remote @context cannot be had.
        """
        context = self.known(source, now_us=now_us)
        if context is not None or source is None:
            return context or CORE
        self._check_inline(source)
        reading = _Reading(now_us)
        await self._read(source, base=None, chain=(), reading=reading)
        context = compile_context(source, reading.locals, max_terms=self._limits.terms, seeds=reading.digests)
        if not reading.locals:
            context = CORE  # nothing but the core @context, by whichever of its names
        self._keep(_cache_key(source), _Compiled(context, reading.expires_at_us, frozenset(reading.urls)))
        return context

    def pin(self, url: str, document: Any) -> None:
        """Hold a document under its URL for ever: a preloaded file, or one that the node hosts.

        Args:
            url: the URL under which producers name it.
            document: a JSON object with an ``@context`` member.

        Raises:
            BadRequestData: it has no ``@context``, or one that cannot be compiled by itself.
        """
        parsed = parse_document(
            url, orjson.dumps(document), expires_at_us=None, limits=self._limits, pinned=True
        )
        if isinstance(parsed.content, dict):
            compile_context(url, [parsed.content], max_terms=self._limits.terms)
        self.forget(url)
        self._documents.put(parsed)

    def forget(self, url: str) -> bool:
        """Drop a document, pinned or cached, and all that was compiled from it; tell whether it was there."""
        stale = [key for key, compiled in self._contexts.items() if url in compiled.urls]
        for key in stale:
            self._drop(key)
        return self._documents.forget(url)

    async def reload(self, url: str, *, now_us: int) -> ContextDocument:
        """Fetch a document anew (clause 5.13.5, ``reload``); where that fails, the old one stays.

        Raises:
            LdContextNotAvailable: it cannot be had.
            BadRequestData: what came is no @context.
        """
        document = await self._fetch(url, now_us=now_us)
        self.forget(url)
        self._documents.put(document)
        return document

    def documents(self) -> Iterator[ContextDocument]:
        """Yield the documents that are held, the pinned ones first."""
        return iter(self._documents)

    def find_document(self, url: str) -> ContextDocument | None:
        """Return the document held for a URL, fresh or stale."""
        return self._documents.find(url)

    def _check_inline(self, source: ContextSource) -> None:
        if not isinstance(source, str) and len(encoded_source(source)) > self._limits.document_bytes:
            raise BadRequestData(
                f"The @context is larger than {self._limits.document_bytes} bytes.", pointer="/@context"
            )

    async def _read(self, item: Any, *, base: str | None, chain: tuple[str, ...], reading: _Reading) -> None:
        """Append the local contexts of an item to the reading, depth first and in order."""
        if isinstance(item, str):
            await self._follow(item, base=base, chain=chain, reading=reading)
        elif isinstance(item, list):
            await self._read_list(item, base=base, chain=chain, reading=reading)
        elif item is None or isinstance(item, dict):
            reading.locals.append(item)
        else:
            raise BadRequestData(
                f"An @context must be a URL, an object or an array of them, not {type(item).__name__}.",
                pointer="/@context",
            )

    async def _read_list(
        self, items: list[Any], *, base: str | None, chain: tuple[str, ...], reading: _Reading
    ) -> None:
        for item in items:
            if isinstance(item, list):
                raise BadRequestData("An @context array must not hold arrays.", pointer="/@context")
            await self._read(item, base=base, chain=chain, reading=reading)

    async def _follow(self, url: str, *, base: str | None, chain: tuple[str, ...], reading: _Reading) -> None:
        if is_core_context_url(url):
            return
        if base is not None:
            url = urljoin(base, url)
        self._check_step(url, chain=chain, reading=reading)
        if is_core_context_url(url):
            return
        reading.fetches += 1
        document = await self._document(url, now_us=reading.now_us)
        reading.urls.add(url)
        reading.digests.append(document.digest)
        reading.expires(document.expires_at_us)
        await self._read(document.content, base=url, chain=(*chain, url), reading=reading)

    def _check_step(self, url: str, *, chain: tuple[str, ...], reading: _Reading) -> None:
        if not url.startswith(("http://", "https://")):
            raise BadRequestData(
                f"The @context {url[:200]!r} is not an http or https URL.", pointer="/@context"
            )
        if url in chain:
            raise BadRequestData(f"The @context at {url} refers to itself.", pointer="/@context")
        if len(chain) >= self._limits.depth:
            raise BadRequestData(
                f"The @context refers to others more than {self._limits.depth} deep.", pointer="/@context"
            )
        if reading.fetches >= self._limits.fetches:
            raise BadRequestData(
                f"The @context refers to more than {self._limits.fetches} others.", pointer="/@context"
            )

    async def _document(self, url: str, *, now_us: int) -> ContextDocument:
        held = self._documents.find(url)
        if held is not None and (held.pinned or held.fresh(now_us)):
            return held
        failure = self._documents.failure(url, now_us=now_us)
        if failure is not None:
            # A new error each time: an exception that is raised again grows its traceback.
            raise type(failure)(failure.detail, pointer=failure.pointer)
        try:
            document = await self._shared_fetch(url, now_us=now_us)
        except NgsiLdError as error:
            if held is not None and isinstance(error, LdContextNotAvailable):
                document = replace(held, expires_at_us=now_us + self._limits.negative_ttl_us)
                self._documents.put(document)
                return document
            self._documents.fail(url, error, now_us=now_us)
            raise
        self._documents.put(document)
        return document

    async def _shared_fetch(self, url: str, *, now_us: int) -> ContextDocument:
        """Fetch with one flight for all who wait; one who gives up does not stop it for the others."""
        flight = self._flights.get(url)
        if flight is None:
            flight = asyncio.ensure_future(self._fetch(url, now_us=now_us))
            self._flights[url] = flight
            flight.add_done_callback(_landed(self._flights, url))
        return await asyncio.shield(flight)

    async def _fetch(self, url: str, *, now_us: int) -> ContextDocument:
        if self._loader is None:
            raise LdContextNotAvailable(
                f"The @context at {url} is not preloaded, and this node fetches none.", pointer="/@context"
            )
        loaded = await self._loader.load(url)
        expires_at_us = loaded.expires_at_us
        if expires_at_us is None:
            expires_at_us = now_us + self._limits.default_ttl_us
        document = parse_document(url, loaded.body, expires_at_us=expires_at_us, limits=self._limits)
        return replace(document, fetched_at_us=now_us)

    def _keep(self, key: Any, compiled: _Compiled) -> None:
        self._drop(key)
        self._contexts[key] = compiled
        self._held_terms += compiled.context.size
        limits = self._limits
        while len(self._contexts) > limits.contexts or self._held_terms > limits.held_terms:
            self._drop(next(iter(self._contexts)))

    def _drop(self, key: Any) -> None:
        compiled = self._contexts.pop(key, None)
        if compiled is not None:
            self._held_terms -= compiled.context.size


def _landed(
    flights: dict[str, asyncio.Task[ContextDocument]], url: str
) -> Callable[[asyncio.Task[ContextDocument]], None]:
    def land(flight: asyncio.Task[ContextDocument]) -> None:
        flights.pop(url, None)
        if not flight.cancelled():
            flight.exception()  # looked at, so that a flight without passengers is not reported

    return land


def _cache_key(source: ContextSource) -> Any:
    """Return a hashable form of a source: itself, its URLs, or its JSON text."""
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(item, str) for item in source):
        return tuple(source)
    return encoded_source(source)
