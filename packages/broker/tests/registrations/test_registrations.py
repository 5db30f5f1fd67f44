"""Context source registrations over HTTP (clauses 5.9, 5.10, 5.12, 6.8 and 6.9)."""

from __future__ import annotations

import orjson
import pytest

ROOT = "/csourceRegistrations"
ID = "urn:r:1"
ONE = f"{ROOT}/{ID}"
LAMP = "urn:ngsi-ld:Lamp:1"
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
CENTRE = {"type": "Point", "coordinates": [16.54, 59.61]}


def body(**members):
    return {
        "id": ID,
        "type": "ContextSourceRegistration",
        "endpoint": "http://source.example",
        "information": [{"entities": [{"type": "Lamp"}], "propertyNames": ["level"]}],
        **members,
    }


def exclusive(**members):
    information = [{"entities": [{"id": LAMP, "type": "Lamp"}], "propertyNames": ["level"]}]
    return body(mode="exclusive", information=information, **members)


def problem(response):
    return response.status, orjson.loads(response.body)["type"].rpartition("/")[2]


async def found(node, query, **headers):
    response = await node.ask(f"{ROOT}?{query}", **headers)
    assert response.status == 200, response.body
    return [member["id"] for member in orjson.loads(response.body)]


def hold(node, **attributes):
    document = {"id": LAMP, "type": [DEFAULT + "Lamp"], **attributes}
    node.broker.state.dataset("").add(document, 1)


async def test_created_retrieved_changed_restored_and_deleted(node):
    response = await node.ask(ROOT, "POST", body(timesSent=7, owner="city"))
    assert response.status == 201
    assert ("Location", f"/ngsi-ld/v1{ONE}") in response.headers
    shown = orjson.loads((await node.ask(ONE)).body)
    assert shown == body(owner="city")
    assert (await node.ask(ONE, "PATCH", {"description": "lamps", "owner": "urn:ngsi-ld:null"})).status == 204
    await node.stop()
    await node.start()
    shown = orjson.loads((await node.ask(ONE + "?options=sysAttrs")).body)
    assert shown["description"] == "lamps"
    assert "owner" not in shown
    assert "createdAt" in shown
    assert (await node.ask(ONE, "DELETE")).status == 204
    assert problem(await node.ask(ONE)) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("type=Lamp", True),
        ("type=Bin", False),
        ("type=Lamp%7CBin", True),
        ("attrs=level", True),
        ("attrs=colour", False),
        ("q=level%3E1", True),
        ("q=colour==1", False),
        (f"type=Lamp&id={LAMP}", True),
        ("type=Lamp&id=urn:ngsi-ld:Bin:1", False),
        ("type=Lamp&idPattern=.*:Lamp:.*", True),
        ("type=Lamp&csf=owner==%22city%22", True),
        ("type=Lamp&csf=owner==%22other%22", False),
        ("type=Lamp&scopeQ=/City/%23", True),
        ("type=Lamp&scopeQ=/Country", False),
        ("georel=near%3BmaxDistance==100&geometry=Point&coordinates=[16.54,59.61]", True),
        ("georel=near%3BmaxDistance==100&geometry=Point&coordinates=[17.54,59.61]", False),
        ("type=Lamp&timerel=before&timeAt=2025-01-01T00:00:00Z", False),
    ],
)
async def test_discovered_by_what_it_may_have(node, query, matches):
    entities = [{"idPattern": "urn:ngsi-ld:Lamp:.*", "type": "Lamp"}]
    information = [{"entities": entities, "propertyNames": ["level"]}]
    sent = body(information=information, owner="city", scope="/City/Centre", location=CENTRE)
    assert (await node.ask(ROOT, "POST", sent)).status == 201
    assert await found(node, query) == ([ID] if matches else [])


async def test_history_is_asked_for_with_a_temporal_query(node):
    interval = {"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"}
    await node.ask(ROOT, "POST", body(observationInterval=interval))
    assert await found(node, "type=Lamp") == []
    assert await found(node, "type=Lamp&timerel=after&timeAt=2020-06-01T00:00:00Z") == [ID]
    assert await found(node, "type=Lamp&timerel=after&timeAt=2022-06-01T00:00:00Z") == []
    assert await found(node, "type=Lamp&timerel=before&timeAt=2019-06-01T00:00:00Z") == []


async def test_what_is_exclusive_stands_alone(node):
    assert (await node.ask(ROOT, "POST", exclusive())).status == 201
    assert problem(await node.ask(ROOT, "POST", exclusive(id="urn:r:2"))) == (409, "Conflict")
    redirect = body(id="urn:r:2", mode="redirect")
    assert problem(await node.ask(ROOT, "POST", redirect)) == (409, "Conflict")
    elsewhere = [{"entities": [{"type": "Lamp"}], "propertyNames": ["colour"]}]
    assert (await node.ask(ROOT, "POST", {**redirect, "information": elsewhere})).status == 201
    assert (await node.ask(ROOT, "POST", body(id="urn:r:3"))).status == 201
    assert problem(await node.ask(f"{ROOT}/urn:r:3", "PATCH", {"mode": "redirect"})) == (409, "Conflict")
    assert orjson.loads((await node.ask(f"{ROOT}/urn:r:3")).body).get("mode") is None


async def test_nothing_that_is_held_here_is_proxied(node):
    hold(node, **{DEFAULT + "level": [{"type": "Property", "value": 1}]})
    assert problem(await node.ask(ROOT, "POST", exclusive())) == (409, "Conflict")
    assert problem(await node.ask(ROOT, "POST", body(mode="redirect"))) == (409, "Conflict")
    other = [{"entities": [{"id": LAMP, "type": "Lamp"}], "propertyNames": ["colour"]}]
    assert (await node.ask(ROOT, "POST", {**exclusive(), "information": other})).status == 201


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"type": "Thing"}, "/type"),
        ({"endpoint": "ftp://x.example"}, "/endpoint"),
        ({"information": []}, "/information"),
        ({"information": [{}]}, "/information/0"),
        ({"information": [{"entities": [{"id": "x", "type": "Lamp"}]}]}, "/information/0/entities/0/id"),
        ({"information": [{"propertyNames": []}]}, "/information/0/propertyNames"),
        ({"mode": "exclusive"}, "/information/0"),
        ({"mode": "sometimes"}, "/mode"),
        ({"mode": "auxiliary"}, "/operations"),
        ({"operations": ["flyOps"]}, "/operations/0"),
        ({"expiresAt": "2001-01-01T00:00:00Z"}, "/expiresAt"),
        ({"management": {"timeout": 0}}, "/management/timeout"),
        ({"location": {"type": "Point", "coordinates": [1]}}, "/location/coordinates"),
        ({"contextSourceInfo": [{"key": "accept", "value": "text/html"}]}, "/contextSourceInfo/0/value"),
    ],
)
async def test_a_broken_registration_is_refused_with_its_place(node, members, pointer):
    response = await node.ask(ROOT, "POST", body(**members))
    assert problem(response) == (400, "BadRequestData")
    assert orjson.loads(response.body)["pointer"] == pointer
    assert node.store.log.head.number == 0


async def test_refused_requests(node):
    await node.ask(ROOT, "POST", body())
    assert problem(await node.ask(ROOT, "POST", body())) == (409, "AlreadyExists")
    assert problem(await node.ask(ROOT)) == (400, "BadRequestData")
    assert problem(await node.ask(f"{ROOT}/none")) == (400, "BadRequestData")
    assert problem(await node.ask(f"{ROOT}/urn:r:9", "DELETE")) == (404, "ResourceNotFound")
    assert problem(await node.ask(ONE, "PATCH", {"id": "urn:r:2"})) == (400, "BadRequestData")
    assert problem(await node.ask(ONE, ngsild_tenant="nowhere")) == (404, "NonexistentTenant")
    assert (await node.ask(ROOT, "POST", body(), ngsild_tenant="closed")).status == 403
    assert await found(node, "type=Lamp") == [ID]
