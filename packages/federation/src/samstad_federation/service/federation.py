"""The federation of one node: it fills the broker's Forwarder port."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from samstad_broker.spi.forwarder import (
    Asked,
    Combined,
    Division,
    Inquiry,
    Lookup,
    Match,
    Result,
    Sending,
    Share,
    Source,
    SourceProgress,
    Window,
    Write,
)
from samstad_federation.domain.division import divided
from samstad_federation.domain.sources import Sought, Sources
from samstad_federation.domain.via import check_loop, passed
from samstad_federation.domain.warnings import WarningCode, warning
from samstad_federation.service.answers import Answers
from samstad_federation.service.contacts import Contacts
from samstad_federation.service.naming import Resolve
from samstad_federation.service.reading import Reading
from samstad_federation.service.writing import Writing
from samstad_federation.settings import FederationSettings
from samstad_federation.spi.wire import Wire
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.query import (
    EntitySelector,
    Query,
    alternatives,
    attribute_names,
    compile_csf,
    compile_type_selection,
)

__all__ = ["Federation"]

_CORE = frozenset({"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"})


class Federation:
    """Knows the registered sources of every tenant, and asks them.

    Args:
        wire: sends requests.
        alias: what this node calls itself in ``Via``.
        now_us: the clock, microseconds since 1970 UTC.
        resolve: finds the @contexts of registrations and answers.
        settings: the bounds.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        alias: str,
        now_us: Callable[[], int],
        resolve: Resolve,
        settings: FederationSettings | None = None,
    ) -> None:
        self.settings = settings or FederationSettings()
        self.contacts = Contacts(wire, alias=alias, now_us=now_us, settings=self.settings)
        self._wire = wire
        self._answers = Answers(self.contacts, resolve, self.settings)
        self._reading = Reading(self._answers, self.settings)
        self._writing = Writing(self.contacts, resolve)
        self._sources: dict[str, Sources] = {}

    async def close(self) -> None:
        """End every connection."""
        await self._wire.close()

    @property
    def tenants(self) -> Collection[str]:
        """Those with registrations of sources."""
        return self._sources

    def keep(self, tenant: str, source: Source) -> None:
        """Take a new or changed registration."""
        self._sources.setdefault(tenant, Sources()).put(source)

    def drop(self, tenant: str, registration_id: str) -> None:
        """Forget a registration."""
        sources = self._sources.get(tenant)
        self.contacts.forget(tenant, registration_id)
        if sources is not None:
            sources.drop(registration_id)
            if not len(sources):
                del self._sources[tenant]

    def progress(self, tenant: str, registration_id: str) -> SourceProgress | None:
        """Return what was counted of a source since the start."""
        return self.contacts.progress(tenant, registration_id)

    def may_concern(self, tenant: str, ids: Sequence[str], types: Sequence[str]) -> bool:
        """Whether any registration could be about entities of some ids and some types."""
        sources = self._sources.get(tenant)
        return sources is not None and sources.may_concern(ids, types)

    def match_entity(self, asked: Asked, operation: str, lookup: Lookup) -> list[Match]:
        """Return the sources that may know an entity."""
        sought = Sought((lookup.entity_id,), None, lookup.fits_types, lookup.attributes, lookup.types)
        return self._readable(asked, operation, [(None, sought)])

    def match_query(self, asked: Asked, operation: str, query: Query) -> list[Match]:
        """Return the sources that may know entities of a query."""
        attributes = _attributes(query)
        selectors = query.selectors or (None,)
        sought = [(selector, _sought(selector, query, attributes)) for selector in selectors]
        matches = self._readable(asked, operation, sought)
        if query.csf is None or not matches:
            return matches
        wanted = compile_csf(query.csf, query.context)
        return [match for match in matches if wanted(match.source.body)]

    def _readable(
        self, asked: Asked, operation: str, sought: Iterable[tuple[EntitySelector | None, Sought]]
    ) -> list[Match]:
        found = self._matches(asked, operation, sought)
        return [match for match in found if _may_be_read(match, asked)] if found else found

    def _matches(
        self, asked: Asked, operation: str, sought: Iterable[tuple[EntitySelector | None, Sought]]
    ) -> list[Match]:
        sources = self._sources.get(asked.tenant)
        if sources is None:
            return []
        via = asked.headers.get("via")
        hops = () if via is None else passed(via)
        found: list[Match] = []
        for selector, one in sought:
            matched = sources.match(one, operation, now_us=asked.now_us, without=hops)
            found += [match._replace(selector=selector) for match in matched] if selector else matched
        if found and hops:
            check_loop(hops, self.contacts.alias(asked.tenant))
        return found

    async def retrieve(
        self,
        asked: Asked,
        matches: Sequence[Match],
        entity_id: str,
        local: EntityDocument | None,
        *,
        attributes: Collection[str] = (),
    ) -> Combined:
        """Return what all know of one entity."""
        chosen, left_out = self._bounded(asked, matches)
        wanted = frozenset(attributes)
        combined = await self._reading.retrieve(asked, chosen, entity_id, wanted=wanted, local=local)
        return _warned(combined, left_out)

    async def query(self, inquiry: Inquiry, window: Window) -> Combined:
        """Return one page of what all know together."""
        bounded, left_out = self._bounded_inquiry(inquiry)
        return _warned(await self._reading.query(bounded, window), left_out)

    async def list_places(self, inquiry: Inquiry) -> tuple[dict[str, tuple[str, ...]], list[str]]:
        """Return for each entity of a query who knows it."""
        bounded, left_out = self._bounded_inquiry(inquiry)
        places, warnings = await self._reading.list_places(bounded)
        return places, [*warnings, *left_out]

    async def query_mapped(
        self, inquiry: Inquiry, places: Mapping[str, Sequence[str]], window: Window
    ) -> Combined:
        """Return one page of the entities of a map."""
        bounded, left_out = self._bounded_inquiry(inquiry)
        return _warned(await self._reading.query_mapped(bounded, places, window), left_out)

    def _bounded_inquiry(self, inquiry: Inquiry) -> tuple[Inquiry, list[str]]:
        chosen, left_out = self._bounded(inquiry.asked, inquiry.matches)
        return inquiry._replace(matches=chosen), left_out

    async def list_types(self, asked: Asked) -> tuple[dict[str, set[str]], list[str]]:
        """Return the types that sources hold, each with its attributes."""
        matches = self._readable(asked, "retrieveEntityTypeDetails", [(None, Sought())])
        chosen, left_out = self._bounded(asked, matches)
        types, warnings = await self._answers.types(asked, chosen)
        return types, [*warnings, *left_out]

    def divide(self, asked: Asked, write: Write) -> Division | None:
        """Return what of a write goes where."""
        types = frozenset(write.types)
        # Whoever may write need not read: what a source alone holds must not be kept here instead.
        sought = Sought((write.entity_id,), types=types or None, fits_types=_any_of(types))
        matches = self._matches(asked, "", [(None, sought)])
        return divided(write, matches, asked.context.expand) if matches else None

    async def send(self, asked: Asked, shares: Sequence[tuple[Share, Sending]]) -> list[Result]:
        """Send shares to their sources at once and return what came of each."""
        return await self._writing.send(asked, shares)

    def _bounded(self, asked: Asked, matches: Sequence[Match]) -> tuple[Sequence[Match], list[str]]:
        most = self.settings.sources_per_request
        if len(matches) <= most:
            return matches, []
        told = f"{len(matches) - most} sources were not asked: one request asks {most}"
        return matches[:most], [warning(WarningCode.NO_ANSWER, self.contacts.alias(asked.tenant), told)]


def _warned(combined: Combined, warnings: list[str]) -> Combined:
    return combined._replace(warnings=[*combined.warnings, *warnings]) if warnings else combined


def _may_be_read(match: Match, asked: Asked) -> bool:
    """Whether the caller may read anything that a source is registered for (I6)."""
    for info in match.information:
        if not info.entities or any(asked.may_read(entity.types) for entity in info.entities):
            return True
    return False


def _attributes(query: Query) -> frozenset[str]:
    """Return the attributes that are shown, and those that decide; empty: all are shown."""
    picked = frozenset() if query.pick is None else query.pick.names
    shown = picked.union(query.attrs) - _CORE
    if not shown:
        return frozenset()
    deciding = () if query.q is None else attribute_names(query.q)
    return frozenset(map(query.context.expand, {*shown, *deciding}))


def _sought(selector: EntitySelector | None, query: Query, attributes: frozenset[str]) -> Sought:
    if selector is None:
        return Sought(attributes=attributes)
    types = None if selector.types is None else compile_type_selection(selector.types, query.context)
    pattern = None if selector.id_pattern is None else selector.id_pattern.search
    some = None if selector.types is None else alternatives(selector.types, query.context)
    return Sought(selector.ids, pattern, types, attributes, some)


def _any_of(types: frozenset[str]) -> Callable[[Collection[str]], bool] | None:
    return (lambda those: not types.isdisjoint(those)) if types else None
