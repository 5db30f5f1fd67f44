from __future__ import annotations

import orjson
import pytest

LAMP = "/entities/urn:ngsi-ld:Lamp:1"
SECRET = "/entities/urn:ngsi-ld:Secret:1"


def _header(response, name):
    return [value for key, value in response.headers if key == name]


async def test_a_created_entity_is_found_where_location_says_and_only_once(node):
    body = {"id": "urn:ngsi-ld:Lamp:9", "type": "Lamp", "power": {"type": "Property", "value": 1}}
    answer = await node.ask("/entities", "POST", body)
    assert answer.status == 201
    assert _header(answer, "Location") == ["/ngsi-ld/v1/entities/urn:ngsi-ld:Lamp:9"]
    assert await node.read("/entities/urn:ngsi-ld:Lamp:9") == body
    assert (await node.problem("/entities", "POST", body))[:2] == (409, "AlreadyExists")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"type": "Lamp"}, "/id"),
        ({"id": "lamp", "type": "Lamp"}, "/id"),
        ({"id": "urn:ngsi-ld:Lamp:9"}, "/type"),
    ],
)
async def test_an_entity_without_proper_id_or_type_is_refused_and_not_there(node, body, pointer):
    assert await node.problem("/entities", "POST", body) == (400, "BadRequestData", pointer)
    assert await node.read("/entities") == []


async def test_an_entity_is_shown_as_it_was_asked_for(lamps):
    assert await lamps.read(f"{LAMP}?format=simplified&pick=id,power") == {
        "id": "urn:ngsi-ld:Lamp:1",
        "power": 40,
    }
    shown = await lamps.read(f"{LAMP}?options=concise,sysAttrs&omit=location")
    assert shown["power"]["value"] == 40
    assert "createdAt" in shown
    assert "location" not in shown
    assert "createdAt" not in await lamps.read(LAMP)


async def test_a_kept_representation_is_dropped_when_the_entity_changes(lamps):
    assert await lamps.read(LAMP) == await lamps.read(LAMP)
    await lamps.ask(f"{LAMP}/attrs/power", "PATCH", {"value": 41})
    assert (await lamps.read(LAMP))["power"]["value"] == 41


async def test_json_ld_holds_the_context_and_json_links_to_it(lamps):
    inside = await lamps.ask(LAMP, accept="application/ld+json")
    assert "@context" in orjson.loads(inside.body)
    assert not _header(inside, "Link")
    beside = await lamps.ask(LAMP)
    assert "@context" not in orjson.loads(beside.body)
    assert "json-ld#context" in _header(beside, "Link")[0]


async def test_geojson_is_a_feature_or_a_collection_of_them(lamps):
    feature = await lamps.read(LAMP, accept="application/geo+json")
    assert feature["type"] == "Feature"
    assert feature["geometry"]["coordinates"] == [17.6, 59.8]
    collection = await lamps.read("/entities?type=Lamp", accept="application/geo+json")
    assert collection["type"] == "FeatureCollection"
    assert len(collection["features"]) == 2
    assert (await lamps.ask("/types", accept="application/geo+json")).status == 406


async def test_linked_entities_come_inside_or_behind_and_not_unasked(lamps):
    inline = await lamps.read(f"{LAMP}?join=inline")
    assert inline["pole"]["entity"]["height"]["value"] == 8
    flat = await lamps.read("/entities?type=Lamp&join=flat")
    assert [e["id"] for e in flat][2:] == ["urn:ngsi-ld:Pole:1"]
    assert "entity" not in (await lamps.read(LAMP))["pole"]


async def test_linked_entities_that_the_caller_may_not_read_are_left_out(lamps):
    body = {"type": "Relationship", "object": "urn:ngsi-ld:Secret:1"}
    await lamps.ask(f"{LAMP}/attrs", "POST", {"guards": body})
    assert "entity" in (await lamps.read(f"{LAMP}?join=inline"))["guards"]
    assert "entity" not in (await lamps.read(f"{LAMP}?join=inline", authorization="guest"))["guards"]


async def test_a_query_pages_counts_and_orders(lamps):
    answer = await lamps.ask("/entities?type=Lamp&limit=1&count=true&orderBy=power;desc")
    assert answer.status == 200, answer.body
    assert [e["id"] for e in orjson.loads(answer.body)] == ["urn:ngsi-ld:Lamp:2"]
    assert _header(answer, "NGSILD-Results-Count") == ["2"]
    links = " ".join(_header(answer, "Link"))
    assert 'rel="next"' in links
    assert 'rel="prev"' not in links


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=Lamp&q=power>50", ["urn:ngsi-ld:Lamp:2"]),
        ("id=urn:ngsi-ld:Lamp:1,urn:ngsi-ld:Lamp:7", ["urn:ngsi-ld:Lamp:1"]),
        ("attrs=height", ["urn:ngsi-ld:Pole:1"]),
        ("type=Lamp&q=power>500", []),
    ],
)
async def test_a_query_finds_what_it_describes(lamps, query, found):
    assert [e["id"] for e in await lamps.read(f"/entities?{query}")] == found


async def test_a_posted_query_finds_the_same_as_one_in_the_url(lamps):
    body = {"type": "Query", "entities": [{"type": "Lamp"}], "q": "power>50"}
    answer = await lamps.ask("/entityOperations/query", "POST", body)
    assert answer.status == 200, answer.body
    assert orjson.loads(answer.body) == await lamps.read("/entities?type=Lamp&q=power>50")
    assert (await lamps.problem("/entityOperations/query", "POST", {"type": "Lamp"}))[0] == 400


async def test_parameters_that_are_misspelt_or_wrong_are_named(lamps):
    assert await lamps.problem("/entities?typ=Lamp") == (400, "InvalidRequest", "typ")
    assert await lamps.problem("/entities?limit=0") == (400, "InvalidRequest", "limit")
    assert (await lamps.problem("/entities?q=power>>"))[:2] == (400, "BadRequestData")


async def test_a_type_that_the_caller_may_not_read_is_not_there(lamps):
    status, kind, _ = await lamps.problem(SECRET, authorization="guest")
    assert (status, kind) == (404, "ResourceNotFound")
    assert await lamps.problem("/entities/urn:ngsi-ld:Secret:2") == await lamps.problem(
        SECRET, authorization="guest"
    )
    seen = await lamps.read("/entities", authorization="guest")
    assert {e["type"] for e in seen} == {"Pole", "Lamp"}
    assert (await lamps.problem(SECRET, "DELETE", authorization="guest"))[0] == 404
    assert (await lamps.problem(LAMP, "DELETE", authorization="reader"))[0] == 403
    assert (await lamps.ask(SECRET)).status == 200


@pytest.mark.parametrize("target", ["/entities", LAMP, "/types", "/attributes"])
async def test_an_unknown_tenant_is_not_found_and_not_begun_by_reading(lamps, target):
    assert (await lamps.problem(target, ngsild_tenant="elsewhere"))[:2] == (404, "NonexistentTenant")


async def test_replacing_takes_away_what_is_not_given(lamps):
    body = {"type": "Lamp", "colour": {"type": "Property", "value": "red"}}
    assert (await lamps.ask(LAMP, "PUT", body)).status == 204
    assert "power" not in await lamps.read(LAMP)
    other = {"id": "urn:ngsi-ld:Lamp:2", **body}
    assert (await lamps.problem(LAMP, "PUT", other))[1:] == ("BadRequestData", "/id")


async def test_merging_leaves_what_is_not_given_and_deletes_by_null(lamps):
    body = {"power": {"value": 50}, "pole": "urn:ngsi-ld:null"}
    assert (await lamps.ask(LAMP, "PATCH", body)).status == 204
    lamp = await lamps.read(LAMP)
    assert lamp["power"] == {"type": "Property", "value": 50, "unitCode": "WTT"}
    assert "pole" not in lamp
    assert (await lamps.problem("/entities/urn:ngsi-ld:Lamp:8", "PATCH", body))[0] == 404


async def test_deleting_is_for_the_given_type_alone(lamps):
    for method, body in (("DELETE", None), ("PATCH", {"power": {"value": 1}})):
        assert (await lamps.problem(f"{LAMP}?type=Pole", method, body))[0] == 404
    assert (await lamps.ask(f"{LAMP}?type=Lamp", "DELETE")).status == 204
    assert (await lamps.problem(LAMP))[0] == 404


async def test_purging_deletes_what_matches_and_nothing_else(lamps):
    assert (await lamps.ask("/entities?type=Lamp&q=power>50", "DELETE")).status == 204
    assert [e["id"] for e in await lamps.read("/entities?type=Lamp")] == ["urn:ngsi-ld:Lamp:1"]
    assert (await lamps.problem("/entities", "DELETE"))[0] == 400
    assert len(await lamps.read("/entities")) == 3


async def test_linked_entities_that_would_multiply_without_bound_are_refused(node):
    ring = [f"urn:ngsi-ld:Node:{number}" for number in range(30)]
    links = {"type": "Relationship", "object": ring}
    items = [{"id": uri, "type": "Node", "next": links} for uri in ring]
    assert (await node.ask("/entityOperations/create", "POST", items)).status == 201
    target = "/entities/urn:ngsi-ld:Node:0?join=inline&joinLevel="
    assert (await node.problem(f"{target}5"))[:2] == (403, "TooComplexQuery")
    assert len((await node.read(f"{target}1"))["next"]["entityList"]) == 29


async def test_an_id_with_a_comma_is_one_id(node):
    assert (await node.ask("/entities", "POST", {"id": "urn:a:1,2", "type": "Lamp"})).status == 201
    assert await node.read("/entities/urn:a:1,2?format=concise") == {"id": "urn:a:1,2", "type": "Lamp"}
    assert (await node.problem("/entities/urn:a:1?format=concise"))[0] == 404
