"""Batches that concern registered sources (clauses 5.6.7 to 5.6.10, 5.6.20).

Each item is divided as a single write would be. What goes to one source goes in one request where the source
takes the batch operation, and entity by entity where it takes the single one; where it takes neither, the
entities that it alone holds are refused with Conflict.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from samstad_broker.http.exchange import Exchange
from samstad_broker.http.failures import BadGateway
from samstad_broker.http.resources.distributed import asked_by, is_distributed
from samstad_broker.http.resources.spreading import failure_of, passed_on, require_write
from samstad_broker.http.responses import location
from samstad_broker.service.batch.outcome import BatchOutcome
from samstad_broker.service.broker import Broker
from samstad_broker.spi.authorizer import Forbidden, Operation
from samstad_broker.spi.forwarder import Asked, Match, Result, Sending, Share, Write
from samstad_ngsild.context import CORE, Context
from samstad_ngsild.errors import BadRequestData, LoopDetected, NgsiLdError

__all__ = ["BatchKind", "BatchSpread", "Bound"]

Bound = tuple[Any, Context | NgsiLdError]
"""An item and its @context, or why it has none."""


class BatchKind(NamedTuple):
    """One batch operation, and how a source takes it entity by entity.

    Attributes:
        operation: the name of clause 4.20.
        path: below the API.
        single: the operation on one entity; empty: there is none that means the same.
        method: of the single one.
        tail: of its path, behind the entity; None: there is no entity in it.
    """

    operation: str
    path: str
    single: str = ""
    method: str = "POST"
    tail: str | None = None


class _Group(NamedTuple):
    asked: Asked
    match: Match
    bodies: list[Any]


class BatchSpread:
    """One batch: divided by item, sent by source, told of by entity."""

    def __init__(self, broker: Broker, exchange: Exchange, kind: BatchKind) -> None:
        self._broker = broker
        self._exchange = exchange
        self._kind = kind
        self._groups: dict[tuple[str, str], _Group] = {}
        self._outcome = BatchOutcome()

    @classmethod
    def of(cls, broker: Broker, exchange: Exchange, kind: BatchKind) -> BatchSpread | None:
        """Return it where sources may be concerned."""
        return cls(broker, exchange, kind) if is_distributed(broker, exchange) else None

    def divide(self, items: deque[Bound], check: Callable[[Any, Context], object]) -> deque[Bound]:
        """Return what is left for this broker; items that are not valid stay, to be refused here."""
        left: deque[Bound] = deque()
        for item, context in items:
            if isinstance(context, NgsiLdError) or not self._is_valid(item, context, check):
                left.append((item, context))
                continue
            rest = self._divided(item, context)
            if rest is not None:
                left.append((rest, context))
        return left

    def divide_ids(self, ids: list[str]) -> list[str]:
        """Return the ids of a deletion that are this broker's as well."""
        return [entity_id for entity_id in ids if self._divided(entity_id, CORE) is not None]

    async def send(self) -> None:
        """Send every share, before anything is changed here."""
        await asyncio.gather(*map(self._send, self._groups.values()))

    async def _send(self, group: _Group) -> None:
        """Send to one source, in the order of the batch: of several with one id the first comes first."""
        for share, sending in self._shares(group):
            for result in await self._broker.forwarder.send(group.asked, [(share, sending)]):
                self._note(result)

    def joined(self, here: BatchOutcome) -> BatchOutcome:
        """Return what came of the batch everywhere."""
        for entity_id in here.created:
            self._outcome.note(entity_id, created=True)
        for entity_id in here.updated:
            self._outcome.note(entity_id, created=False)
        self._outcome.failed += here.failed
        return self._outcome

    @staticmethod
    def _is_valid(item: Any, context: Context, check: Callable[[Any, Context], object]) -> bool:
        try:
            check(item, context)
        except NgsiLdError:
            return False
        return True

    def _divided(self, item: Any, context: Context) -> Any:
        """Note the shares of an item and return the rest; None: nothing is left."""
        is_deletion = isinstance(item, str)
        entity_id = item if is_deletion else item["id"]
        body = None if is_deletion else item
        write = Write(
            operation=self._kind.operation, entity_id=entity_id, types=self._types(item, context), body=body
        )
        asked = asked_by(self._exchange, context)
        try:
            division = self._broker.forwarder.divide(asked, write)
            if division is None:
                return item
            right = Operation.DELETE if is_deletion else Operation.WRITE
            require_write(self._exchange, division, write, right)
        except (Forbidden, LoopDetected) as error:
            self._outcome.failed.append((entity_id, error))
            return None
        for share in division.shares:
            self._keep(asked, share, entity_id if is_deletion else share.body)
        return item if is_deletion and division.rest is not None else division.rest

    def _keep(self, asked: Asked, share: Share, body: Any) -> None:
        source = share.match.source
        if not share.is_supported:
            told = Result(share, 409, detail=f"{source.id} does not support the operation.")
            self._outcome.failed.append((_id_of(body), failure_of(told)))
            return
        key = (source.id, asked.context.key)
        self._groups.setdefault(key, _Group(asked, share.match, [])).bodies.append(body)

    def _types(self, item: Any, context: Context) -> tuple[str, ...]:
        if not isinstance(item, str) and "type" in item:
            told = item["type"]
            return tuple(map(context.expand, told if isinstance(told, list) else [told]))
        entity_id = item if isinstance(item, str) else item["id"]
        call = self._exchange.call
        if not self._broker.state.knows(call.tenant):
            return ()
        found = self._broker.data(call).entities.get(entity_id)
        return () if found is None else found.types

    def _shares(self, group: _Group) -> list[tuple[Share, Sending]]:
        kind, parameters = self._kind, passed_on(self._exchange)
        operations = group.match.source.operations
        if kind.operation in operations:
            sending = Sending(method="POST", path=kind.path, parameters=parameters)
            return [(Share(group.match, group.bodies), sending)]
        return [self._single(group.match, body, parameters) for body in group.bodies]

    def _single(self, match: Match, body: Any, parameters: Mapping[str, str]) -> tuple[Share, Sending]:
        kind = self._kind
        path = "/entities" if kind.tail is None else location("", "entities", _id_of(body)) + kind.tail
        sending = Sending(method=kind.method, path=path, parameters=parameters)
        return Share(match, None if isinstance(body, str) else body, (_id_of(body),)), sending

    def _note(self, result: Result) -> None:
        bodies = result.share.body
        if not isinstance(bodies, list):
            (entity_id,) = result.share.attributes
            if result.is_success:
                self._outcome.note(entity_id, created=result.status == 201)
            else:
                self._outcome.failed.append((entity_id, failure_of(result)))
            return
        ids = list(map(_id_of, bodies))
        if result.status == 207 and isinstance(result.content, dict):
            self._note_parts(result, ids, result.content)
        elif result.is_success:
            created = result.content if isinstance(result.content, list) else ()
            for entity_id in ids:
                self._outcome.note(entity_id, created=entity_id in created)
        else:
            self._outcome.failed += [(entity_id, failure_of(result)) for entity_id in ids]

    def _note_parts(self, result: Result, ids: list[str], content: Mapping[str, Any]) -> None:
        """Take over what a source says of each entity; what it says nothing of counts as not done."""
        done = {one for one in _listed(content.get("success")) if one in ids}
        source = result.share.match.source.id
        reasons: dict[str, Any] = {}
        for one in _listed(content.get("errors")):
            if isinstance(one, dict) and one.get("entityId") in ids:
                reasons[one["entityId"]] = one.get("error")
        for entity_id in ids:
            if entity_id in done:
                self._outcome.note(entity_id, created=self._kind.operation == "createBatch")
            if entity_id in reasons or entity_id not in done:
                told = reasons.get(entity_id)
                detail = told.get("detail") or told.get("title") if isinstance(told, dict) else None
                error = BadGateway(
                    str(detail or f"{source} did not do it."), registrationId=source, source=told
                )
                self._outcome.failed.append((entity_id, error))


def _id_of(body: Any) -> str:
    found = body if isinstance(body, str) else body["id"]
    if not isinstance(found, str):
        raise BadRequestData("Each entity of the batch needs an id, as text.", pointer="/id")
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
