"""A context source in memory: the operations that services use, by the pure functions of this package.

It is for tests: strict where the standard is, the same each time, and without any surroundings. It answers
what ``samstad_ngsild.client`` asks. What only a broker does (joins, periodic and throttled subscriptions,
registrations, GeoJSON) is refused with OperationNotSupported, never done halfway.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

import orjson

from samstad_ngsild.client.transport import Answer, Ask
from samstad_ngsild.context import CORE, Context, ContextResolver
from samstad_ngsild.errors import InvalidRequest, NgsiLdError, NonexistentTenant, OperationNotSupported
from samstad_ngsild.memory import batches, entities, evolutions, subscriptions
from samstad_ngsild.memory.dataset import Dataset
from samstad_ngsild.memory.exchange import Exchange, problem

__all__ = ["MemoryContextSource", "Receiver"]

Receiver = Callable[[bytes], Awaitable[None]]
"""Takes the body of one notification, as ``Notified.take`` does."""

_Handler = Callable[[Exchange], Answer]
_LINK = re.compile(r'<([^<>]+)>\s*;[^,]*rel="?http://www\.w3\.org/ns/json-ld#context"?')
_BEGINNING_US = 1_767_225_600_000_000
_MOST_ROUNDS = 10_000

_ENTITY = "entities/{entityId}"
_ATTRIBUTE = _ENTITY + "/attrs/{attrId}"
_SUBSCRIPTION = "subscriptions/{subscriptionId}"
_ROUTES: tuple[tuple[str, str, _Handler], ...] = (
    ("POST", "entities", entities.create),
    ("GET", "entities", entities.query),
    ("GET", _ENTITY, entities.retrieve),
    ("PUT", _ENTITY, entities.replace),
    ("PATCH", _ENTITY, entities.merge_one),
    ("DELETE", _ENTITY, entities.delete),
    ("POST", _ENTITY + "/attrs", entities.append),
    ("PATCH", _ENTITY + "/attrs", entities.update),
    ("PATCH", _ATTRIBUTE, entities.partial_update),
    ("PUT", _ATTRIBUTE, entities.replace_attribute),
    ("DELETE", _ATTRIBUTE, entities.delete_attribute),
    ("POST", "entityOperations/create", batches.create),
    ("POST", "entityOperations/upsert", batches.upsert),
    ("POST", "entityOperations/update", batches.update),
    ("POST", "entityOperations/merge", batches.merge_all),
    ("POST", "entityOperations/delete", batches.delete),
    ("GET", "types", entities.types),
    ("POST", "subscriptions", subscriptions.create),
    ("GET", "subscriptions", subscriptions.list_all),
    ("GET", _SUBSCRIPTION, subscriptions.retrieve),
    ("PATCH", _SUBSCRIPTION, subscriptions.update),
    ("DELETE", _SUBSCRIPTION, subscriptions.delete),
    ("POST", "temporal/entities", evolutions.create_or_update),
    ("GET", "temporal/entities", evolutions.query),
    ("GET", "temporal/entities/{entityId}", evolutions.retrieve),
)
_BEGIN_A_TENANT = frozenset({entities.create, batches.create, batches.upsert, subscriptions.create,
                             evolutions.create_or_update})  # fmt: skip


def _always() -> int:
    return _BEGINNING_US


class MemoryContextSource:
    """Answers a ``Client`` from memory; it is a ``Transport``.

    Notifications wait until ``deliver`` is called, so that a test decides when a service hears of a change.

    Args:
        contexts: URL → document of each @context that may be named.
        now_us: the time, µs since 1970 UTC; by default always the same.
    """

    def __init__(
        self, *, contexts: Mapping[str, Any] | None = None, now_us: Callable[[], int] = _always
    ) -> None:
        self._now_us = now_us
        self._resolver = ContextResolver()
        for url, document in (contexts or {}).items():
            self._resolver.pin(url, document)
        self._datasets: dict[str, Dataset] = {"": Dataset()}
        self._receivers: dict[str, Receiver] = {}
        self.asked: list[Ask] = []
        """Every request, in order."""

    async def send(self, ask: Ask) -> Answer:
        """Return the answer to a request; mistakes of the caller are answers, as over HTTP."""
        self.asked.append(ask)
        try:
            handler, path = _routed(ask)
            body = orjson.loads(ask.body) if ask.body else None
            headers = {name.lower(): value for name, value in ask.headers.items()}
            context, contexts, content = await self._read(headers, body)
            exchange = Exchange(
                path,
                dict(ask.query),
                content,
                context,
                contexts,
                self._dataset(headers.get("ngsild-tenant", ""), begins=handler in _BEGIN_A_TENANT),
                self._now_us(),
            )
            exchange.dataset.expire(exchange.now_us)
            return handler(exchange)
        except orjson.JSONDecodeError as error:
            return problem(InvalidRequest(f"The body is no JSON: {error}."))
        except NgsiLdError as error:
            return problem(error)

    async def close(self) -> None:
        """Keep everything: a service that is started again finds what was there."""

    def at(self, uri: str, receiver: Receiver) -> None:
        """Let a receiver take the notifications to an endpoint."""
        self._receivers[uri] = receiver

    async def deliver(self) -> int:
        """Deliver what waits, and what that brings about; return how many notifications were taken.

        What has no receiver waits on. Where a receiver raises, its notification stays and comes again at
        the next call, and the error is passed on.

        Raises:
            RuntimeError: it does not come to an end, because a service answers its own changes.
        """
        delivered = 0
        for _ in range(_MOST_ROUNDS):
            told = sum([await self._deliver_first(dataset) for dataset in list(self._datasets.values())])
            if not told:
                return delivered
            delivered += told
        message = f"more than {_MOST_ROUNDS} notifications follow from each other"
        raise RuntimeError(message)

    async def _deliver_first(self, dataset: Dataset) -> int:
        for notice in list(dataset.outbox):
            receiver = self._receivers.get(notice.uri)
            if receiver is None:
                continue
            notice.following.sent += 1
            try:
                await receiver(notice.body)
            except Exception:
                notice.following.failed += 1
                raise
            dataset.outbox.remove(notice)
            return 1
        return 0

    @property
    def waiting(self) -> int:
        """How many notifications are not delivered."""
        return sum(len(dataset.outbox) for dataset in self._datasets.values())

    def _dataset(self, tenant: str, *, begins: bool) -> Dataset:
        if tenant not in self._datasets:
            if not begins:
                raise NonexistentTenant(f"The tenant {tenant} is not known.")
            self._datasets[tenant] = Dataset()
        return self._datasets[tenant]

    async def _read(self, headers: Mapping[str, str], body: Any) -> tuple[Context, list[Context], Any]:
        """Return the @context of the request, those of the items of a batch, and the body without them."""
        link = _LINK.search(headers.get("link", ""))
        named = await self._resolver.resolve(link[1]) if link else CORE
        if not headers.get("content-type", "").startswith("application/ld+json"):
            return named, [named] * (len(body) if isinstance(body, list) else 0), body
        if isinstance(body, list):
            contexts = [await self._own(item, named) for item in body]
            return named, contexts, [_without_context(item) for item in body]
        return await self._own(body, named), [], _without_context(body)

    async def _own(self, item: Any, otherwise: Context) -> Context:
        if isinstance(item, dict) and "@context" in item:
            return await self._resolver.resolve(item["@context"])
        return otherwise


def _without_context(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return {name: value for name, value in item.items() if name != "@context"}


def _routed(ask: Ask) -> tuple[_Handler, dict[str, str]]:
    parts = ask.path.strip("/").split("/")
    for method, path, handler in _ROUTES:
        pattern = path.split("/")
        if method == ask.method and len(pattern) == len(parts):
            pairs = list(zip(pattern, parts, strict=True))
            if all(name.startswith("{") or name == part for name, part in pairs):
                return handler, {name[1:-1]: unquote(part) for name, part in pairs if name.startswith("{")}
    raise OperationNotSupported(f"This source in memory does not do {ask.method} {ask.path}.")
