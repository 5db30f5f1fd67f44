"""Evolutions are queried (clause 5.7.4, annex C.5.5 to C.5.16)."""

from __future__ import annotations

import orjson
import pytest

TEMPORAL = "/temporal/entities"
CAR, OTHER = "urn:ngsi-ld:Vehicle:B9211", "urn:ngsi-ld:Vehicle:A8311"
HOUR = "timerel=between&timeAt=2018-08-01T12:00:00Z&endTimeAt=2018-08-01T13:00:00Z"
NEVER = "timerel=after&timeAt=2030-01-01T00:00:00Z"


def at(minute, value, **more):
    return {"type": "Property", "value": value, "observedAt": f"2018-08-01T12:{minute:02}:00Z", **more}


def clock(minute, hour=12):
    return f"2018-08-01T{hour}:{minute:02}:00Z"


async def ids(node, query, **headers):
    return [found["id"] for found in await node.read(f"{TEMPORAL}?{query}", **headers)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=Vehicle", [CAR, OTHER]),
        (f"type=Vehicle&id={OTHER}", [OTHER]),
        ("type=Vehicle&idPattern=.*B92.*", [CAR]),
        ("type=Bus", []),
        ("attrs=location", [CAR]),
        ("type=Vehicle&q=speed%3E100", [CAR]),
        ("type=Vehicle&q=speed%3E30;speed%3C50", [OTHER]),
        ("type=Vehicle&q=brandName!=%22Volvo%22&attrs=speed", [OTHER]),
        ("type=Vehicle&q=speed==120%7Cspeed==30", [CAR, OTHER]),
        ("type=Vehicle&q=nothing", []),
        ("georel=near;maxDistance==1000&geometry=Point&coordinates=%5B16.5,59.6%5D", [CAR]),
        ("georel=near;maxDistance==1000&geometry=Point&coordinates=%5B17.5,59.6%5D", []),
        ("type=Vehicle&limit=1", [CAR]),
        ("type=Vehicle&limit=1&offset=1", [OTHER]),
        ("type=Vehicle&orderBy=id&local=true", [OTHER, CAR]),
        ("type=Vehicle&orderBy=id%3Bdesc&local=true", [CAR, OTHER]),
        ("type=Vehicle&datasetId=urn:d:1", [CAR, OTHER]),
    ],
)
async def test_ids_types_values_and_places_select(cars, query, found):
    assert await ids(cars, f"{query}&{HOUR}") == found
    assert await ids(cars, f"{query}&{NEVER}") == []


async def test_only_what_lies_inside_the_interval_counts(cars):
    late = f"type=Vehicle&timerel=after&timeAt={clock(4)}"
    assert await ids(cars, f"{late}&q=speed%3E100") == []  # 120 was at 12:03
    assert await ids(cars, f"{late}&q=speed==100") == [CAR]
    assert (
        await ids(cars, f"{late}&georel=near;maxDistance==9&geometry=Point&coordinates=%5B16.5,59.6%5D") == []
    )
    assert await ids(cars, f"type=Vehicle&attrs=location&timerel=after&timeAt={clock(2)}") == []
    [one] = await cars.read(f"{TEMPORAL}?{late}&q=speed==100&attrs=speed")
    assert [each["value"] for each in one["speed"]] == [80, 100]


async def test_a_deletion_is_no_value_and_is_found_by_its_time(cars):
    await cars.write(
        f"{TEMPORAL}/{CAR}/attrs", body={"fuel": [at(9, "urn:ngsi-ld:null", deletedAt=clock(9))]}
    )
    assert await ids(cars, f"type=Vehicle&q=fuel&{HOUR}") == []
    assert await ids(cars, f"type=Vehicle&{HOUR}&timeproperty=deletedAt") == [CAR]


async def test_what_the_caller_may_not_read_is_not_there(cars):
    everything = f"local=true&{HOUR}"
    assert len(await ids(cars, everything)) == 3
    assert await ids(cars, everything, authorization="guest") == [CAR, OTHER]
    assert await ids(cars, everything, authorization="present") == []
    response = await cars.ask(f"{TEMPORAL}?{everything}&count=true&limit=0", authorization="guest")
    assert ("NGSILD-Results-Count", "2") in response.headers
    both = {"id": "urn:x:s", "type": ["Vehicle", "Secret"], "speed": [at(3, 1)]}
    await cars.write(TEMPORAL, body=both)
    assert await ids(cars, f"type=Vehicle&{HOUR}", authorization="guest") == [CAR, OTHER]


async def test_pages_of_entities_are_linked_and_counted(cars):
    response = await cars.ask(f"{TEMPORAL}?type=Vehicle&{HOUR}&limit=1&count=true")
    headers = dict(response.headers)
    assert headers["NGSILD-Results-Count"] == "2"
    links = [value for name, value in response.headers if name == "Link"]
    assert any('rel="next"' in link and "offset=1" in link for link in links)
    last = await cars.ask(f"{TEMPORAL}?type=Vehicle&{HOUR}&limit=1&offset=1")
    assert not any('rel="next"' in value for name, value in last.headers if name == "Link")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("type=Vehicle", (400, "BadRequestData", "timerel")),
        (f"type=Vehicle&{HOUR}&join=inline", (400, "InvalidRequest", "join")),
        (HOUR, (400, "BadRequestData", None)),
        (f"attrs=createdAt&{HOUR}", (400, "BadRequestData", None)),
        (f"id={CAR}&{HOUR}", (400, "BadRequestData", None)),
        (f"type=Vehicle&{HOUR}&q=speed%3E", (400, "BadRequestData", "q")),
        (f"type=Vehicle&{HOUR}&q=owner%7Bname%7D==5", (400, "BadRequestData", "q")),
        (f"type=Vehicle&{HOUR}&pick=owner%7Bname%7D", (400, "BadRequestData", "pick")),
        (f"type=Vehicle&{HOUR}&orderBy=id", (400, "BadRequestData", "orderBy")),
        (f"type=Vehicle&{HOUR}&orderBy=speed&local=true", (400, "BadRequestData", "orderBy")),
        (f"type=Vehicle&{HOUR}&collation=%5E", (400, "BadRequestData", "collation")),
        (f"type=Vehicle&{HOUR}&id=7", (400, "BadRequestData", "id")),
        (f"type=*&local=false&{HOUR}", (400, "InvalidRequest", "local")),
        (f"type=Vehicle&{HOUR}&limit=0", (400, "InvalidRequest", "limit")),
        (f"type=Vehicle&{HOUR}&limit=5000", (403, "TooManyResults", "limit")),
    ],
)
async def test_what_is_wrong_is_told(cars, query, problem):
    assert await cars.problem(f"{TEMPORAL}?{query}") == problem


async def test_a_query_in_a_body_is_the_same(cars):
    target = "/temporal/entityOperations/query"
    hour = {"timerel": "between", "timeAt": clock(0), "endTimeAt": clock(0, 13)}
    body = {"type": "Query", "entities": [{"type": "Vehicle"}], "q": "speed>100", "temporalQ": hour}
    response = await cars.ask(
        f"{target}?options=temporalValues&count=true", "POST", {**body, "attrs": ["speed"]}
    )
    assert response.status == 200
    assert ("NGSILD-Results-Count", "1") in response.headers
    [found] = orjson.loads(response.body)
    assert found["speed"]["values"][0] == [120, clock(3)]
    aggregated = {**body, "pick": ["speed"], "aggrParams": {"aggrMethods": "max,min"}}
    [found] = orjson.loads((await cars.ask(f"{target}?format=aggregatedValues", "POST", aggregated)).body)
    assert found["speed"]["max"] == [[120, clock(0), clock(0, 13)]]
    for wrong, pointer in (
        ({"temporalQ": None}, "/temporalQ"),
        ({"temporalQ": {"timerel": "after"}}, "/temporalQ/timeAt"),
        ({"aggrParams": {"aggrMethods": "max"}}, "/aggrParams/aggrMethods"),
        ({"containedBy": ["urn:x:1"]}, "/containedBy"),
        ({"q": "("}, "/q"),
    ):
        status, _, place = await cars.problem(target, "POST", {**body, **wrong})
        assert (status, place) == (400, pointer), wrong


async def test_scopes_hold_from_their_time_on(node):
    """Annex C.5.16, with a car that left the scope beside."""

    def scope(clock_, *names):
        return {"type": "Property", "value": list(names), "observedAt": clock_}

    def car(number, scopes, *speeds):
        return {"id": number, "type": "Vehicle", "scope": scopes, "speed": list(speeds)}

    third = "urn:ngsi-ld:Vehicle:C1"
    left = {"type": "Property", "value": "urn:ngsi-ld:null", "deletedAt": clock(5)}
    for body in (
        car(CAR, [scope(clock(0, 11), "/Madrid/Centro")], at(3, 30), at(5, 60), at(7, 50)),
        car(OTHER, [scope(clock(10), "/Madrid/Centro", "/Company123/UnitA")], at(2, 10), at(12, 40)),
        car(third, [scope(clock(0, 11), "/Madrid/Centro"), left], at(4, 1), at(6, 2)),
        car("urn:ngsi-ld:Vehicle:D1", [scope(clock(0, 11), "/Madrid/Norte")], at(4, 1)),
    ):
        await node.write(TEMPORAL, body=body)
    query = f"{TEMPORAL}?type=Vehicle&attrs=speed,scope&{HOUR}&scopeQ=/Madrid/Centro"
    found = {each["id"]: each for each in await node.read(f"{query}&format=temporalValues")}
    assert list(found) == [CAR, OTHER, third]
    assert found[CAR]["scope"] == {"type": "Property", "values": [["/Madrid/Centro", clock(0, 11)]]}
    assert found[OTHER]["scope"]["values"] == [[["/Madrid/Centro", "/Company123/UnitA"], clock(10)]]
    assert [[value for value, _ in found[each]["speed"]["values"]] for each in (CAR, OTHER, third)] == [
        [30, 60, 50], [40], [1],
    ]  # fmt: skip
    without = await node.read(query.replace("attrs=speed,scope", "attrs=speed"))
    assert all("scope" not in each for each in without)
    assert await ids(node, f"type=Vehicle&{HOUR}&scopeQ=/Madrid/%2B&q=speed==2") == [third]


async def test_a_page_is_cut_at_one_time_over_all_its_entities(small):
    for number, step in ((1, 1), (2, 5)):
        speeds = [at(minute, minute) for minute in range(0, 50, step)]
        await small.write(TEMPORAL, body={"id": f"urn:x:{number}", "type": "Vehicle", "speed": speeds})
    response = await small.ask(f"{TEMPORAL}?type=Vehicle&{HOUR}")
    assert response.status == 206
    assert ("Content-Range", f"DateTime {clock(0)}-{clock(2)}/*") in response.headers
    first, second = orjson.loads(response.body)
    assert [each["value"] for each in first["speed"]] == [0, 1, 2]
    assert [each["value"] for each in second["speed"]] == [0]


async def test_the_history_of_a_deleted_entity_goes_with_it(node):
    lamp = {"id": "urn:x:lamp", "type": "Lamp", "power": {"type": "Property", "value": 5}}
    await node.write("/entities", body=lamp)
    assert (await node.read(f"{TEMPORAL}/urn:x:lamp"))["power"]
    await node.write("/entities/urn:x:lamp", "DELETE")
    assert (await node.problem(f"{TEMPORAL}/urn:x:lamp"))[0] == 404


async def test_it_stays_with_its_end_where_the_node_keeps_it(keeping):
    node = keeping
    lamp = {"id": "urn:x:lamp", "type": "Lamp", "power": {"type": "Property", "value": 5}}
    await node.write("/entities", body=lamp)
    await node.write("/entities/urn:x:lamp", "DELETE")
    kept = await node.read(f"{TEMPORAL}/urn:x:lamp?options=sysAttrs")
    assert kept["power"][0]["value"] == 5
    assert "deletedAt" in kept
    assert "deletedAt" not in await node.read(f"{TEMPORAL}/urn:x:lamp")
