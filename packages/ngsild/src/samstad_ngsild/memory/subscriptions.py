"""Operations on subscriptions (clauses 5.8.1 to 5.8.5)."""

from __future__ import annotations

from samstad_ngsild.client.transport import Answer
from samstad_ngsild.document import NULL
from samstad_ngsild.entities.names import check_uri
from samstad_ngsild.errors import AlreadyExists, BadRequestData, ResourceNotFound
from samstad_ngsild.memory.entities import counted
from samstad_ngsild.memory.exchange import Exchange, done, made, shown
from samstad_ngsild.memory.following import Following

__all__ = ["create", "delete", "list_all", "retrieve", "update"]


def create(exchange: Exchange) -> Answer:
    """POST /subscriptions."""
    known = exchange.dataset.subscriptions
    body = {"id": f"urn:ngsi-ld:Subscription:{len(known) + 1}", **exchange.object()}
    check_uri(body["id"], pointer="/id")
    if body["id"] in known:
        raise AlreadyExists(f"The subscription {body['id']} exists already.", pointer="/id")
    known[body["id"]] = Following(body, exchange.context)
    return made("subscriptions", body["id"])


def list_all(exchange: Exchange) -> Answer:
    """GET /subscriptions."""
    page = exchange.page()
    found = [one.shown(exchange.now_us) for one in exchange.dataset.subscriptions.values()]
    return shown(found[page.offset : page.offset + page.limit], headers=counted(page, len(found)))


def retrieve(exchange: Exchange) -> Answer:
    """GET /subscriptions/{subscriptionId}."""
    return shown(_known(exchange).shown(exchange.now_us))


def update(exchange: Exchange) -> Answer:
    """PATCH /subscriptions/{subscriptionId}."""
    old, fragment = _known(exchange), exchange.object()
    for name in ("id", "type"):
        if fragment.get(name, old.content[name]) != old.content[name]:
            raise BadRequestData(f"The {name} of a subscription cannot be changed.", pointer=f"/{name}")
    kept = {name: value for name, value in old.content.items() if name not in fragment}
    changed = {name: value for name, value in fragment.items() if value != NULL}
    fresh = Following(kept | changed, exchange.context)
    fresh.sent, fresh.failed = old.sent, old.failed
    exchange.dataset.subscriptions[old.id] = fresh
    return done()


def delete(exchange: Exchange) -> Answer:
    """DELETE /subscriptions/{subscriptionId}."""
    del exchange.dataset.subscriptions[_known(exchange).id]
    return done()


def _known(exchange: Exchange) -> Following:
    found = exchange.dataset.subscriptions.get(exchange.path["subscriptionId"])
    if found is None:
        raise ResourceNotFound(f"The subscription {exchange.path['subscriptionId']} is not known.")
    return found
