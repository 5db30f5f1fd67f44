"""Evolutions are aggregated (clause 4.5.19, annex C.5.14)."""

from __future__ import annotations

import pytest

from samstad_broker.service.temporal import aggregating

TEMPORAL = "/temporal/entities"
CAR = "urn:ngsi-ld:Vehicle:B9211"
ONE = f"{TEMPORAL}/{CAR}"
HOUR = "timerel=between&timeAt=2018-08-01T12:00:00Z&endTimeAt=2018-08-01T13:00:00Z"
AGGREGATED = f"{HOUR}&format=aggregatedValues"


def at(minute, value, **more):
    return {"type": "Property", "value": value, "observedAt": f"2018-08-01T12:{minute:02}:00Z", **more}


def clock(minute, hour=12):
    return f"2018-08-01T{hour}:{minute:02}:00Z"


async def test_methods_of_each_period(cars):
    query = f"{TEMPORAL}?type=Vehicle&id={CAR}&attrs=speed&{AGGREGATED}"
    [found] = await cars.read(f"{query}&aggrMethods=max,avg&aggrPeriodDuration=PT4M")
    assert found == {
        "id": CAR,
        "type": "Vehicle",
        "speed": {
            "type": "Property",
            "max": [[120, clock(0), clock(4)], [100, clock(4), clock(8)]],
            "avg": [[120, clock(0), clock(4)], [90, clock(4), clock(8)]],
        },
    }
    [whole] = await cars.read(f"{query}&aggrMethods=totalCount,sum")
    assert whole["speed"]["totalCount"] == [[3, clock(0), clock(0, 13)]]
    assert whole["speed"]["sum"] == [[300, clock(0), clock(0, 13)]]


async def test_all_methods_are_the_same_whichever_way_they_are_calculated(node):
    """Numbers come from the index's arrays; one text beside them makes the instances be read."""
    numbers = [at(minute, value) for minute, value in enumerate([3, 1.5, 4, 1, 5, 9, 2, 6])]
    await node.write(TEMPORAL, body={"id": CAR, "type": "Vehicle", "speed": numbers})
    methods = "avg,distinctCount,max,min,stddev,sum,sumsq,totalCount"
    query = f"{AGGREGATED}&attrs=speed&aggrMethods={methods}&aggrPeriodDuration=PT3M"
    fast = await node.read(f"{ONE}?{query}")
    assert set(methods.split(",")) < set(fast["speed"])
    await node.write(f"{ONE}/attrs", body={"speed": [at(59, "broken")]})
    general = await node.read(f"{ONE}?{query}")
    for method in methods.split(","):
        counts = method in {"distinctCount", "totalCount"}
        same = general["speed"][method][:-1] if counts else general["speed"][method]
        assert same == fast["speed"][method], method
    assert "avg" not in (await node.read(f"{ONE}?{AGGREGATED}&aggrMethods=max"))["speed"]


async def test_data_sets_and_the_last_ones(cars):
    other = f"{TEMPORAL}/urn:ngsi-ld:Vehicle:A8311?attrs=speed&{AGGREGATED}&aggrMethods=max"
    both = (await cars.read(other))["speed"]
    assert [(each.get("datasetId"), each["max"][0][0]) for each in both] == [(None, 40), ("urn:d:1", 30)]
    assert (await cars.read(f"{other}&datasetId=urn:d:1"))["speed"]["datasetId"] == "urn:d:1"
    assert (await cars.read(f"{other}&lastN=1"))["speed"]["max"][0][0] == 40
    last = await cars.read(f"{ONE}?attrs=speed&{AGGREGATED}&aggrMethods=max,totalCount&lastN=2")
    assert (last["speed"]["max"][0][0], last["speed"]["totalCount"][0][0]) == (100, 2)


async def test_a_method_must_fit_what_is_asked_for_by_name(cars):
    named = f"{ONE}?{AGGREGATED}&attrs=brandName&aggrMethods=avg"
    assert await cars.problem(named) == (400, "InvalidRequest", "aggrMethods")
    both = f"{ONE}?{AGGREGATED}&attrs=speed,brandName&aggrMethods=sum"
    assert await cars.problem(both) == (400, "InvalidRequest", "aggrMethods")
    assert set(await cars.read(f"{ONE}?{AGGREGATED}&aggrMethods=avg")) == {"id", "type", "speed"}
    mixed = await cars.read(f"{ONE}?{AGGREGATED}&aggrMethods=max,distinctCount")
    assert mixed["brandName"]["max"][0][0] == "Volvo"
    assert mixed["location"] == {"type": "Property", "distinctCount": [[1, clock(0), clock(0, 13)]]}
    assert "brandName" not in await cars.read(f"{ONE}?{AGGREGATED}&aggrMethods=max&omit=brandName")


async def test_scopes_have_no_values_to_aggregate(node):
    body = {"id": CAR, "type": "Vehicle", "scope": "/A", "speed": [at(3, 5)]}
    await node.write(TEMPORAL, body=body)
    found = await node.read(f"{ONE}?{AGGREGATED}&aggrMethods=max,distinctCount")
    assert set(found) == {"id", "type", "speed"}
    [queried] = await node.read(f"{TEMPORAL}?type=Vehicle&scopeQ=/A&{AGGREGATED}&aggrMethods=max")
    assert queried["speed"]["max"][0][0] == 5


async def test_what_was_written_without_a_time_is_aggregated_by_when_it_was(node):
    lamp = {"id": "urn:x:lamp", "type": "Lamp", "power": {"type": "Property", "value": 5}}
    await node.write("/entities", body=lamp)
    await node.write("/entities/urn:x:lamp/attrs/power", "PATCH", {"value": 7})
    path = f"{TEMPORAL}/urn:x:lamp?format=aggregatedValues&aggrMethods=avg"
    assert (await node.read(path))["power"]["avg"][0][0] == 6
    assert (await node.problem(f"{path}&timeproperty=observedAt"))[0] == 404


@pytest.mark.parametrize("kind", ["numbers", "texts"])
async def test_too_many_periods_or_values_are_refused(node, monkeypatch, kind):
    monkeypatch.setattr(aggregating, "MOST_PERIODS", 5)
    monkeypatch.setattr(aggregating, "MOST_INSTANCES", 5)
    values = [at(minute, minute if kind == "numbers" else str(minute)) for minute in range(8)]
    await node.write(TEMPORAL, body={"id": CAR, "type": "Vehicle", "speed": values})
    query = f"{ONE}?{AGGREGATED}&attrs=speed&aggrMethods=max&aggrPeriodDuration=PT1M"
    status, problem, pointer = await node.problem(query)
    if kind == "numbers":
        assert (status, problem, pointer) == (403, "TooManyResults", "aggrPeriodDuration")
        assert await node.read(query.replace("PT1M", "PT1H"))
    else:
        assert (status, problem, pointer) == (403, "TooComplexQuery", "timeAt")
