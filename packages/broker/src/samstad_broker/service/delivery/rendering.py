"""From changes to the bytes of a notification (clauses 5.3.1, 5.8.6, 6.3.8 and 6.3.14)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from samstad_broker.domain.rows import Position, Row
from samstad_broker.domain.subscriptions.subscription import Subscription
from samstad_broker.service.delivery.change_view import ChangeView, view_change
from samstad_broker.service.delivery.joining import join_flat, join_inline
from samstad_broker.service.delivery.lane import Lane
from samstad_broker.service.delivery.rights import Rights
from samstad_broker.service.delivery.settings import DeliverySettings
from samstad_broker.spi.current_entities import CurrentEntities
from samstad_broker.spi.notifier import Notice
from samstad_ngsild.context import CORE, Context
from samstad_ngsild.document import NULL, EntityDocument
from samstad_ngsild.entities.dates import iso
from samstad_ngsild.entities.geojson import represent_feature
from samstad_ngsild.entities.represent import renderer

__all__ = ["Renderer"]

_LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
_LD_JSON = "application/ld+json"
_GEO_JSON = "application/geo+json"
_KEPT_ENTITIES = 1_024
_KEPT_PLANS = 20_000


class _Plan:
    """All about a subscription's notifications that does not change from one to the next."""

    __slots__ = (
        "content_type",
        "context",
        "embedded",
        "geojson",
        "head",
        "headers",
        "kind",
        "link",
        "render",
        "subscription",
        "tenant",
        "timeout_us",
        "wanted",
    )  # fmt: skip

    def __init__(self, tenant: str, subscription: Subscription, settings: DeliverySettings) -> None:
        endpoint = subscription.notification.endpoint
        self.subscription = subscription
        self.tenant = tenant
        self.content_type = endpoint.accept
        self.geojson = endpoint.accept == _GEO_JSON
        self.context = _context(subscription)
        prefers_json = any(
            key.lower() == "prefer" and "body=json" in value.replace(" ", "").split(";")
            for key, value in endpoint.receiver_info
        )
        inside = endpoint.accept == _LD_JSON or (self.geojson and not prefers_json)
        self.embedded = self.context.output if inside else None
        own_link = any(key.lower() == "link" for key, _ in endpoint.receiver_info)
        self.link = None if inside or own_link else _LINK.format(self.context.link)
        tenant_header = (("NGSILD-Tenant", tenant),) if tenant else ()
        self.headers = (*tenant_header, *endpoint.receiver_info)
        self.timeout_us = min(endpoint.timeout_us or settings.timeout_us, settings.most_timeout_us)
        self.head = b'","type":"Notification","subscriptionId":%b,"notifiedAt":"' % orjson.dumps(
            subscription.id
        )
        self.render: Callable[[EntityDocument], dict[str, Any]] = renderer(
            self.context, subscription.representation
        )
        self.kind = 0
        self.wanted = (
            self.context.key,
            subscription.representation,
            subscription.notification.show_changes,
            endpoint.accept,
        )


def _context(subscription: Subscription) -> Context:
    """Return the @context of the notifications; one that cannot be named in a Link header must be inside."""
    context = subscription.notification_context
    if context.link is None and subscription.notification.endpoint.accept != _LD_JSON:
        return CORE
    return context


class Renderer:
    """Makes notifications; the same change for subscriptions that want the same is rendered once."""

    def __init__(self, current: CurrentEntities, settings: DeliverySettings, rights: Rights) -> None:
        self._current = current
        self._rights = rights
        self._settings = settings
        self._plans: dict[Lane, _Plan] = {}
        self._kinds: dict[Any, int] = {}
        self._entities: dict[tuple[Position, int], bytes] = {}

    def changes(self, lane: Lane, rows: Sequence[Row], now_us: int) -> Notice:
        """Return the notification of changes, at most one of each entity.

        Raises:
            NgsiLdError: an entity cannot be represented as the subscription asks.
        """
        plan = self._plan(lane)
        number = rows[-1].position
        seed = f"{lane.subscription.id} {rows[0].position} {number} {len(rows)}"
        notification = lane.subscription.notification
        if notification.join == "@none" and not plan.geojson:
            return self._notice(plan, seed, now_us, [self._entity(plan, row) for row in rows])
        views = [_view(plan, row) for row in rows]
        return self._joined(lane, seed, now_us, views)

    def states(self, lane: Lane, documents: Sequence[EntityDocument], now_us: int) -> Notice:
        """Return the notification of current states: of a period, or of a resynchronisation."""
        seed = f"{lane.subscription.id} state {now_us} {documents[0]['id']} {len(documents)}"
        return self._joined(lane, seed, now_us, [ChangeView(document) for document in documents])

    def forget(self, lane: Lane) -> None:
        """Drop what is kept for a lane."""
        self._plans.pop(lane, None)

    def _plan(self, lane: Lane) -> _Plan:
        plan = self._plans.get(lane)
        if plan is None or plan.subscription is not lane.subscription:
            if len(self._plans) >= _KEPT_PLANS:
                self._plans.clear()
            plan = self._plans[lane] = _Plan(lane.tenant, lane.subscription, self._settings)
            plan.kind = self._kinds.setdefault(plan.wanted, len(self._kinds))
        return plan

    def _entity(self, plan: _Plan, row: Row) -> bytes:
        if len(row.matched) == 1:
            return _encoded(plan, _view(plan, row))
        key = (row.position, plan.kind)
        kept = self._entities.get(key)
        if kept is None:
            if len(self._entities) >= _KEPT_ENTITIES:
                self._entities.clear()
            kept = self._entities[key] = _encoded(plan, _view(plan, row))
        return kept

    def _joined(self, lane: Lane, seed: str, now_us: int, views: list[ChangeView]) -> Notice:
        plan = self._plan(lane)
        params = plan.subscription.notification
        tenant = plan.tenant

        def find(entity_id: str) -> EntityDocument | None:
            return self._rights.document(lane, self._current.get(tenant, entity_id))

        if params.join == "inline":
            views = [
                ChangeView(join_inline(view.document, find, params.join_level), view.bare) for view in views
            ]
        elif params.join == "flat":
            linked = join_flat((view.document for view in views), find, params.join_level)
            views = [*views, *map(ChangeView, linked)]
        if plan.geojson:
            return self._notice(plan, seed, now_us, _collection(plan, views))
        return self._notice(plan, seed, now_us, [_encoded(plan, view) for view in views])

    def _notice(self, plan: _Plan, seed: str, now_us: int, entities: list[bytes] | bytes) -> Notice:
        data = entities if isinstance(entities, bytes) else b"[" + b",".join(entities) + b"]"
        parts = [
            b'{"id":"urn:ngsi-ld:Notification:',
            blake2b(seed.encode(), digest_size=16).hexdigest().encode(),
            plan.head,
            iso(now_us).encode(),
            b'","data":',
            data,
        ]
        if plan.embedded is not None and not plan.geojson:
            parts += [b',"@context":', orjson.dumps(plan.embedded)]
        parts.append(b"}")
        return Notice(
            uri=plan.subscription.notification.endpoint.uri,
            content_type=plan.content_type,
            link=plan.link,
            headers=plan.headers,
            body=b"".join(parts),
            timeout_us=plan.timeout_us,
            parameters=plan.subscription.notification.endpoint.notifier_info,
        )


def _view(plan: _Plan, row: Row) -> ChangeView:
    params = plan.subscription.notification
    return view_change(row, show_changes=params.show_changes, sys_attrs=params.sys_attrs)


def _encoded(plan: _Plan, view: ChangeView) -> bytes:
    entity = plan.render(view.document)
    if view.bare:
        _reduce(entity, view.bare, plan.context)
    if plan.embedded is not None:
        entity["@context"] = plan.embedded
    return orjson.dumps(entity)


def _reduce(members: dict[str, Any], bare: Iterable[str], context: Context) -> None:
    """Leave the null alone of what was deleted, where the subscription wants that member at all."""
    for name in bare:
        term = context.compact(name)
        if term in members:
            members[term] = NULL


def _collection(plan: _Plan, views: list[ChangeView]) -> bytes:
    """Return a FeatureCollection (clause 5.2.30)."""
    features = []
    for view in views:
        feature = represent_feature(view.document, plan.context, plan.subscription.representation)
        _reduce(feature["properties"], view.bare, plan.context)
        features.append(feature)
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if plan.embedded is not None:
        collection["@context"] = plan.embedded
    return orjson.dumps(collection)
