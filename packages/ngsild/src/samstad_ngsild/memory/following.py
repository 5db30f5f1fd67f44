"""One subscription: which changes it is told of, and what its notifications hold (clauses 5.2.12, 5.8.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from samstad_ngsild.context import Context
from samstad_ngsild.document import NULL, EntityDocument
from samstad_ngsild.entities.dates import iso, parse_datetime
from samstad_ngsild.entities.represent import Representation, renderer
from samstad_ngsild.errors import BadRequestData, OperationNotSupported
from samstad_ngsild.merge import same_instances
from samstad_ngsild.query import Query, compile_query, parse_projection, parse_query_body

__all__ = ["Following"]

_MEMBERS = frozenset(
    {
        "id", "type", "subscriptionName", "description", "entities", "watchedAttributes", "q", "geoQ",
        "scopeQ", "lang", "isActive", "notification", "notificationTrigger", "expiresAt",
        "jsonldContext", "localOnly",
    }
)  # fmt: skip
_READ_ONLY = frozenset({"status", "createdAt", "modifiedAt"})
_UNSUPPORTED = frozenset({"timeInterval", "throttling", "csf", "temporalQ", "datasetId", "expandValues"})
_CREATED, _UPDATED, _DELETED = "attributeCreated", "attributeUpdated", "attributeDeleted"
_DEFAULT_TRIGGERS = frozenset({_CREATED, _UPDATED})
_TRIGGERS = frozenset({_CREATED, _UPDATED, _DELETED, "entityCreated", "entityUpdated", "entityDeleted"})


class Following:
    """One subscription.

    Args:
        content: as the subscriber gave it.
        context: in which its names are meant.

    Raises:
        BadRequestData: it is none.
        OperationNotSupported: it asks for what only a broker does, such as periods and throttling.
    """

    def __init__(self, content: Mapping[str, Any], context: Context) -> None:
        self.content = {name: value for name, value in content.items() if name not in _READ_ONLY}
        _check(self.content)
        notification = self.content["notification"]
        self.context = context
        self.id: str = self.content["id"]
        self.uri: str = notification["endpoint"]["uri"]
        self.sent = 0
        self.failed = 0
        self._matches = _condition(self.content, context)
        self._watched = frozenset(map(context.expand, self.content.get("watchedAttributes", ())))
        asked = frozenset(self.content.get("notificationTrigger", _DEFAULT_TRIGGERS))
        self._triggers = asked | {_CREATED, _UPDATED, _DELETED} if "entityUpdated" in asked else asked
        self._render = renderer(context, _representation(notification, context))

    def told_of(
        self,
        before: EntityDocument | None,
        after: EntityDocument | None,
        names: list[str],
        now_us: int,
    ) -> dict[str, Any] | None:
        """Return the entity as the subscriber is told of a change; None where it is not."""
        document = after or before
        if document is None or not self._is_active(now_us) or not self._matches(document):
            return None
        kinds, gone = _kinds(before, after, names, self._watched)
        if self._triggers.isdisjoint(kinds):
            return None
        if after is None:
            types = self._render({"id": document["id"], "type": document["type"]})
            return {**types, "deletedAt": iso(now_us)}
        entity = self._render(after)
        return entity | {self.context.compact(name): NULL for name in gone}

    def notification(self, number: int, entity: dict[str, Any], now_us: int) -> bytes:
        """Return the body of a notification of one entity (clause 5.3.1)."""
        return orjson.dumps(
            {
                "id": f"urn:ngsi-ld:Notification:{number}",
                "type": "Notification",
                "subscriptionId": self.id,
                "notifiedAt": iso(now_us),
                "data": [entity],
            }
        )

    def shown(self, now_us: int) -> dict[str, Any]:
        """Return the subscription as its owner sees it (clause 5.2.14.2)."""
        status = "active" if self._is_active(now_us) else "paused"
        if self._is_expired(now_us):
            status = "expired"
        counted = {"timesSent": self.sent, "timesFailed": self.failed}
        notification = self.content["notification"] | {name: n for name, n in counted.items() if n}
        return {"isActive": True, **self.content, "status": status, "notification": notification}

    def _is_expired(self, now_us: int) -> bool:
        return "expiresAt" in self.content and parse_datetime(self.content["expiresAt"]) <= now_us

    def _is_active(self, now_us: int) -> bool:
        return self.content.get("isActive", True) is True and not self._is_expired(now_us)


def _check(content: Mapping[str, Any]) -> None:
    for name in content:
        if name in _UNSUPPORTED:
            raise OperationNotSupported(f"This source in memory knows no {name}.", pointer=f"/{name}")
        if name not in _MEMBERS:
            raise BadRequestData(f"A subscription has no member {name!r}.", pointer=f"/{name}")
    if content.get("type") != "Subscription":
        raise BadRequestData("The type of a subscription is Subscription.", pointer="/type")
    if not (content.get("entities") or content.get("watchedAttributes")):
        raise BadRequestData("A subscription needs entities or watchedAttributes.", pointer="/entities")
    notification = content.get("notification")
    endpoint = notification.get("endpoint") if isinstance(notification, dict) else None
    if not isinstance(endpoint, dict) or not isinstance(endpoint.get("uri"), str):
        raise BadRequestData("notification has an endpoint with a uri.", pointer="/notification/endpoint")
    for name in content.get("notificationTrigger", ()):
        if name not in _TRIGGERS:
            raise BadRequestData(f"{name!r} is no notification trigger.", pointer="/notificationTrigger")


def _condition(content: Mapping[str, Any], context: Context) -> Callable[[EntityDocument], bool]:
    asked = {name: content[name] for name in ("entities", "q", "geoQ", "scopeQ") if name in content}
    query: Query = parse_query_body({"type": "Query", **asked}, context, local=True)
    return compile_query(query).matches


def _representation(notification: Mapping[str, Any], context: Context) -> Representation:
    def projected(name: str) -> Any:
        return (
            parse_projection(notification[name], pointer=f"/notification/{name}").expanded(context)
            if name in notification
            else None
        )

    pick = projected("pick")
    if "attributes" in notification:
        pick = frozenset({"id", "type", "scope", *map(context.expand, notification["attributes"])})
    named = notification.get("format", "normalized")
    return Representation(
        format="simplified" if named == "keyValues" else named,
        sys_attrs=notification.get("sysAttrs") is True,
        pick=pick,
        omit=projected("omit"),
    )


def _kinds(
    before: EntityDocument | None, after: EntityDocument | None, names: list[str], watched: frozenset[str]
) -> tuple[set[str], list[str]]:
    """Return the kinds of a change to what is watched, and the attributes that are gone."""
    seen = [name for name in names if not watched or name in watched]
    if before is None or after is None:
        kind = {"entityCreated", _CREATED} if before is None else {"entityDeleted"}
        return (kind if seen or not watched else set()), []
    kinds = set()
    gone = []
    for name in seen:
        was, now = before.get(name, []), after.get(name, [])
        if was and not now:
            kinds.add(_DELETED)
            gone.append(name)
        elif now and not was:
            kinds.add(_CREATED)
        elif was and not same_instances(was, now):
            kinds.add(_UPDATED)
    return kinds, gone
