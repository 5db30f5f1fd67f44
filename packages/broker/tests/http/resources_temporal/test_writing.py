"""Evolutions are added to, corrected and deleted (clauses 5.6.11 to 5.6.16)."""

from __future__ import annotations

import asyncio

import pytest

TEMPORAL = "/temporal/entities"
CAR = "urn:ngsi-ld:Vehicle:B9211"
ONE = f"{TEMPORAL}/{CAR}"


def at(minute, value, **more):
    return {"type": "Property", "value": value, "observedAt": f"2018-08-01T12:{minute:02}:00Z", **more}


def car(**attributes):
    return {"id": CAR, "type": "Vehicle", **attributes}


async def values(node, name="speed", query=""):
    evolution = await node.read(f"{ONE}?{query}")
    return [instance["value"] for instance in evolution.get(name, [])]


async def test_the_first_body_begins_an_evolution_and_the_next_adds_to_it(node):
    response = await node.ask(TEMPORAL, "POST", car(speed=[at(3, 120), at(5, 80)]))
    assert response.status == 201
    assert ("Location", f"/ngsi-ld/v1{ONE}") in response.headers
    again = {"id": CAR, "type": "Truck", "speed": [at(7, 100)]}
    assert await node.write(TEMPORAL, body=again) == 204
    assert await values(node) == [120, 80, 100]
    assert (await node.read(ONE))["type"] == ["Vehicle", "Truck"]
    assert (await node.ask(f"/entities/{CAR}")).status == 404  # the current entity is not touched


async def test_a_known_evolution_needs_no_type_and_an_unknown_one_does(node):
    assert await node.problem(TEMPORAL, "POST", {"id": CAR, "speed": [at(3, 1)]}) == (
        400, "BadRequestData", "/type",
    )  # fmt: skip
    await node.write(TEMPORAL, body=car(speed=[at(3, 1)]))
    assert await node.write(TEMPORAL, body={"id": CAR, "speed": [at(4, 2)]}) == 204
    assert await node.problem(TEMPORAL, "POST", {"type": "Vehicle"}) == (400, "BadRequestData", "/id")
    assert (await node.problem(TEMPORAL, "POST", car(speed=[at(3, 1), 5])))[2] == "/speed/1"


async def test_of_two_operators_at_once_one_creates(node):
    answers = await asyncio.gather(
        *(node.ask(TEMPORAL, "POST", car(speed=[at(minute, minute)])) for minute in range(8))
    )
    assert sorted(answer.status for answer in answers) == [201, *[204] * 7]
    assert sorted(await values(node)) == list(range(8))


async def test_attributes_are_added_to_what_is_known_only(node):
    assert (await node.problem(f"{ONE}/attrs", "POST", {"speed": [at(3, 1)]}))[:2] == (
        404, "ResourceNotFound",
    )  # fmt: skip
    await node.write(TEMPORAL, body=car(speed=[at(3, 1)]))
    body = {"speed": [at(4, 2)], "fuel": at(4, 50), "type": ["Vehicle", "Van"]}
    assert await node.write(f"{ONE}/attrs", body=body) == 204
    assert await values(node) == [1, 2]
    assert await values(node, "fuel") == [50]
    assert (await node.read(ONE))["type"] == ["Vehicle", "Van"]
    other = {"id": "urn:ngsi-ld:Vehicle:2", "speed": [at(4, 2)]}
    assert await node.problem(f"{ONE}/attrs", "POST", other) == (400, "BadRequestData", "/id")
    assert (await node.problem(f"{TEMPORAL}/nobody/attrs", "POST", {}))[:2] == (400, "BadRequestData")


async def test_an_attribute_goes_by_data_set_or_as_a_whole(node):
    speeds = [at(3, 1), at(4, 2, datasetId="urn:d:1"), at(5, 3, datasetId="urn:d:2")]
    await node.write(TEMPORAL, body=car(speed=speeds))
    assert await node.write(f"{ONE}/attrs/speed", "DELETE") == 204
    assert await values(node) == [2, 3]
    assert await node.problem(f"{ONE}/attrs/speed", "DELETE") == (404, "ResourceNotFound", "datasetId")
    assert await node.write(f"{ONE}/attrs/speed?datasetId=urn:d:1", "DELETE") == 204
    assert await values(node) == [3]
    assert (await node.problem(f"{ONE}/attrs/speed?datasetId=no%20uri", "DELETE"))[1] == "BadRequestData"
    assert await node.write(f"{ONE}/attrs/speed?deleteAll=true", "DELETE") == 204
    assert await node.problem(f"{ONE}/attrs/speed?deleteAll=true", "DELETE") == (
        404, "ResourceNotFound", "attrId",
    )  # fmt: skip
    assert await node.read(ONE) == {"id": CAR, "type": "Vehicle"}
    assert (await node.problem(f"{ONE}/attrs/sp%3Ced", "DELETE"))[1] == "BadRequestData"


async def instances(node):
    return (await node.read(f"{ONE}?options=sysAttrs"))["speed"]


async def test_an_instance_is_replaced_and_keeps_its_id_and_creation(node):
    await node.write(TEMPORAL, body=car(speed=[at(3, 1, unitCode="KMH"), at(4, 2)]))
    before = (await instances(node))[0]
    where = f"{ONE}/attrs/speed/{before['instanceId']}"
    assert await node.write(where, "PATCH", {"speed": [at(3, 7)]}) == 204
    after = (await instances(node))[0]
    assert after["value"] == 7
    assert "unitCode" not in after
    assert (after["instanceId"], after["createdAt"]) == (before["instanceId"], before["createdAt"])
    assert after["modifiedAt"] > before["modifiedAt"]
    assert await values(node) == [7, 2]


@pytest.mark.parametrize(
    "body",
    [{}, {"fuel": [at(3, 1)]}, {"speed": [at(3, 1), at(4, 2)]}, {"speed": [at(3, 1)], "fuel": [at(3, 1)]}],
)
async def test_a_correction_is_of_one_instance_of_the_attribute(node, body):
    await node.write(TEMPORAL, body=car(speed=[at(3, 1)]))
    where = f"{ONE}/attrs/speed/{(await instances(node))[0]['instanceId']}"
    assert await node.problem(where, "PATCH", body) == (400, "BadRequestData", "/speed")
    assert await values(node) == [1]


async def test_an_instance_is_deleted_once(node):
    await node.write(TEMPORAL, body=car(speed=[at(3, 1), at(4, 2)]))
    where = f"{ONE}/attrs/speed/{(await instances(node))[0]['instanceId']}"
    assert await node.write(where, "DELETE") == 204
    assert await values(node) == [2]
    assert await node.problem(where, "DELETE") == (404, "ResourceNotFound", "instanceId")
    assert await node.problem(f"{ONE}/attrs/fuel/urn:i:1", "DELETE") == (404, "ResourceNotFound", "attrId")
    assert await node.problem(f"{ONE}/attrs/speed/1", "DELETE") == (400, "BadRequestData", "instanceId")
    assert (await node.problem(f"{TEMPORAL}/urn:x:9/attrs/speed/urn:i:1", "DELETE"))[2] == "entityId"


async def test_a_deleted_evolution_begins_anew_with_the_next_change(node):
    lamp = {"id": "urn:x:lamp", "type": "Lamp", "power": {"type": "Property", "value": 5}}
    await node.write("/entities", body=lamp)
    path = f"{TEMPORAL}/urn:x:lamp"
    assert await node.write(path, "DELETE") == 204
    assert (await node.problem(path))[0] == 404
    assert (await node.problem(path, "DELETE"))[0] == 404
    assert (await node.read("/entities/urn:x:lamp"))["power"]["value"] == 5
    await node.write("/entities/urn:x:lamp/attrs/power", "PATCH", {"value": 6})
    assert [each["value"] for each in (await node.read(path))["power"]] == [6]


async def test_the_scope_is_added_and_deleted_as_an_attribute_is(node):
    await node.write(TEMPORAL, body=car(speed=[at(3, 1)], scope="/Madrid"))
    assert (await node.read(ONE))["scope"][0]["value"] == "/Madrid"
    later = {"scope": [{"type": "Property", "value": ["/A", "/B"], "observedAt": "2018-08-01T13:00:00Z"}]}
    await node.write(f"{ONE}/attrs", body=later)
    assert [each["value"] for each in (await node.read(ONE))["scope"]] == ["/Madrid", ["/A", "/B"]]
    assert await node.write(f"{ONE}/attrs/scope?deleteAll=true", "DELETE") == 204
    assert "scope" not in await node.read(ONE)


async def test_rights_are_asked_of_every_type(node):
    secret = {"id": "urn:x:s", "type": ["Vehicle", "Secret"], "speed": [at(3, 1)]}
    path = f"{TEMPORAL}/urn:x:s"
    assert (await node.problem(TEMPORAL, "POST", secret, authorization="guest"))[0] == 403
    await node.write(TEMPORAL, body=secret)
    # What a guest must not know of is not there for it.
    for method, target, body in (
        ("POST", f"{path}/attrs", {"speed": [at(4, 2)]}),
        ("DELETE", f"{path}/attrs/speed", None),
        ("DELETE", path, None),
    ):
        assert (await node.problem(target, method, body, authorization="guest"))[0] == 404
    known = {"id": "urn:x:s", "type": "Vehicle", "speed": [at(4, 2)]}
    status, kind, _ = await node.problem(TEMPORAL, "POST", known, authorization="guest")
    assert (status, kind) == (403, "forbidden")
    # A reader sees it and is told that it may not.
    assert (await node.problem(path, "DELETE", authorization="reader"))[0] == 403
    assert (await node.problem(f"{path}/attrs", "POST", {"speed": [at(4, 2)]}, authorization="reader"))[
        0
    ] == 403
    # Who writes observations does not delete an evolution.
    assert (await node.problem(path, "DELETE", authorization="writer"))[0] == 404
    assert await node.write(f"{path}/attrs", body={"speed": [at(4, 2)]}, authorization="writer") == 204
    # A fragment cannot smuggle a type in.
    await node.write(TEMPORAL, body=car(speed=[at(3, 1)]))
    smuggled = {"type": "Secret", "speed": [at(4, 2)]}
    assert (await node.problem(f"{ONE}/attrs", "POST", smuggled, authorization="guest"))[0] == 403
    assert await values(node) == [1]


async def test_what_the_operations_do_not_know_is_refused(node):
    assert await node.problem(f"{TEMPORAL}?noOverwrite=true", "POST", car()) == (
        400, "InvalidRequest", "noOverwrite",
    )  # fmt: skip
    assert (await node.problem(ONE, "PATCH", {}))[0] == 405
    assert (await node.problem(TEMPORAL, "POST", [1]))[1] == "BadRequestData"
