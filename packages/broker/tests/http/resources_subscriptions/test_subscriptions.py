"""Subscriptions over HTTP (clauses 6.10 and 6.11)."""

from __future__ import annotations

import orjson
import pytest

ID = "urn:ngsi-ld:Subscription:1"
ONE = f"/subscriptions/{ID}"


def body(**members):
    return {
        "id": ID,
        "type": "Subscription",
        "entities": [{"type": "Lamp"}],
        "notification": {"endpoint": {"uri": "http://receiver.example/"}},
        **members,
    }


def problem(response):
    return response.status, orjson.loads(response.body)["type"].rpartition("/")[2]


async def test_created_retrieved_listed_changed_and_deleted(node):
    response = await node.ask("/subscriptions", "POST", body())
    assert response.status == 201
    assert ("Location", f"/ngsi-ld/v1/subscriptions/{ID}") in response.headers
    shown = orjson.loads((await node.ask(ONE)).body)
    assert shown["status"] == "active"
    assert "createdAt" not in shown
    assert "createdAt" in orjson.loads((await node.ask(ONE + "?options=sysAttrs")).body)
    listed = await node.ask("/subscriptions/?count=true")
    assert [member["id"] for member in orjson.loads(listed.body)] == [ID]
    assert ("NGSILD-Results-Count", "1") in listed.headers
    assert (await node.ask(ONE, "PATCH", {"isActive": False})).status == 204
    assert orjson.loads((await node.ask(ONE)).body)["status"] == "paused"
    assert (await node.ask(ONE, "DELETE")).status == 204
    assert problem(await node.ask(ONE)) == (404, "ResourceNotFound")


async def test_without_an_id_the_node_gives_one(node):
    given = {name: value for name, value in body().items() if name != "id"}
    response = await node.ask("/subscriptions", "POST", given)
    assert ("Location", "/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:new") in response.headers


async def test_after_a_restart_it_is_there_and_matches(node):
    await node.ask("/subscriptions", "POST", body(), ngsild_tenant="roads")
    await node.stop()
    await node.start()
    assert (await node.ask(ONE, ngsild_tenant="roads")).status == 200
    assert node.subscriptions.indexes.tenant("roads").get(ID) is not None
    assert problem(await node.ask(ONE)) == (404, "ResourceNotFound")


async def test_pages_have_links(node):
    for number in range(3):
        await node.ask("/subscriptions", "POST", body(id=f"urn:s:{number}"))
    response = await node.ask("/subscriptions?limit=1&offset=1")
    assert [member["id"] for member in orjson.loads(response.body)] == ["urn:s:1"]
    links = " ".join(value for name, value in response.headers if name == "Link")
    assert 'rel="next"' in links
    assert 'rel="prev"' in links
    last = await node.ask("/subscriptions?limit=2&offset=2")
    assert not any('rel="next"' in value for name, value in last.headers if name == "Link")


async def test_as_json_ld_the_context_is_inside(node):
    await node.ask("/subscriptions", "POST", body())
    shown = orjson.loads((await node.ask(ONE, accept="application/ld+json")).body)
    assert "ngsi-ld-core-context" in str(shown["@context"])
    assert "@context" not in orjson.loads((await node.ask(ONE)).body)


@pytest.mark.parametrize(
    ("target", "method", "sent", "headers", "expected"),
    [
        ("/subscriptions", "POST", body(), {}, (409, "AlreadyExists")),
        ("/subscriptions", "POST", body(type="Thing"), {}, (400, "BadRequestData")),
        ("/subscriptions", "POST", body(id="no uri"), {}, (400, "BadRequestData")),
        ("/subscriptions", "POST", [], {}, (400, "BadRequestData")),
        ("/subscriptions", "POST", body(id="urn:s:9"), {"ngsild_tenant": "closed"}, (403, "forbidden")),
        ("/subscriptions?limit=0", "GET", None, {}, (400, "InvalidRequest")),
        ("/subscriptions?options=everything", "GET", None, {}, (400, "InvalidRequest")),
        ("/subscriptions?limit=100000", "GET", None, {}, (403, "TooManyResults")),
        ("/subscriptions?misspelt=1", "GET", None, {}, (400, "InvalidRequest")),
        ("/subscriptions", "GET", None, {"ngsild_tenant": "nowhere"}, (404, "NonexistentTenant")),
        (ONE, "PATCH", {"isActive": True}, {"ngsild_tenant": "nowhere"}, (404, "NonexistentTenant")),
        (ONE, "PATCH", {"expiresAt": "2001-01-01T00:00:00Z"}, {}, (400, "BadRequestData")),
        ("/subscriptions/urn:s:none", "PATCH", {"isActive": True}, {}, (404, "ResourceNotFound")),
        ("/subscriptions/urn:s:none", "DELETE", None, {}, (404, "ResourceNotFound")),
        ("/subscriptions/none", "DELETE", None, {}, (400, "BadRequestData")),
        (ONE, "PUT", body(), {}, (405, "method-not-allowed")),
    ],
)
async def test_what_is_refused_changes_nothing(node, target, method, sent, headers, expected):  # noqa: PLR0917 - a table
    await node.ask("/subscriptions", "POST", body())
    head = node.store.log.head
    assert problem(await node.ask(target, method, sent, **headers)) == expected
    assert node.store.log.head == head
