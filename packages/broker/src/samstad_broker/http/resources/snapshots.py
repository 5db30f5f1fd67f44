"""/snapshots, /snapshots/{snapshotId} and /snapshots/{snapshotId}/clone (clauses 6.36, 6.37 and 6.38)."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from samstad_broker.domain.snapshots import represent_snapshot
from samstad_broker.http.context_binding import use_context
from samstad_broker.http.exchange import Exchange
from samstad_broker.http.messages import Response
from samstad_broker.http.responses import created, location, multi_status, no_content, one
from samstad_broker.http.router import Route
from samstad_broker.service.snapshots import (
    Snapshots,
    clone_snapshot,
    create_snapshot,
    delete_snapshot,
    purge_snapshots,
    update_snapshot,
)
from samstad_ngsild.context import Context
from samstad_ngsild.errors import InternalError

__all__ = ["routes"]

_ONE = "/snapshots/{snapshotId}"


def routes(
    snapshots: Snapshots, *, new_id: Callable[[], str] | None = None, root: str = "/ngsi-ld/v1"
) -> list[Route]:
    """Return the routes of the resources; ``new_id`` gives the id of a snapshot without one."""
    resource = _Resource(snapshots, new_id or _random_id, root)
    path, clone = "/snapshots/", f"{_ONE}/clone"
    return [
        Route(method="POST", path=path, handler=resource.create),
        Route(method="DELETE", path=path, handler=resource.purge, parameters=frozenset({"q"})),
        Route(method="GET", path=_ONE, handler=resource.retrieve),
        Route(method="PATCH", path=_ONE, handler=resource.update),
        Route(method="DELETE", path=_ONE, handler=resource.delete),
        Route(method="POST", path=clone, handler=resource.clone),
    ]


def _random_id() -> str:
    return f"urn:ngsi-ld:Snapshot:{uuid.uuid4()}"


class _Resource:
    def __init__(self, snapshots: Snapshots, new_id: Callable[[], str], root: str) -> None:
        self._snapshots = snapshots
        self._new_id = new_id
        self._root = root

    async def create(self, exchange: Exchange) -> Response:
        """Begin a snapshot of what queries find."""
        body, context = await _content(exchange)
        new_id = await create_snapshot(self._snapshots, exchange.call, body, context, new_id=self._new_id())
        return created(location(self._root, "snapshots", new_id))

    async def clone(self, exchange: Exchange) -> Response:
        """Begin a copy of a snapshot."""
        body, _ = await _content(exchange)
        source_id = exchange.path["snapshotId"]
        new_id = await clone_snapshot(self._snapshots, exchange.call, source_id, body, new_id=self._new_id())
        return created(location(self._root, "snapshots", new_id))

    def purge(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """End the snapshots that meet a query."""
        return use_context(exchange.link_context(), lambda context: self._purge(exchange, context))

    async def _purge(self, exchange: Exchange, context: Context) -> Response:
        purged = await purge_snapshots(self._snapshots, exchange.call, exchange.parameters.text("q"), context)
        if not purged.failed:
            return no_content()
        problem = InternalError("The node's disk did not take it; purge again later.").problem()
        errors = [{"entityId": snapshot_id, "error": problem} for snapshot_id, _ in purged.failed]
        return multi_status({"success": purged.gone, "errors": errors})

    def retrieve(self, exchange: Exchange) -> Response | Awaitable[Response]:
        """Tell the status of a snapshot."""
        return use_context(exchange.link_context(), lambda context: self._retrieve(exchange, context))

    def _retrieve(self, exchange: Exchange, context: Context) -> Response:
        stored = self._snapshots.get(exchange.call, exchange.path["snapshotId"])
        return self._shown(exchange, context, stored)

    async def update(self, exchange: Exchange) -> Response:
        """Change lifetime, priority or endpoint of a snapshot."""
        body, context = await _content(exchange)
        snapshot_id = exchange.path["snapshotId"]
        stored = await update_snapshot(self._snapshots, exchange.call, snapshot_id, body)
        return self._shown(exchange, context, stored)

    async def delete(self, exchange: Exchange) -> Response:
        """End a snapshot."""
        await delete_snapshot(self._snapshots, exchange.call, exchange.path["snapshotId"])
        return no_content()

    def _shown(self, exchange: Exchange, context: Context, stored: Mapping[str, Any]) -> Response:
        used_us = self._snapshots.used_us(exchange.tenant, stored)
        return one(exchange, context, represent_snapshot(stored, context, used_us=used_us))


async def _content(exchange: Exchange) -> tuple[dict[str, Any], Context]:
    body, pending = exchange.content_context()
    return body, pending if isinstance(pending, Context) else await pending
