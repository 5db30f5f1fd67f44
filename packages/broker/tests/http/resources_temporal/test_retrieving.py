"""One evolution is retrieved (clause 5.7.3), also when it is longer than an answer (clause 6.3.10)."""

from __future__ import annotations

import orjson
import pytest

TEMPORAL = "/temporal/entities"
CAR = "urn:ngsi-ld:Vehicle:B9211"
ONE = f"{TEMPORAL}/{CAR}"
NULL = "urn:ngsi-ld:null"


def at(minute, value, **more):
    return {"type": "Property", "value": value, "observedAt": f"2018-08-01T12:{minute:02}:00Z", **more}


def clock(minute):
    return f"2018-08-01T12:{minute:02}:00Z"


def car(**attributes):
    return {"id": CAR, "type": "Vehicle", **attributes}


def shown(evolution, name="speed"):
    return [instance["value"] for instance in evolution.get(name, [])]


async def test_each_change_of_an_entity_is_in_its_evolution(node):
    await node.write("/entities", body=car(speed={"type": "Property", "value": 1}))
    for value in (2, 3):
        await node.write(f"/entities/{CAR}/attrs/speed", "PATCH", {"value": value})
    evolution = await node.read(ONE)
    assert shown(evolution) == [1, 2, 3]
    assert all("modifiedAt" not in instance for instance in evolution["speed"])
    with_times = await node.read(f"{ONE}?options=sysAttrs")
    assert {"createdAt", "modifiedAt"} <= set(with_times) & set(with_times["speed"][0])
    await node.write(f"/entities/{CAR}/attrs/speed", "DELETE")
    assert shown(await node.read(ONE)) == [1, 2, 3, NULL]
    assert shown(await node.read(f"{ONE}?timeproperty=deletedAt")) == [NULL]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("timerel=before&timeAt=2018-08-01T12:05:00Z", [120]),
        ("timerel=after&timeAt=2018-08-01T12:05:00Z", [80, 100]),
        ("timerel=between&timeAt=2018-08-01T12:03:00Z&endTimeAt=2018-08-01T12:07:00Z", [120, 80]),
        ("lastN=2", [100, 80]),
        ("timerel=before&timeAt=2018-08-01T12:07:00Z&lastN=1", [80]),
        ("timerel=after&timeAt=2000-01-01T00:00:00Z&timeproperty=modifiedAt", [120, 80, 100]),
        ("attrs=speed", [120, 80, 100]),
        ("pick=id,speed", [120, 80, 100]),
        ("omit=brandName,location", [120, 80, 100]),
    ],
)
async def test_an_interval_is_half_open(cars, query, values):
    assert shown(await cars.read(f"{ONE}?{query}")) == values


async def test_projections_apply(cars):
    assert set(await cars.read(f"{ONE}?attrs=speed")) == {"id", "type", "speed"}
    assert set(await cars.read(f"{ONE}?pick=speed")) == {"speed"}
    assert set(await cars.read(f"{ONE}?pick=id,type")) == {"id", "type"}
    assert set(await cars.read(f"{ONE}?omit=speed,type")) == {"id", "brandName", "location"}
    assert (await cars.problem(f"{ONE}?pick=owner%7Bname%7D"))[:2] == (400, "BadRequestData")
    other = f"{TEMPORAL}/urn:ngsi-ld:Vehicle:A8311"
    assert shown(await cars.read(f"{other}?datasetId=@none")) == [40]
    assert shown(await cars.read(f"{other}?datasetId=urn:d:1&attrs=speed")) == [30]
    assert await cars.read(f"{other}?datasetId=urn:d:9&attrs=speed") == {
        "id": "urn:ngsi-ld:Vehicle:A8311", "type": "Vehicle",
    }  # fmt: skip


async def test_simplified_values_are_pairs(cars):
    evolution = await cars.read(f"{ONE}?format=temporalValues&attrs=speed,location")
    assert evolution["speed"] == {
        "type": "Property",
        "values": [[120, clock(3)], [80, clock(5)], [100, clock(7)]],
    }
    assert evolution["location"]["type"] == "GeoProperty"
    assert evolution == await cars.read(f"{ONE}?options=temporalValues&attrs=speed,location")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("format=simplified", (400, "InvalidRequest", "format")),
        ("options=keyValues", (400, "InvalidRequest", "options")),
        ("options=temporalValues,aggregatedValues&aggrMethods=max", (400, "InvalidRequest", "options")),
        ("aggrMethods=max", (400, "InvalidRequest", "aggrMethods")),
        ("format=aggregatedValues", (400, "BadRequestData", "aggrMethods")),
        ("format=aggregatedValues&aggrMethods=median", (400, "BadRequestData", "aggrMethods")),
        ("format=aggregatedValues&aggrMethods=max&aggrPeriodDuration=1h",
         (400, "BadRequestData", "aggrPeriodDuration")),
        ("timerel=after", (400, "BadRequestData", "timeAt")),
        ("timeAt=2018-08-01T12:00:00Z", (400, "BadRequestData", "timeAt")),
        ("timerel=near&timeAt=2018-08-01T12:00:00Z", (400, "BadRequestData", "timerel")),
        ("timerel=after&timeAt=yesterday", (400, "BadRequestData", "timeAt")),
        ("timeproperty=expiresAt", (400, "BadRequestData", "timeproperty")),
        ("lastN=0", (400, "BadRequestData", "lastN")),
        ("lastn=3", (400, "InvalidRequest", "lastn")),
        ("q=speed%3E5", (400, "InvalidRequest", "q")),
        ("attrs=speed&pick=speed", (400, "InvalidRequest", "attrs")),
        ("timerel=after&timeAt=2030-01-01T00:00:00Z", (404, "ResourceNotFound", "entityId")),
        ("timeproperty=deletedAt", (404, "ResourceNotFound", "entityId")),
        ("attrs=nothing", (404, "ResourceNotFound", "entityId")),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told(cars, query, problem):
    assert await cars.problem(f"{ONE}?{query}") == problem


async def test_who_may_not_read_histories_finds_none(cars):
    secret = f"{TEMPORAL}/urn:ngsi-ld:Secret:1"
    assert shown(await cars.read(secret)) == [7]
    assert (await cars.problem(secret, authorization="guest")) == (404, "ResourceNotFound", "entityId")
    assert (await cars.problem(ONE, authorization="present"))[0] == 404
    assert (await cars.problem(f"{TEMPORAL}/urn:x:none"))[0] == 404
    assert (await cars.problem(f"{TEMPORAL}/none"))[1] == "BadRequestData"


async def partial(node, query):
    response = await node.ask(f"{ONE}?{query}")
    assert response.status == 206, response.body
    return dict(response.headers)["Content-Range"], decoded(response)


def decoded(response):
    return orjson.loads(response.body)


async def test_a_long_evolution_comes_page_by_page_from_the_oldest_on(small):
    await small.write(TEMPORAL, body=car(speed=[at(minute, minute) for minute in range(10)]))
    between = f"timerel=between&timeAt={clock(0)}&endTimeAt={clock(59)}"
    assert await partial(small, "timerel=before&timeAt=2018-08-01T12:30:00Z&pick=speed") == (
        f"DateTime {clock(0)}-{clock(2)}/*",
        {"speed": decoded(await small.ask(f"{ONE}?timerel=before&timeAt={clock(3)}"))["speed"]},
    )
    seen, start = [], clock(0)
    while True:
        response = await small.ask(f"{ONE}?timerel=after&timeAt={start}&format=temporalValues")
        values = decoded(response)["speed"]["values"]
        seen += [value for value, _ in values if value not in seen]
        if response.status == 200:
            break
        content_range = dict(response.headers)["Content-Range"]
        assert content_range == f"DateTime {start}-{values[-1][1]}/*"
        start = values[-1][1]
    assert seen == list(range(10))
    assert (await partial(small, between))[0] == f"DateTime {clock(0)}-{clock(2)}/*"


async def test_with_last_n_it_comes_from_the_newest_back(small):
    await small.write(TEMPORAL, body=car(speed=[at(minute, minute) for minute in range(10)]))
    content_range, evolution = await partial(small, f"timerel=after&timeAt={clock(0)}&lastN=8")
    assert content_range == f"DateTime {clock(9)}-{clock(7)}/8"
    assert shown(evolution) == [9, 8, 7]
    before = await partial(small, f"timerel=before&timeAt={clock(8)}&lastN=8")
    assert before[0] == f"DateTime {clock(8)}-{clock(5)}/8"
    assert shown(await small.read(f"{ONE}?timerel=after&timeAt={clock(0)}&lastN=3")) == [9, 8, 7]


async def test_attributes_are_cut_at_one_time(small):
    fuel = [at(minute, minute) for minute in (0, 1)]
    late = [at(minute, minute) for minute in (1, 8)]
    await small.write(TEMPORAL, body=car(speed=[at(m, m) for m in range(10)], fuel=fuel, late=late))
    content_range, evolution = await partial(small, f"timerel=after&timeAt={clock(0)}")
    assert content_range == f"DateTime {clock(0)}-{clock(2)}/*"
    assert [shown(evolution, name) for name in ("speed", "fuel", "late")] == [[0, 1, 2], [0, 1], [1]]


@pytest.mark.parametrize("last", ["", "&lastN=9"])
async def test_instances_of_one_time_stay_together(small, last):
    same = [at(5, value) for value in range(6)]
    await small.write(TEMPORAL, body=car(speed=[at(4, 10), *same, at(6, 11)]))
    _, evolution = await partial(small, f"timerel=after&timeAt={clock(0)}{last}")
    assert sorted(shown(evolution)) == sorted([11 if last else 10, *range(6)])
    whole = await small.read(f"{ONE}?timerel=between&timeAt={clock(5)}&endTimeAt={clock(6)}")
    assert shown(whole) == list(range(6))


async def test_without_an_interval_what_was_never_observed_is_shown_too(small):
    mixed = [at(5, 2), at(4, 1), {"type": "Property", "value": 3}]
    plain = [{"type": "Property", "value": value} for value in "abc"]
    await small.write(TEMPORAL, body=car(speed=mixed, brand=plain))
    evolution = await small.read(ONE)
    assert (shown(evolution), shown(evolution, "brand")) == ([1, 2, 3], ["a", "b", "c"])
    assert shown(await small.read(f"{ONE}?timeproperty=observedAt")) == [1, 2]
    for minute in range(10, 20):
        await small.write(f"{ONE}/attrs", body={"speed": [at(minute, minute)]})
    content_range, evolution = await partial(small, "attrs=speed")
    assert shown(evolution) == [1, 2, 10]
    assert content_range == f"DateTime {clock(4)}-{clock(10)}/*"
    latest = await small.read(f"{ONE}?lastN=2")
    assert (shown(latest), shown(latest, "brand")) == ([19, 18], ["c", "b"])
    # What fits is whole, whatever else does not.
    await small.write(f"{ONE}/attrs", body={"fuel": [at(5, 2), {"type": "Property", "value": 1}]})
    _, evolution = await partial(small, "lastN=50")
    assert sorted(shown(await small.read(f"{ONE}?attrs=fuel"), "fuel")) == [1, 2]
    assert sorted(shown(await small.read(f"{ONE}?attrs=fuel&lastN=50"), "fuel")) == [1, 2]


async def test_a_preferred_version_does_not_hide_that_a_page_is_partial(small):
    await small.write(TEMPORAL, body=car(speed=[at(minute, minute) for minute in range(10)]))
    response = await small.ask(f"{ONE}?timerel=after&timeAt={clock(0)}", prefer="ngsi-ld=1.9")
    headers = dict(response.headers)
    assert response.status == 206
    assert headers["Preference-Applied"] == "ngsi-ld=1.9"
    assert "Content-Range" in headers


async def test_a_node_without_a_history_says_so(node):
    node.broker.history = None
    for method, target, body in (
        ("GET", ONE, None),
        ("GET", f"{TEMPORAL}?type=Vehicle&timerel=after&timeAt={clock(0)}", None),
        ("POST", TEMPORAL, car()),
        ("DELETE", ONE, None),
    ):
        assert (await node.problem(target, method, body))[:2] == (422, "OperationNotSupported")


async def test_an_unknown_tenant_is_none_whatever_is_asked(cars):
    headers = {"ngsild-tenant": "nobody"}
    assert (await cars.problem(ONE, **headers))[:2] == (404, "NonexistentTenant")


async def test_ld_json_holds_the_context(cars):
    evolution = await cars.read(ONE, accept="application/ld+json")
    assert "@context" in evolution
    assert (await cars.ask(ONE, accept="application/geo+json")).status == 406
