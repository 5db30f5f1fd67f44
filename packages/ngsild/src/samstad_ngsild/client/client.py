"""The client of a context broker: operations of CIM 009 by their names, over any transport.

Entities are plain dictionaries in the representation that was asked for, with the short names of the client's
own @context; it travels by reference in the ``Link`` header (clause 6.3.5), so that bodies stay small.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
import orjson

from samstad_ngsild.client.errors import Unreadable, error_of, problem_error
from samstad_ngsild.client.selection import Document, Format, Selection, shown
from samstad_ngsild.client.transport import Answer, Ask, Transport
from samstad_ngsild.errors import AlreadyExists, ResourceNotFound

__all__ = ["BatchOutcome", "Client", "NotTaken", "NotUpdated"]

_JSON = "application/json"
_LD_JSON = "application/ld+json"
_LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
_NO_CONTENT: Document = {}


class NotTaken(msgspec.Struct, frozen=True):
    """One entity that a batch operation did not take, and the error that says why."""

    entity_id: str
    error: Exception


class NotUpdated(msgspec.Struct, frozen=True):
    """One attribute that an operation left as it was, and why (clause 5.2.19)."""

    attribute: str
    reason: str


class BatchOutcome(msgspec.Struct, frozen=True):
    """What became of a batch (clauses 5.2.16 and 5.2.17), over all of its parts.

    Attributes:
        created: ids that are new; only ``create`` and ``upsert`` know them.
        updated: ids that were there.
        failed: the others.
    """

    created: list[str]
    updated: list[str]
    failed: list[NotTaken]


class Client:
    """Speaks with one context broker, in one tenant, by one @context.

    Every operation raises an error of ``samstad_ngsild.errors`` where the broker names one, and else a
    ``ClientError``; see ``samstad_ngsild.client.errors``.

    Args:
        transport: how the broker is reached; closed by who made it.
        context: URL of the @context that gives the short names; empty for the core one alone.
        tenant: the data set; empty for the default one.
        batch: most entities that one request carries; larger batches are sent in parts, in order.
        page: entities of one page of a query, 2 or more.
    """

    def __init__(
        self, transport: Transport, *, context: str = "", tenant: str = "", batch: int = 500, page: int = 500
    ) -> None:
        self.transport = transport
        self.context = context
        self.tenant = tenant
        self._batch = batch
        self._page = page
        self._headers = {"Accept": _JSON}
        if tenant:
            self._headers["NGSILD-Tenant"] = tenant
        self._with_link = {**self._headers, **({"Link": _LINK.format(context)} if context else {})}

    def for_tenant(self, tenant: str) -> Client:
        """Return the same client in another tenant."""
        return Client(self.transport, context=self.context, tenant=tenant, batch=self._batch, page=self._page)

    # -- entities ---------------------------------------------------------------------------------

    async def create(self, entity: Document) -> None:
        """Create an entity (clause 5.6.1); raises AlreadyExists where its id is known."""
        await self.send("POST", "/entities", body=entity)

    async def retrieve(
        self,
        entity_id: str,
        *,
        pick: Sequence[str] = (),
        omit: Sequence[str] = (),
        sys_attrs: bool = False,
        format: Format = "normalized",  # noqa: A002 - the parameter's name
    ) -> Document:
        """Return an entity (clause 5.7.1); raises ResourceNotFound where there is none to be seen."""
        query = shown(pick, omit, sys_attrs=sys_attrs, format=format)
        return _object(await self.send("GET", _entity(entity_id), query=query))

    async def find(self, entity_id: str) -> Document | None:
        """Return an entity, or None where there is none to be seen."""
        try:
            return await self.retrieve(entity_id)
        except ResourceNotFound:
            return None

    async def query(self, selection: Selection) -> AsyncIterator[Document]:
        """Yield every entity of a selection (clause 5.7.2); see ``pages``."""
        async for page in self.pages(selection):
            for entity in page:
                yield entity

    async def pages(self, selection: Selection) -> AsyncIterator[list[Document]]:
        """Yield the entities of a selection page by page, in the order of the broker.

        Pages overlap, so that nothing is left out when entities are deleted meanwhile and the others move
        up; an entity may come twice then. ``pick`` must not leave the id out.
        """
        start = 0
        known: set[str] = set()
        while True:
            page = await self.query_page(selection, limit=self._page, offset=start)
            overlap = [number for number, entity in enumerate(page) if entity["id"] in known]
            if start and not overlap:
                start = max(0, start - self._page // 2)
                continue
            if fresh := page[overlap[-1] + 1 :] if overlap else page:
                yield fresh
            if len(page) < self._page:
                return
            known = {entity["id"] for entity in page}
            start += len(page) - 1

    async def query_page(self, selection: Selection, *, limit: int, offset: int = 0) -> list[Document]:
        """Return one page of a selection."""
        query = [*selection.parameters(), ("limit", str(limit))]
        if offset:
            query.append(("offset", str(offset)))
        return _array(await self.send("GET", "/entities", query=query))

    async def count(self, selection: Selection) -> int:
        """Return how many entities a selection has (clause 6.3.13)."""
        query = [*selection.parameters(), ("limit", "0"), ("count", "true")]
        answer = await self.send("GET", "/entities", query=query)
        try:
            return int(answer.headers["ngsild-results-count"])
        except (KeyError, ValueError) as error:
            raise Unreadable("The broker told no NGSILD-Results-Count.") from error

    async def replace(self, entity: Document) -> None:
        """Put an entity in the place of that with its id (clause 5.6.18); raises ResourceNotFound."""
        await self.send("PUT", _entity(entity["id"]), body=entity)

    async def merge(self, entity_id: str, fragment: Document) -> None:
        """Merge a fragment into an entity (clause 5.6.17): what is not named stays, in attributes too."""
        await self.send("PATCH", _entity(entity_id), body=fragment)

    async def delete(self, entity_id: str) -> None:
        """Delete an entity (clause 5.6.6); raises ResourceNotFound where there is none."""
        await self.send("DELETE", _entity(entity_id))

    async def ensure(self, entity: Document) -> None:
        """Create an entity, or bring it to this content where it is there; other attributes stay."""
        outcome = await self.upsert([entity], update=True)
        for one in outcome.failed:
            raise one.error

    # -- attributes -------------------------------------------------------------------------------

    async def append(self, entity_id: str, fragment: Document, *, overwrite: bool = True) -> list[NotUpdated]:
        """Add attributes to an entity (clause 5.6.3); those that are there are replaced, or left.

        Returns:
            What was left as it was: without ``overwrite``, what was there.
        """
        query = [] if overwrite else [("options", "noOverwrite")]
        return _left(await self.send("POST", _entity(entity_id) + "/attrs", query=query, body=fragment))

    async def update(self, entity_id: str, fragment: Document) -> list[NotUpdated]:
        """Replace attributes that an entity has (clause 5.6.2); return what was left as it was.

        A broker may leave attributes that the entity does not have.
        """
        return _left(await self.send("PATCH", _entity(entity_id) + "/attrs", body=fragment))

    async def update_attribute(self, entity_id: str, name: str, fragment: Document) -> None:
        """Change members of one attribute (clause 5.6.4)."""
        await self.send("PATCH", _attribute(entity_id, name), body=fragment)

    async def replace_attribute(self, entity_id: str, name: str, attribute: Document) -> None:
        """Put an attribute in the place of another (clause 5.6.19)."""
        await self.send("PUT", _attribute(entity_id, name), body=attribute)

    async def delete_attribute(self, entity_id: str, name: str) -> None:
        """Delete an attribute (clause 5.6.5)."""
        await self.send("DELETE", _attribute(entity_id, name))

    # -- batches ----------------------------------------------------------------------------------

    async def create_many(self, entities: Iterable[Document]) -> BatchOutcome:
        """Create entities (clause 5.6.7)."""
        return await self._in_parts("create", list(entities))

    async def upsert(self, entities: Iterable[Document], *, update: bool = False) -> BatchOutcome:
        """Create entities, or replace those that are there (clause 5.6.8).

        Args:
            entities: whole ones.
            update: leave attributes that are not named as they are.
        """
        query = [("options", "update")] if update else []
        return await self._in_parts("upsert", list(entities), query=query)

    async def update_many(self, entities: Iterable[Document]) -> BatchOutcome:
        """Change attributes of entities that are there (clause 5.6.9)."""
        return await self._in_parts("update", list(entities))

    async def merge_many(self, entities: Iterable[Document]) -> BatchOutcome:
        """Merge fragments into entities that are there (clause 5.6.20)."""
        return await self._in_parts("merge", list(entities))

    async def delete_many(self, entity_ids: Iterable[str]) -> BatchOutcome:
        """Delete entities (clause 5.6.10)."""
        return await self._in_parts("delete", list(entity_ids))

    async def _in_parts(
        self, kind: str, items: list[Any], *, query: Sequence[tuple[str, str]] = ()
    ) -> BatchOutcome:
        whole = BatchOutcome([], [], [])
        for begin in range(0, len(items), self._batch):
            part = items[begin : begin + self._batch]
            answer = await self.send("POST", f"/entityOperations/{kind}", query=query, body=part)
            created, updated, failed = _batch_answer(kind, part, answer)
            whole.created.extend(created)
            whole.updated.extend(updated)
            whole.failed.extend(failed)
        return whole

    # -- discovery, subscriptions, history ----------------------------------------------------------

    async def types(self) -> list[str]:
        """Return the types of which there are entities (clause 5.7.5)."""
        return list(_object(await self.send("GET", "/types")).get("typeList", ()))

    async def ensure_subscription(self, subscription: Document) -> None:
        """Create a subscription, or change that of the same id to be it (clauses 5.8.1 and 5.8.2)."""
        try:
            await self.send("POST", "/subscriptions", body=subscription)
        except AlreadyExists:
            path = "/subscriptions/" + quote(subscription["id"], safe="")
            fragment = {name: value for name, value in subscription.items() if name not in {"id", "type"}}
            await self.send("PATCH", path, body=fragment)

    async def retrieve_subscription(self, subscription_id: str) -> Document:
        """Return a subscription (clause 5.8.3) with what became of its notifications; ResourceNotFound."""
        path = "/subscriptions/" + quote(subscription_id, safe="")
        return _object(await self.send("GET", path))

    async def delete_subscription(self, subscription_id: str) -> None:
        """End a subscription (clause 5.8.5); raises ResourceNotFound where there is none."""
        await self.send("DELETE", "/subscriptions/" + quote(subscription_id, safe=""))

    async def retrieve_temporal(self, entity_id: str, *, query: Sequence[tuple[str, str]] = ()) -> Document:
        """Return the temporal evolution of an entity (clause 5.7.3), with the parameters of 6.19.3.1."""
        path = "/temporal" + _entity(entity_id)
        return _object(await self.send("GET", path, query=query))

    async def query_temporal(self, query: Sequence[tuple[str, str]]) -> list[Document]:
        """Return the temporal evolutions that match (clause 5.7.4), with the parameters of 6.18.3.2."""
        return _array(await self.send("GET", "/temporal/entities", query=query))

    async def append_temporal(self, entity: Document) -> None:
        """Add instances to the history of an entity, late ones too (clause 5.6.11)."""
        await self.send("POST", "/temporal/entities", body=entity)

    # -- the one way out ----------------------------------------------------------------------------

    async def send(
        self, method: str, path: str, *, query: Sequence[tuple[str, str]] = (), body: Any = None
    ) -> Answer:
        """Send any request of the API and return its answer, of a status below 400.

        A body that brings its own @context is sent as JSON-LD, all others with the client's (clause 6.3.5).
        """
        if body is None:
            ask = Ask(method, path, query, self._with_link)
        else:
            ask = Ask(method, path, query, self._headers_for(body), orjson.dumps(body))
        answer = await self.transport.send(ask)
        if answer.status >= 400:
            raise error_of(answer)
        return answer

    def _headers_for(self, body: Any) -> Mapping[str, str]:
        first = body[0] if isinstance(body, list) and body else body
        if isinstance(first, dict) and "@context" in first:
            return {**self._headers, "Content-Type": _LD_JSON}
        return {**self._with_link, "Content-Type": _JSON}


def _entity(entity_id: str) -> str:
    return "/entities/" + quote(entity_id, safe="")


def _attribute(entity_id: str, name: str) -> str:
    return f"{_entity(entity_id)}/attrs/{quote(name, safe='')}"


def _parsed(answer: Answer) -> Any:
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"The broker's answer is no JSON: {error}.") from error


def _object(answer: Answer) -> Document:
    found = _parsed(answer)
    if not isinstance(found, dict):
        raise Unreadable(f"The broker answered with {type(found).__name__} where an object was asked for.")
    return found


def _array(answer: Answer) -> list[Document]:
    found = _parsed(answer)
    if not isinstance(found, list):
        raise Unreadable(f"The broker answered with {type(found).__name__} where an array was asked for.")
    return found


def _left(answer: Answer) -> list[NotUpdated]:
    """Read what an update left alone: 204 means nothing, 207 names it (clause 5.2.18)."""
    if answer.status != 207:
        return []
    told = _object(answer).get("notUpdated", ())
    return [NotUpdated(str(one.get("attributeName", "")), str(one.get("reason", ""))) for one in told]


def _batch_answer(kind: str, part: list[Any], answer: Answer) -> tuple[list[str], list[str], list[NotTaken]]:
    """Read what became of one part: 201 names the created, 204 means all, 207 names both (5.2.16)."""
    ids = [one if isinstance(one, str) else str(one.get("id", "")) for one in part]
    if answer.status == 204:
        return ([], ids, []) if kind != "create" else (ids, [], [])
    told = _parsed(answer)
    failed: list[NotTaken] = []
    if isinstance(told, dict):
        failed = [
            NotTaken(str(one.get("entityId", "")), problem_error(one.get("error")))
            for one in told.get("errors", ())
        ]
        succeeded = [str(one) for one in told.get("success", ())]
    else:
        succeeded = [str(one) for one in told]
    lost = {one.entity_id for one in failed}
    if answer.status == 201:
        created = set(succeeded)
        return succeeded, [one for one in ids if one not in created and one not in lost], failed
    return ([], succeeded, failed) if kind != "create" else (succeeded, [], failed)
