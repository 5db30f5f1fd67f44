"""Entity maps: a sequence of queries that keeps to one set of entities (clauses 4.5.25, 5.5.14, 5.14)."""

from __future__ import annotations

import pytest

PAST = "timerel=before&timeAt=2027-01-01T00:00:00Z"


def lamp(number: int, level: int = 1) -> dict:
    value = {"type": "Property", "value": level, "observedAt": "2026-11-25T10:00:00Z"}
    return {"id": f"urn:ngsi-ld:Lamp:{number}", "type": "Lamp", "level": value}


def numbers(answer) -> list[int]:
    return [int(one["id"].rpartition(":")[2]) for one in answer.body]


@pytest.mark.shows(
    "ENTITYMAP_QUERY", "ENTITYMAP_REP", "ENTITYMAP_OP", "EntRet.map", "EntUpd", "EntDel.map",
)  # fmt: skip
async def test_pages_of_a_map_neither_shift_nor_grow_when_entities_come_and_go(city):
    await city.put(*(lamp(number) for number in range(1, 6)))
    first = await city.get("/entities?type=Lamp&limit=2&entityMap=true&entityMapLifetime=PT10M")
    assert (first.status, numbers(first)) == (201, [1, 2])
    where = first.headers["ngsild-entitymap"]
    path = where.removeprefix("/ngsi-ld/v1")
    told = (await city.get(path)).body
    assert told["type"] == "EntityMap"
    assert told["entityMap"] == {f"urn:ngsi-ld:Lamp:{number}": ["@none"] for number in range(1, 6)}
    await city.ask("DELETE", "/entities/urn:ngsi-ld:Lamp:1")
    await city.put(lamp(0), lamp(9))
    second = await city.get("/entities?type=Lamp&limit=2&offset=2", ngsild_entitymap=where)
    assert (second.status, numbers(second)) == (200, [3, 4])
    assert second.headers["ngsild-entitymap"] == where
    whole = await city.get("/entities?type=Lamp&count=true", ngsild_entitymap=where)
    assert numbers(whole) == [2, 3, 4, 5]
    assert whole.headers["ngsild-results-count"] == "4"
    assert (await city.get("/entities?type=Lamp&entityMapLifetime=PT1M")).status == 400
    assert (await city.get(path, authorization="reader")).status == 404


@pytest.mark.shows("ENTITYMAP_OP", "EntUpd", "EntDel.map")
async def test_a_map_ends_at_its_time_or_when_it_is_deleted_and_is_then_made_anew(city):
    await city.put(lamp(1))
    where = (await city.get("/entities?type=Lamp&entityMap=true")).headers["ngsild-entitymap"]
    path = where.removeprefix("/ngsi-ld/v1")
    later = {"expiresAt": "2026-11-25T13:00:00Z", "entityMap": {"urn:other": ["@none"]}}
    assert (await city.ask("PATCH", path, later)).status == 204
    assert "urn:other" not in (await city.get(path)).body["entityMap"]
    assert (await city.ask("PATCH", path, {"expiresAt": "soon"})).status == 400
    assert (await city.ask("DELETE", path)).status == 204
    assert (await city.ask("DELETE", path)).status == 404
    await city.put(lamp(2))
    again = await city.get("/entities?type=Lamp", ngsild_entitymap=where)
    assert (again.status, numbers(again)) == (201, [1, 2])
    fresh = again.headers["ngsild-entitymap"]
    assert fresh != where
    await city.clock.forward(3_700)
    assert (await city.get(fresh.removeprefix("/ngsi-ld/v1"))).status == 404


@pytest.mark.shows(
    "QueEntForCreEnt", "QueEntForCreEnt.post", "QueTemEvoEntFor", "QueTemEvoEntFor.post",
)  # fmt: skip
async def test_maps_are_made_of_queries_of_the_present_and_of_the_past(city):
    await city.put(lamp(1, level=1), lamp(2, level=9))
    only = {"urn:ngsi-ld:Lamp:2": ["@none"]}
    query = {"type": "Query", "entities": [{"type": "Lamp"}], "q": "level>5"}
    past = {**query, "temporalQ": {"timerel": "before", "timeAt": "2027-01-01T00:00:00Z"}}
    for answer in (
        await city.get("/entityMaps?type=Lamp&q=level>5"),
        await city.ask("POST", "/entityMaps", query),
        await city.get(f"/temporal/entityMaps?type=Lamp&q=level>5&{PAST}"),
        await city.ask("POST", "/temporal/entityMaps", past),
    ):
        assert (answer.status, answer.body["entityMap"]) == (201, only)
        assert answer.headers["ngsild-entitymap"].endswith(answer.body["id"])
    where = answer.headers["ngsild-entitymap"]
    kept = await city.get(f"/temporal/entities?type=Lamp&{PAST}", ngsild_entitymap=where)
    assert numbers(kept) == [2]
    assert (await city.get("/entityMaps?type=(Lamp")).status == 400
    assert (await city.get("/temporal/entityMaps?type=Lamp")).status == 400
