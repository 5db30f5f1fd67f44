"""Documents beside the entities, kept as rows of the log (the Documents port).

A document changes in the state when its row is staged and is answered for when the row is durable; a
failed commit brings the former content back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from samstad_broker.domain.rows import RowKind
from samstad_broker.service.broker import Broker
from samstad_broker.service.writer import Draft
from samstad_ngsild.errors import NonexistentTenant

__all__ = ["LogDocuments"]


class LogDocuments:
    """JSON documents by tenant, collection and id.

    Args:
        broker: the shard whose state and log keep them.
        by: who the rows are written by: the node, which has asked the Authorizer before.
    """

    def __init__(self, broker: Broker, *, by: str | None = None) -> None:
        self._broker = broker
        self._by = broker.alias if by is None else by

    async def put(self, tenant: str, collection: str, document_id: str, content: Mapping[str, Any]) -> None:
        """Create or replace a document; when this returns, it survives ``kill -9`` (I3).

        Raises:
            NonexistentTenant: the tenant is not known, and writing does not begin tenants here.
            StoreError: the row could not be written; the former content stands.
        """
        broker = self._broker
        if not broker.may_begin_tenants and not broker.state.knows(tenant):
            raise NonexistentTenant(
                f"There is no tenant {tenant!r} here, or none that you may use.", pointer="NGSILD-Tenant"
            )
        broker.writer.check()
        kept = dict(content)
        undo = self._undo(tenant, collection, document_id)
        broker.state.put_document(tenant, collection, document_id, kept)
        await self._written(tenant, collection, document_id, kept, undo)

    async def delete(self, tenant: str, collection: str, document_id: str) -> None:
        """End a document durably; nothing happens when it is not there."""
        broker = self._broker
        if document_id not in broker.state.collection(tenant, collection):
            return
        broker.writer.check()
        undo = self._undo(tenant, collection, document_id)
        broker.state.drop_document(tenant, collection, document_id)
        await self._written(tenant, collection, document_id, None, undo)

    def get(self, tenant: str, collection: str, document_id: str) -> Mapping[str, Any] | None:
        """Return a document, or None; it must not be changed."""
        found: Mapping[str, Any] | None = self._broker.state.collection(tenant, collection).get(document_id)
        return found

    def list(self, tenant: str, collection: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Return (id, content) of all documents of a collection, in the order in which they came."""
        return list(self._broker.state.collection(tenant, collection).items())

    def _undo(self, tenant: str, collection: str, document_id: str) -> Callable[[], None]:
        state = self._broker.state
        former = state.collection(tenant, collection).get(document_id)

        def undo() -> None:
            if former is None:
                state.drop_document(tenant, collection, document_id)
            else:
                state.put_document(tenant, collection, document_id, former)

        return undo

    async def _written(
        self, tenant: str, collection: str, document_id: str, content: Any, undo: Callable[[], None]
    ) -> None:
        broker = self._broker
        payload = orjson.dumps({"by": self._by, "collection": collection, "content": content})
        time_us = broker.clock.now_us()
        durable = broker.writer.stage(
            Draft(RowKind.DOCUMENT, time_us, tenant, "", document_id, payload, undo)
        )
        # The future belongs to the whole group: one caller who goes away must not cancel it for the others.
        await durable
