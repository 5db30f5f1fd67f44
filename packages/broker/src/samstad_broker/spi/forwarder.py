"""The Forwarder port: what registered sources know beside this broker (clauses 4.3.6, 5.7, 5.12).

A tenant without registrations costs one look into ``Forwarder.tenants``; nothing else of this module is
on the way of its requests. The broker says what is asked and what it holds itself; which sources are
asked, how, and what their answers come to, the forwarder decides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from samstad_ngsild.context import Context
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.query import EntitySelector, Query, SafePattern

__all__ = [
    "Asked",
    "Combined",
    "Division",
    "EntityInfo",
    "Forwarder",
    "Information",
    "Inquiry",
    "Local",
    "LocalPage",
    "Lookup",
    "Match",
    "NoForwarder",
    "Result",
    "Sending",
    "Share",
    "Source",
    "SourceProgress",
    "Window",
    "Write",
]


class EntityInfo(NamedTuple):
    """Which entities an element of information is about (clause 5.2.8).

    Attributes:
        id: of the one entity; None: see the pattern.
        pattern: what the ids meet; None: any.
        types: IRIs, of which an entity has at least one.
    """

    id: str | None
    pattern: SafePattern | None
    types: frozenset[str]


class Information(NamedTuple):
    """One element of information of a registration (clause 5.2.10).

    Attributes:
        entities: whom it is about; empty: any entity.
        attributes: IRIs; empty: all.
    """

    entities: tuple[EntityInfo, ...]
    attributes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A registered context source, as requests are matched to it and sent (clauses 5.2.9, 5.2.34).

    Attributes:
        id: of the registration.
        mode: ``inclusive``, ``exclusive``, ``redirect`` or ``auxiliary`` (clause 4.3.6).
        endpoint: its URL without ``/ngsi-ld/v1``.
        tenant: at the source; empty for its default one.
        alias: what it calls itself in ``Via``; empty: not known.
        operations: single ones (clause 4.20).
        is_historic: it registers history alone.
        local_only: it is asked for what it holds itself.
        timeout_us, cooldown_us, cache_us: as the registration wishes; None: as the node has it.
        told: pairs of contextSourceInfo, keys as they were given.
        expires_us: when the registration ends; None: never.
        body: the registration with its names as IRIs, for context source filters.
    """

    id: str
    mode: str
    endpoint: str
    tenant: str
    alias: str
    operations: frozenset[str]
    information: tuple[Information, ...]
    is_historic: bool = False
    local_only: bool = False
    timeout_us: int | None = None
    cooldown_us: int | None = None
    cache_us: int | None = None
    told: tuple[tuple[str, str], ...] = ()
    expires_us: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a request matters to sources.

    Attributes:
        tenant: in which it was asked.
        context: the names that the client writes, and sources are written to.
        now_us: when it came, microseconds since 1970 UTC.
        headers: lower-case name → value, as they came.
        may_read: whether the caller may read an entity of these types; what they may not is left out.
    """

    tenant: str
    context: Context
    now_us: int
    headers: Mapping[str, str]
    may_read: Callable[[Collection[str]], bool]


class Match(NamedTuple):
    """A source that a request concerns.

    Attributes:
        information: the elements of its information that do it.
        selector: of a query's selectors the one that they meet; None: the query has none.
    """

    source: Source
    information: tuple[Information, ...]
    selector: EntitySelector | None = None


class Lookup(NamedTuple):
    """One entity that is asked for.

    Attributes:
        fits_types: whether types can be the entity's; None: nothing is known of its types.
        types: IRIs of which those types have at least one; None: not known.
        attributes: IRIs that are asked for; empty: all.
    """

    entity_id: str
    fits_types: Callable[[Collection[str]], bool] | None = None
    types: Collection[str] | None = None
    attributes: Collection[str] = ()


class LocalPage(NamedTuple):
    """Entities that this broker holds.

    Attributes:
        documents: of the entities, which are not shared.
        more: whether others follow.
        total: how many there are, if it was asked for.
    """

    documents: list[EntityDocument]
    more: bool
    total: int | None


class Local(Protocol):
    """What this broker holds itself of the entities that a query is about."""

    async def page(self, query: Query, *, limit: int, count: bool) -> LocalPage:
        """Return the first ones that a query matches."""
        ...

    async def list_ids(self, query: Query) -> list[str]:
        """Return the ids of all that a query matches, in its order."""
        ...

    async def among(self, query: Query, ids: Sequence[str]) -> list[EntityDocument]:
        """Return those of some ids that a query matches."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a result is asked for."""

    limit: int
    offset: int = 0
    count: bool = False


class Inquiry(NamedTuple):
    """A query that concerns sources.

    Attributes:
        asked: the request.
        matches: the sources to ask.
        query: what is asked.
        local: what this broker holds of it.
    """

    asked: Asked
    matches: Sequence[Match]
    query: Query
    local: Local


class Combined(NamedTuple):
    """What broker and sources know together.

    Attributes:
        documents: each entity once.
        warnings: values of ``NGSILD-Warning`` (clause 6.3.17).
        more: whether another page follows.
        total: how many there are in all, if it was asked for.
        next_offset: where the next page begins, where it is not behind the entities of this one.
    """

    documents: list[EntityDocument]
    warnings: list[str]
    more: bool = False
    total: int | None = None
    next_offset: int | None = None


class Share(NamedTuple):
    """What of a write goes to one source.

    Attributes:
        body: an entity, a fragment, an attribute, or a list of them for a batch, in the names of the client;
            None for what has none.
        attributes: the names in it, as the client wrote them; empty where the whole entity is meant.
        is_supported: whether the source takes the operation; if not, nothing is sent (clause 5.6.1.4).
    """

    match: Match
    body: Any
    attributes: tuple[str, ...] = ()
    is_supported: bool = True


class Division(NamedTuple):
    """A write, divided between sources and this broker.

    Attributes:
        rest: what is left for this broker; None: nothing is, all of it is held elsewhere.
        is_proxied: whether a part may not be held here (exclusive and redirect registrations).
    """

    shares: list[Share]
    rest: Mapping[str, Any] | None
    is_proxied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """An operation that changes entities.

    Attributes:
        operation: the name of clause 4.20.
        entity_id: of the entity.
        types: IRIs of its types, as far as they are known here; empty: not at all.
        body: in the names of the client; None for a deletion.
        attribute: the IRI of the one attribute that is meant; None: what the body holds.
    """

    operation: str
    entity_id: str
    types: Collection[str] = ()
    body: Mapping[str, Any] | None = None
    attribute: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How a write goes to a source.

    Attributes:
        path: below the API, encoded; the attribute follows behind it, in the names of the source.
        attribute: an IRI; None for none.
        parameters: of the URL.
    """

    method: str
    path: str
    attribute: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


class Result(NamedTuple):
    """What came of a share.

    Attributes:
        status: of the source's answer; 504 where none came in time, 502 where none came at all, 409 where
            the source does not support the operation.
        content: of the answer, as far as it is JSON.
        detail: for people, where it failed.
    """

    share: Share
    status: int
    content: Any = None
    detail: str = ""

    @property
    def is_success(self) -> bool:
        """Whether all of it was done."""
        return 200 <= self.status < 300 and self.status != 207


class SourceProgress(NamedTuple):
    """What was counted of the requests to one source since the start (clause 5.2.9, read-only members).

    Attributes:
        sent, failed: requests.
        success_us, failure_us: when the last one succeeded and failed; 0: never.
    """

    sent: int
    failed: int
    success_us: int
    failure_us: int


class Forwarder(Protocol):
    """Finds the sources that a request concerns, and asks them."""

    @property
    def tenants(self) -> Collection[str]:
        """Those with registrations of sources: requests of all others are local."""
        ...

    def keep(self, tenant: str, source: Source) -> None:
        """Take a new or changed registration."""
        ...

    def drop(self, tenant: str, registration_id: str) -> None:
        """Forget a registration."""
        ...

    def progress(self, tenant: str, registration_id: str) -> SourceProgress | None:
        """Return what was counted of a source since the start; None: it was not asked."""
        ...

    def may_concern(self, tenant: str, ids: Sequence[str], types: Sequence[str]) -> bool:
        """Whether any registration could be about entities of some ids, or (none) any id, and some types.

        A quick look that leaves out everything else; what it denies, nothing matches.
        """
        ...

    def match_entity(self, asked: Asked, operation: str, lookup: Lookup) -> Sequence[Match]:
        """Return the sources that may know an entity (clause 5.12), none for most requests.

        Args:
            asked: the request; sources that its ``Via`` names are left out.
            operation: the name of clause 4.20.
            lookup: the entity.

        Raises:
            LoopDetected: the request came from here.
        """
        ...

    def match_query(self, asked: Asked, operation: str, query: Query) -> Sequence[Match]:
        """Return the sources that may know entities of a query, in the same way."""
        ...

    async def retrieve(
        self,
        asked: Asked,
        matches: Sequence[Match],
        entity_id: str,
        local: EntityDocument | None,
        *,
        attributes: Collection[str] = (),
    ) -> Combined:
        """Return what all know of one entity: one document or none; of all attributes, or of some."""
        ...

    async def query(self, inquiry: Inquiry, window: Window) -> Combined:
        """Return one page of what all know together.

        Raises:
            TooManyResults, TooComplexQuery: more would have to be fetched than the node fetches.
        """
        ...

    async def list_types(self, asked: Asked) -> tuple[dict[str, set[str]], list[str]]:
        """Return the types that sources hold, each with its attributes, all as IRIs, and warnings (5.7.6).

        Raises:
            LoopDetected: the request came from here.
        """
        ...

    def divide(self, asked: Asked, write: Write) -> Division | None:
        """Return what of a write goes where; None: all of it is this broker's.

        Raises:
            LoopDetected: the request came from here.
        """
        ...

    async def send(self, asked: Asked, shares: Sequence[tuple[Share, Sending]]) -> list[Result]:
        """Send shares to their sources at once and return what came of each."""
        ...

    async def list_places(self, inquiry: Inquiry) -> tuple[dict[str, tuple[str, ...]], list[str]]:
        """Return for each entity of a query the registrations that know it, and warnings.

        ``@none`` stands for this broker (clause 5.2.39). Raises as ``query`` does.
        """
        ...

    async def query_mapped(
        self, inquiry: Inquiry, places: Mapping[str, Sequence[str]], window: Window
    ) -> Combined:
        """Return one page of the entities of a map; ``offset`` is a place in the map (clause 5.5.14)."""
        ...


class NoForwarder:
    """Knows no sources: for a broker without federation, every request is local."""

    tenants: Collection[str] = frozenset()

    def keep(self, tenant: str, source: Source) -> None:
        """Keep nothing."""

    def drop(self, tenant: str, registration_id: str) -> None:
        """Forget nothing."""

    def progress(self, tenant: str, registration_id: str) -> SourceProgress | None:
        """Count nothing."""
        del tenant, registration_id
        return None

    def may_concern(self, tenant: str, ids: Sequence[str], types: Sequence[str]) -> bool:
        """Concern nobody."""
        del tenant, ids, types
        return False

    def match_entity(self, asked: Asked, operation: str, lookup: Lookup) -> Sequence[Match]:
        """Return none."""
        del asked, operation, lookup
        return ()

    def match_query(self, asked: Asked, operation: str, query: Query) -> Sequence[Match]:
        """Return none."""
        del asked, operation, query
        return ()

    async def retrieve(
        self,
        asked: Asked,
        matches: Sequence[Match],
        entity_id: str,
        local: EntityDocument | None,
        *,
        attributes: Collection[str] = (),
    ) -> Combined:
        """Return what is here."""
        del asked, matches, entity_id, attributes
        return Combined([] if local is None else [local], [])

    async def query(self, inquiry: Inquiry, window: Window) -> Combined:
        """Return what is here."""
        found = await inquiry.local.page(
            inquiry.query, limit=window.offset + window.limit, count=window.count
        )
        return Combined(found.documents[window.offset :], [], found.more, found.total)

    async def list_places(self, inquiry: Inquiry) -> tuple[dict[str, tuple[str, ...]], list[str]]:
        """Return nothing: a map of a broker without sources is its own."""
        del inquiry
        return {}, []

    async def query_mapped(
        self, inquiry: Inquiry, places: Mapping[str, Sequence[str]], window: Window
    ) -> Combined:
        """Return what is here of the entities of a map."""
        ids = list(places)[window.offset : window.offset + window.limit]
        return Combined(
            await inquiry.local.among(inquiry.query, ids), [], window.offset + window.limit < len(places)
        )

    def divide(self, asked: Asked, write: Write) -> Division | None:
        """Leave all of it here."""
        del asked, write
        return None

    async def send(self, asked: Asked, shares: Sequence[tuple[Share, Sending]]) -> list[Result]:
        """Send nothing."""
        del asked, shares
        return []

    async def list_types(self, asked: Asked) -> tuple[dict[str, set[str]], list[str]]:
        """Return none."""
        del asked
        return {}, []
