"""One source asked for entities, and what its answer is worth (clauses 5.7.1.4, 5.7.2.4, 6.3.17)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import orjson

from samstad_broker.spi.forwarder import Asked, Match
from samstad_federation.domain.asking import attributes_for, query_parameters
from samstad_federation.domain.joining import UNTOLD, Version, is_valid, reduced
from samstad_federation.domain.sources import covers, covers_type
from samstad_federation.domain.warnings import WarningCode, foreign_warnings, warning
from samstad_federation.service.contacts import Contacts, Fate, Outcome
from samstad_federation.service.naming import Resolve, link_header, names_for, wish
from samstad_federation.settings import FederationSettings
from samstad_federation.spi.wire import Reply, Sent
from samstad_ngsild.context import Context
from samstad_ngsild.entities.expand import expand_entity
from samstad_ngsild.errors import NgsiLdError
from samstad_ngsild.query import Query

__all__ = ["Answers", "Given", "Held"]

_SLICE = 50
"""Entities read before other requests get their turn: about 2 ms (I5)."""
_IDS_CHARACTERS = 3_000
"""Of ids in one URL; more are asked for in several requests."""
_PATIENCE = 2
"""Times that a source may take as long as for one answer, where a page takes several (I5)."""
_MAP_PATIENCE = 20
_JSON = ("application/json", "application/ld+json")


@dataclass(slots=True)
class Given:
    """What a source gave.

    Attributes:
        held: by entity id, in the order of the answer.
        warnings: values of ``NGSILD-Warning``.
        broken: entities that were not valid.
        more: whether it has others.
        total: how many it says that it has.
    """

    match: Match
    held: dict[str, Held] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    broken: int = 0
    more: bool = False
    total: int | None = None


class Held(NamedTuple):
    """An entity as a source gave it; it is read when it is to be shown, which of many only a page is."""

    given: Given
    body: dict[str, Any]
    context: Context


class _Batch(NamedTuple):
    documents: list[Any]
    total: int | None


class Answers:
    """Asks single sources.

    Args:
        contacts: sends.
        resolve: finds the @contexts of registrations and answers.
        settings: the bounds.
    """

    def __init__(self, contacts: Contacts, resolve: Resolve, settings: FederationSettings) -> None:
        self._contacts = contacts
        self._resolve = resolve
        self._settings = settings

    async def entity(self, asked: Asked, match: Match, entity_id: str, wanted: Collection[str]) -> Given:
        """Ask for one entity, of whose attributes some or (empty) all are wanted."""
        given = Given(match)
        context = await self._names(asked, given)
        if context is None:
            return given
        parameters = self._parameters(match, context, wanted)
        path = "/entities/" + quote(entity_id, safe=":")
        batch = await self._get(asked, given, path, parameters, context)
        if batch is not None:
            await self._take(asked, given, batch.documents, context, only=frozenset((entity_id,)))
        return given

    async def page(  # noqa: PLR0913 - a page of a query is said by all of these
        self,
        asked: Asked,
        match: Match,
        query: Query,
        *,
        most: int,
        count: bool = False,
        filters: bool = True,
    ) -> Given:
        """Ask for the first entities of a query, in as many requests as that takes."""
        given = Given(match)
        context = await self._names(asked, given)
        if context is None:
            return given
        parameters = self._query(match, query, context, filters=filters)
        offset = 0
        while True:
            limit = min(self._settings.page, most - offset)
            page = {**parameters, "limit": str(limit)}
            if offset:
                page["offset"] = str(offset)
            if count and not offset:
                page["count"] = "true"
            batch = await self._get(asked, given, "/entities", page, context)
            if batch is None:
                return given
            given.total = batch.total if batch.total is not None else given.total
            await self._take(asked, given, batch.documents, context)
            offset += limit
            if len(batch.documents) < limit or self._is_late(asked, given, most):
                return given
            if offset >= most:
                given.more = True
                return given

    async def among(
        self, asked: Asked, match: Match, query: Query, ids: Sequence[str], *, filters: bool = True
    ) -> Given:
        """Ask for those of some entities that a query matches."""
        given = Given(match)
        context = await self._names(asked, given)
        if context is None:
            return given
        parameters = self._query(match, query, context, filters=filters)
        parameters.pop("idPattern", None)
        for chunk in _chunks(ids, self._settings.page):
            asking = {**parameters, "id": ",".join(chunk), "limit": str(len(chunk))}
            batch = await self._get(asked, given, "/entities", asking, context)
            if batch is None:
                return given
            await self._take(asked, given, batch.documents, context, only=frozenset(chunk))
        return given

    async def types(self, asked: Asked, matches: Sequence[Match]) -> tuple[dict[str, set[str]], list[str]]:
        """Return the types that sources hold of what they are registered for, with their attributes."""
        givens = [Given(match) for match in matches]
        listed = await asyncio.gather(*(self._types(asked, given) for given in givens))
        found: dict[str, set[str]] = {}
        for one in listed:
            for name, attributes in one.items():
                found.setdefault(name, set()).update(attributes)
        return found, self.warnings(asked, givens)

    async def _types(self, asked: Asked, given: Given) -> dict[str, set[str]]:
        context = await self._names(asked, given)
        if context is None:
            return {}
        parameters = {"details": "true"}
        if given.match.source.local_only:
            parameters["local"] = "true"
        batch = await self._get(asked, given, "/types", parameters, context)
        found: dict[str, set[str]] = {}
        for body in () if batch is None else batch.documents:
            told = _type_in(body, context)
            if told is None:
                given.broken += 1
                continue
            about = covers_type(given.match.information, told[0])
            if about is not None and asked.may_read((told[0],)):
                found[told[0]] = told[1] & about if about else told[1]
        return found

    def _is_late(self, asked: Asked, given: Given, most: int) -> bool:
        """Whether a source that answers, but slowly, is asked for no more; what it gave counts."""
        source = given.match.source
        patience = _PATIENCE if most <= self._settings.window else _MAP_PATIENCE
        if not self._contacts.is_late(asked, source, patience=patience):
            return False
        told = f"{source.id} is slow; not all that it knows was fetched"
        given.warnings.append(self._warning(asked, WarningCode.NO_ANSWER, told))
        return True

    async def _names(self, asked: Asked, given: Given) -> Context | None:
        source = given.match.source
        try:
            return await names_for(source, asked, self._resolve)
        except NgsiLdError as error:
            given.warnings.append(self._warning(asked, WarningCode.ERROR, error.detail))
            return None

    def _parameters(self, match: Match, context: Context, wanted: Collection[str]) -> dict[str, str]:
        parameters = {"options": "sysAttrs"}
        attributes = attributes_for(match, wanted)
        if attributes:
            parameters["attrs"] = ",".join(sorted(map(context.compact, attributes)))
        if match.source.local_only:
            parameters["local"] = "true"
        return parameters

    def _query(self, match: Match, query: Query, context: Context, *, filters: bool) -> dict[str, str]:
        wanted = frozenset(map(query.context.expand, query.attrs)) if filters else frozenset()
        return {
            **query_parameters(query, match.selector, context, filters=filters),
            **self._parameters(match, context, wanted),
        }

    async def _get(
        self, asked: Asked, given: Given, path: str, parameters: Mapping[str, str], context: Context
    ) -> _Batch | None:
        """Return the entities of one answer, None where there is none that counts."""
        source = given.match.source
        accept = wish(source, "accept") or "application/json"
        headers = {"Accept": accept, "Link": link_header(context)}
        url = path + "?" + urlencode(parameters, quote_via=quote, safe=":,/")
        outcome = await self._contacts.ask(asked, source, Sent("GET", url, headers))
        reply = outcome.reply
        if reply is None or reply.status != 200:
            given.warnings += self._failure(asked, given, outcome)
            return None
        given.warnings += foreign_warnings(reply.headers.get("ngsild-warning"))
        if outcome.fate is Fate.STALE:
            told = f"kept {outcome.age_us // 1_000_000} s ago from {source.id}"
            given.warnings.append(self._warning(asked, WarningCode.STALE, told))
        batch = _read(reply)
        if batch is None:
            told = f"the answer of {source.id} holds no entities"
            given.warnings.append(self._warning(asked, WarningCode.INVALID, told))
        return batch

    def _failure(self, asked: Asked, given: Given, outcome: Outcome) -> list[str]:
        source, reply = given.match.source, outcome.reply
        if reply is None:
            return [self._warning(asked, WarningCode.NO_ANSWER, f"{source.id}: {outcome.detail}")]
        passed_on = foreign_warnings(reply.headers.get("ngsild-warning"))
        if reply.status == 404:  # nothing there, which is not abnormal (clause 6.3.17)
            return passed_on
        if reply.status == 508:
            told = f"{source.id}: registrations go in a circle"
            return [*passed_on, self._warning(asked, WarningCode.NO_ANSWER, told)]
        told = f"{source.id} answered with status {reply.status}"
        return [*passed_on, self._warning(asked, WarningCode.ERROR, told)]

    async def _take(
        self,
        asked: Asked,
        given: Given,
        bodies: Sequence[Any],
        context: Context,
        *,
        only: frozenset[str] | None = None,
    ) -> None:
        """Keep what of an answer is asked for and may be seen."""
        for number, body in enumerate(bodies, start=1):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            own = await self._context_of(body, context)
            types = None if own is None else _types_of(body, own)
            if own is None or types is None or (only is not None and body["id"] not in only):
                given.broken += 1
            elif covers(given.match.information, body["id"], types) is not None and asked.may_read(types):
                given.held.setdefault(body["id"], Held(given, body, own))

    async def _context_of(self, body: Any, context: Context) -> Context | None:
        """Return the names that an entity is written in; None for what is no entity."""
        if not isinstance(body, dict) or "@context" not in body:
            return context if isinstance(body, dict) else None
        if body["@context"] in (context.source, context.output):
            return context
        try:
            return await self._resolve(body["@context"])
        except NgsiLdError:
            return None

    def read(self, asked: Asked, held: Held) -> Version | None:
        """Return what a source says of an entity; None where that is not valid, or no more."""
        match = held.given.match
        body = {name: value for name, value in held.body.items() if name != "@context"}
        try:
            document = expand_entity(body, held.context, now=UNTOLD, keep_system=True)
        except NgsiLdError:
            held.given.broken += 1
            return None
        about = reduced(document, match)
        return Version(match, about) if about is not None and is_valid(about, asked.now_us) else None

    def warnings(self, asked: Asked, givens: Iterable[Given]) -> list[str]:
        """Return the warnings of sources, each once."""
        found: dict[str, None] = {}
        for given in givens:
            found |= dict.fromkeys(given.warnings)
            if given.broken:
                told = f"{given.broken} entities from {given.match.source.id} are not valid"
                found[self._warning(asked, WarningCode.INVALID, told)] = None
        return list(found)

    def _warning(self, asked: Asked, code: WarningCode, text: str) -> str:
        return warning(code, self._contacts.alias(asked.tenant), text)


def _type_in(body: Any, context: Context) -> tuple[str, set[str]] | None:
    """Return an EntityType of an answer (clause 5.2.25): its IRI and those of its attributes."""
    if not isinstance(body, dict) or not isinstance(body.get("typeName"), str):
        return None
    names = body.get("attributeNames", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return context.expand(body["typeName"]), set(map(context.expand, names))


def _types_of(body: dict[str, Any], context: Context) -> tuple[str, ...] | None:
    """Return the types of an entity; None where it has no id or no types."""
    kinds = body.get("type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    if not isinstance(body.get("id"), str) or not listed or not all(isinstance(k, str) for k in listed):
        return None
    return tuple(map(context.expand, listed))


def _read(reply: Reply) -> _Batch | None:
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _JSON:
        return None
    try:
        value = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
    count = reply.headers.get("ngsild-results-count", "")
    total = int(count) if count.isdecimal() and len(count) < 16 else None
    if isinstance(value, dict):
        return _Batch([value], total)
    return _Batch(value, total) if isinstance(value, list) else None


def _chunks(ids: Sequence[str], most: int) -> list[list[str]]:
    chunks: list[list[str]] = []
    characters = 0
    for entity_id in ids:
        characters += len(entity_id) + 1
        if not chunks or characters > _IDS_CHARACTERS or len(chunks[-1]) >= most:
            chunks.append([])
            characters = len(entity_id) + 1
        chunks[-1].append(entity_id)
    return chunks
