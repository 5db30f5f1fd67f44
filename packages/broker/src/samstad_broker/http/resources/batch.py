"""/entityOperations: create, upsert, update, merge, delete (clauses 6.14 to 6.17, 6.31)."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from typing import Any

from samstad_broker.http.arrays import array_of
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.resources.batch_spreading import BatchKind, BatchSpread, Bound
from samstad_broker.http.resources.spreading import problem_of
from samstad_broker.http.responses import json_content, multi_status, no_content
from samstad_broker.http.router import Route
from samstad_broker.service.batch.create import create_batch
from samstad_broker.service.batch.delete import delete_batch
from samstad_broker.service.batch.merge import merge_batch
from samstad_broker.service.batch.outcome import BatchOutcome, Items, check_size
from samstad_broker.service.batch.update import update_batch
from samstad_broker.service.batch.upsert import upsert_batch
from samstad_broker.service.broker import Broker
from samstad_broker.service.model_breach import BreaksModel
from samstad_ngsild.context import Context
from samstad_ngsild.document import EntityDocument
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.entities.expand import entity_expander, expand_fragment
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import BadRequestData, NgsiLdError

__all__ = ["routes"]

_Pending = Context | Awaitable[Context] | BadRequestData
_Expand = Callable[[Any, Context], EntityDocument]
_Work = Callable[[Items], Awaitable[BatchOutcome]]
_Bound = Bound

_CREATE = BatchKind("createBatch", "/entityOperations/create", "createEntity")
_UPSERT = BatchKind("upsertBatch", "/entityOperations/upsert")
_UPDATE = BatchKind("updateBatch", "/entityOperations/update", "appendAttrs", tail="/attrs")
_MERGE = BatchKind("mergeBatch", "/entityOperations/merge", "mergeEntity", "PATCH", "")
_DELETE = BatchKind("deleteBatch", "/entityOperations/delete", "deleteEntity", "DELETE", "")


def routes(broker: Broker) -> list[Route]:
    """Return the routes of the batch operations."""
    resource = _Batch(broker)

    def post(name: str, handler: Any, parameters: frozenset[str] = frozenset()) -> Route:
        path = f"/entityOperations/{name}/"
        return Route(method="POST", path=path, handler=handler, parameters=parameters | {"local"})

    return [
        post("create", resource.create),
        post("upsert", resource.upsert, frozenset({"options"})),
        post("update", resource.update, frozenset({"options"})),
        post("merge", resource.merge),
        post("delete", resource.delete),
    ]


class _Batch:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def create(self, exchange: Exchange) -> Response:
        call, broker = exchange.call, self._broker
        outcome = await self._run(
            exchange, _CREATE, _entity_expander(exchange), lambda items: create_batch(broker, call, items)
        )
        return _answer(outcome, created_status=201)

    async def upsert(self, exchange: Exchange) -> Response:
        call, broker = exchange.call, self._broker
        update = "update" in exchange.parameters.options(frozenset({"update", "replace"}))
        outcome = await self._run(
            exchange,
            _UPSERT,
            _entity_expander(exchange),
            lambda items: upsert_batch(broker, call, items, update=update),
        )
        return _answer(outcome, created_status=201)

    async def update(self, exchange: Exchange) -> Response:
        call, broker = exchange.call, self._broker
        broker.data(call)
        overwrite = "noOverwrite" not in exchange.parameters.options(frozenset({"noOverwrite"}))
        outcome = await self._run(
            exchange,
            _UPDATE,
            _fragment_expander(exchange, merge=False),
            lambda items: update_batch(broker, call, items, overwrite=overwrite),
        )
        return _answer(outcome, created_status=204)

    async def merge(self, exchange: Exchange) -> Response:
        call, broker = exchange.call, self._broker
        broker.data(call)
        outcome = await self._run(
            exchange,
            _MERGE,
            _fragment_expander(exchange, merge=True),
            lambda items: merge_batch(broker, call, items),
        )
        return _answer(outcome, created_status=204)

    async def delete(self, exchange: Exchange) -> Response:
        ids = (await array_of(exchange.request, self._broker.clock)).value
        if not isinstance(ids, list) or not all(isinstance(entity_id, str) for entity_id in ids):
            raise BadRequestData("The body is an array of entity ids, as texts.", pointer="")
        self._broker.data(exchange.call)
        return _answer(await self._deleted(exchange, ids), created_status=204)

    async def _deleted(self, exchange: Exchange, ids: list[str]) -> BatchOutcome:
        spread = BatchSpread.of(self._broker, exchange, _DELETE)
        if spread is None:
            return await delete_batch(self._broker, exchange.call, ids)
        check_size(self._broker, ids)
        left = spread.divide_ids(ids)
        await spread.send()
        return spread.joined(
            await delete_batch(self._broker, exchange.call, left) if left else BatchOutcome()
        )

    async def _run(self, exchange: Exchange, kind: BatchKind, expand: _Expand, work: _Work) -> BatchOutcome:
        """Do what is this broker's, and what sources are to do, and tell of both."""
        bound = await self._bound(exchange)
        spread = BatchSpread.of(self._broker, exchange, kind)
        if spread is None:
            return await self._here(bound, expand, work)
        left = spread.divide(bound, expand)
        await spread.send()
        return spread.joined(await self._here(left, expand, work) if left else BatchOutcome())

    async def _here(self, bound: deque[_Bound], expand: _Expand, work: _Work) -> BatchOutcome:
        """Expand what can be expanded, do it, and add the refusals of the rest."""
        entities = _Entities(bound, expand)
        outcome = await work(entities)
        outcome.failed = entities.refused + [
            (id_, entities.named(error, id_)) for id_, error in outcome.failed
        ]
        return outcome

    async def _bound(self, exchange: Exchange) -> deque[_Bound]:
        """Return the items with their @contexts."""
        items = exchange.items(await array_of(exchange.request, self._broker.clock))
        _check_items(self._broker, items)
        settled: dict[int, Context | NgsiLdError] = {}
        return deque(
            [
                (item, pending if isinstance(pending, Context) else await _known(pending, settled))
                for item, pending in items
            ]
        )


class _Entities(Collection[EntityDocument | None]):
    """The documents of a batch, each made when its turn comes and forgotten by the next; None: refused.

    Attributes:
        refused: the items that could not be expanded, by id where they have one.
    """

    def __init__(self, items: deque[_Bound], expand: _Expand) -> None:
        self._items = items
        self._expand = expand
        self._contexts: dict[str, Context] = {}
        self.refused: list[tuple[str | None, Exception]] = []

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: object) -> bool:
        return any(item is one for one, _ in self._items)

    def __iter__(self) -> Iterator[EntityDocument | None]:
        items, expand, contexts = self._items, self._expand, self._contexts
        while items:
            item, context = items.popleft()
            try:
                if isinstance(context, NgsiLdError):
                    raise context
                document = expand(item, context)
            except NgsiLdError as error:
                self.refused.append((_id_of(item), error))
                yield None
            else:
                contexts[document["id"]] = context
                yield document

    def named(self, error: Exception, entity_id: str | None) -> Exception:
        """Return a refusal by an entity's model in the names of its @context."""
        context = None if entity_id is None else self._contexts.get(entity_id)
        return error.named(context) if isinstance(error, BreaksModel) and context is not None else error


def _check_items(broker: Broker, items: Sequence[tuple[Any, _Pending]]) -> None:
    """Refuse a batch that is too large or holds a null, without waiting for its @contexts."""
    try:
        check_size(broker, items)
        _check_nulls(items)
    except BadRequestData:
        for _, pending in items:
            if isinstance(pending, Coroutine):
                pending.close()
        raise


def _check_nulls(items: Sequence[tuple[Any, _Pending]]) -> None:
    for index, (item, _) in enumerate(items):
        if item is None:
            raise BadRequestData("An item of the batch is null; leave it out.", pointer=f"/{index}")


async def _known(
    pending: Awaitable[Context] | BadRequestData, settled: dict[int, Context | NgsiLdError]
) -> Context | NgsiLdError:
    """Return the @context of an item, or why there is none; that of a Link header is awaited only once."""
    if isinstance(pending, BadRequestData):
        return pending
    found = settled.get(id(pending))
    if found is None:
        try:
            found = await pending
        except NgsiLdError as error:
            found = error
        settled[id(pending)] = found
    return found


def _id_of(item: Any) -> str | None:
    entity_id = item.get("id") if isinstance(item, dict) else None
    return entity_id if isinstance(entity_id, str) else None


def _entity_expander(exchange: Exchange) -> _Expand:
    now = iso(exchange.now_us)
    expanders: dict[int, Callable[[Any], EntityDocument]] = {}

    def expand(item: Any, context: Context) -> EntityDocument:
        # An expander keeps its @context, so that no other one gets its id meanwhile.
        known = expanders.get(id(context))
        if known is None:
            known = expanders[id(context)] = entity_expander(context, now=now)
        return known(item)

    return expand


def _fragment_expander(exchange: Exchange, *, merge: bool) -> _Expand:
    now = iso(exchange.now_us)

    def expand(item: Any, context: Context) -> EntityDocument:
        entity_id = _id_of(item)
        if entity_id is None:
            raise BadRequestData("Each entity of the batch needs an id, as text.", pointer="/id")
        check_uri(entity_id, pointer="/id")
        fragment = expand_fragment(item, context, now=now, allow_null=merge, merge=merge)
        fragment["id"] = entity_id
        return fragment

    return expand


def _answer(outcome: BatchOutcome, *, created_status: int) -> Response:
    """Answer 201 with the new ids, 204, or 207 with both lists (clauses 5.2.16, 5.2.17)."""
    if outcome.failed:
        errors = [_failed(entity_id, error) for entity_id, error in outcome.failed]
        return multi_status({"success": outcome.created + outcome.updated, "errors": errors})
    if outcome.created and created_status == 201:
        return json_content(outcome.created, status=201)
    return no_content()


def _failed(entity_id: str | None, error: Exception) -> dict[str, Any]:
    """Tell of one refusal, with the registration of the source that it came from (clause 5.2.17)."""
    told: dict[str, Any] = {"entityId": entity_id} if entity_id else {}
    told["error"] = problem_of(error)
    registration_id = getattr(error, "members", {}).get("registrationId")
    return told if registration_id is None else {**told, "registrationId": registration_id}
