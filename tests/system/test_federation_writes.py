"""Writes to data that other nodes hold: divided, forwarded, and told of honestly (clauses 5.6, 6.3.17)."""

# ruff: noqa: F811 - tests name the fixtures that they are given
from __future__ import annotations

import pytest

from .federated import city, nodes, prop  # noqa: F401 - fixtures
from .peer import bad_peer

pytestmark = pytest.mark.system

EVERYTHING = ["redirectionOps", "updateOps"]


async def test_what_a_redirect_source_holds_is_made_changed_and_ended_there_alone(city):
    roads, waste = city["roads"], city["waste"]
    await roads.register(waste.node.url, "Van", key=waste.node.key, mode="redirect", operations=EVERYTHING)
    van = "/entities/urn:ngsi-ld:Van:1"
    _, headers = await roads.ask(
        "POST", "/entities", status=201, json={"id": "urn:ngsi-ld:Van:1", "type": "Van", "load": prop(1)}
    )
    assert headers["Location"].endswith(van)
    await roads.ask("GET", van + "?local=true", status=404)
    await roads.ask("PATCH", van + "/attrs", status=204, json={"load": prop(2)})
    await roads.ask("POST", van + "/attrs", status=204, json={"driver": prop("Ada")})
    await roads.ask("PATCH", van + "/attrs/load", status=204, json={"value": 3})
    await roads.ask("PUT", van + "/attrs/driver", status=204, json=prop("Eva"))
    await roads.ask("PATCH", van, status=204, json={"load": {"value": 4}})
    there, _ = await waste.get(van)
    assert (there["load"]["value"], there["driver"]["value"]) == (4, "Eva")
    await roads.ask("DELETE", van + "/attrs/driver", status=204)
    await roads.ask("PUT", van, status=204, json={"type": "Van", "load": prop(5)})
    there, _ = await waste.get(van)
    assert there == {"id": "urn:ngsi-ld:Van:1", "type": "Van", "load": prop(5)}
    await roads.ask("DELETE", van, status=204)
    await waste.ask("GET", van, status=404)
    await roads.ask("DELETE", van, status=404)


async def test_an_exclusive_source_gets_its_attributes_and_this_node_keeps_the_rest(city):
    roads, waste = city["roads"], city["waste"]
    tank = "urn:ngsi-ld:Tank:1"
    await roads.register(
        waste.node.url, "Tank", key=waste.node.key, mode="exclusive", operations=EVERYTHING,
        information=[{"entities": [{"id": tank, "type": "Tank"}], "propertyNames": ["fill"]}],
    )  # fmt: skip
    body = {"id": tank, "type": "Tank", "fill": prop(10), "name": prop("north")}
    await roads.ask("POST", "/entities", status=201, json=body)
    here, _ = await roads.get(f"/entities/{tank}", local="true")
    there, _ = await waste.get(f"/entities/{tank}")
    assert (set(here), set(there)) == ({"id", "type", "name"}, {"id", "type", "fill"})
    whole, _ = await roads.get(f"/entities/{tank}")
    assert set(whole) == {"id", "type", "name", "fill"}
    await roads.ask(
        "PATCH", f"/entities/{tank}/attrs", status=204, json={"fill": prop(20), "name": prop("s")}
    )
    whole, _ = await roads.get(f"/entities/{tank}")
    assert (whole["fill"]["value"], whole["name"]["value"]) == (20, "s")
    await roads.ask("DELETE", f"/entities/{tank}", status=204)
    await waste.ask("GET", f"/entities/{tank}", status=404)


async def test_an_inclusive_source_gets_a_copy_and_its_failure_is_told_with_its_registration(city):
    roads, waste = city["roads"], city["waste"]
    await roads.register(waste.node.url, "Pole", key=waste.node.key, operations=EVERYTHING)
    pole = {"id": "urn:ngsi-ld:Pole:1", "type": "Pole", "h": prop(4)}
    await roads.ask("POST", "/entities", status=201, json=pole)
    for node in (roads, waste):
        assert (await node.get("/entities/urn:ngsi-ld:Pole:1", local="true"))[0]["h"]["value"] == 4
    await waste.ask("DELETE", "/entities/urn:ngsi-ld:Pole:1", status=204)
    told, _ = await roads.ask(
        "PATCH", "/entities/urn:ngsi-ld:Pole:1/attrs", status=207, json={"h": prop(5), "w": prop(1)}
    )
    assert set(told["updated"]) == {"h", "w"}
    assert {one["attributeName"] for one in told["notUpdated"]} == {"h", "w"}
    assert all(one["registrationId"] in roads.registered[0] for one in told["notUpdated"])


async def test_a_source_that_does_not_support_an_operation_is_not_asked(city):
    roads, waste = city["roads"], city["waste"]
    await roads.register(
        waste.node.url, "Sign", key=waste.node.key, mode="redirect", operations=["retrieveOps"]
    )
    body = {"id": "urn:ngsi-ld:Sign:1", "type": "Sign", "text": prop("stop")}
    problem, _ = await roads.ask("POST", "/entities", status=409, json=body)
    assert problem["type"].endswith("Conflict")
    await waste.ask("GET", "/entities/urn:ngsi-ld:Sign:1", status=404)
    await roads.ask("GET", "/entities/urn:ngsi-ld:Sign:1?local=true", status=404)


@pytest.mark.parametrize(
    ("mood", "status"), [("hang", 504), ("err", 502), ("garbage", 201), ("cut", 502), ("redirect", 502)]
)
async def test_the_one_source_that_fails_is_told_of_and_nothing_is_half_done(city, mood, status):
    roads = city["roads"]
    kind = f"Write{mood}"
    async with bad_peer() as peer:
        peer.mood = mood
        await roads.register(
            peer.url, kind, mode="redirect", operations=EVERYTHING, management={"timeout": 400}
        )
        body = {"id": f"urn:ngsi-ld:{kind}:1", "type": kind, "a": prop(1)}
        problem, _ = await roads.ask("POST", "/entities", status=status, json=body)
        assert len(peer.asked) == 1
        await roads.ask("GET", f"/entities/urn:ngsi-ld:{kind}:1?local=true", status=404)
        if status > 500:
            assert problem["registrationId"] in roads.registered[0]


async def test_a_body_that_is_not_valid_reaches_no_source(city):
    roads = city["roads"]
    async with bad_peer() as peer:
        await roads.register(peer.url, "Wrong", mode="redirect", operations=EVERYTHING)
        bad = {"id": "urn:ngsi-ld:Wrong:1", "type": "Wrong", "a": {"type": "Property"}}
        await roads.ask("POST", "/entities", status=400, json=bad)
        await roads.ask(
            "PATCH", "/entities/urn:ngsi-ld:Wrong:1/attrs?type=Wrong", status=400, json={"a": bad["a"]}
        )
        assert peer.asked == []


async def test_a_write_in_a_circle_changes_nothing_anywhere(city):
    roads, waste = city["roads"], city["waste"]
    for one, other in ((roads, waste), (waste, roads)):
        await one.register(other.node.url, "Loop", key=other.node.key, mode="redirect", operations=EVERYTHING)
    body = {"id": "urn:ngsi-ld:Loop:1", "type": "Loop", "a": prop(1)}
    problem, _ = await roads.ask("POST", "/entities", status=508, json=body)
    assert problem["status"] == 508
    for node in (roads, waste):
        await node.ask("GET", "/entities/urn:ngsi-ld:Loop:1?local=true", status=404)


async def test_a_batch_is_divided_and_told_of_entity_by_entity(city):
    roads, waste = city["roads"], city["waste"]
    kinds = [*EVERYTHING, "createBatch", "upsertBatch", "updateBatch", "mergeBatch", "deleteBatch"]
    await roads.register(waste.node.url, "Crate", key=waste.node.key, mode="redirect", operations=kinds)
    crates = [{"id": f"urn:ngsi-ld:Crate:{n}", "type": "Crate", "n": prop(n)} for n in range(3)]
    box = {"id": "urn:ngsi-ld:Box:1", "type": "Box", "n": prop(1)}
    made, _ = await roads.ask("POST", "/entityOperations/create", status=201, json=[*crates, box])
    assert len(made) == 4
    assert len((await waste.get("/entities", type="Crate"))[0]) == 3
    assert (await roads.get("/entities", type="Crate", local="true"))[0] == []
    told, _ = await roads.ask("POST", "/entityOperations/create", status=207, json=[crates[0], box])
    assert {one["entityId"] for one in told["errors"]} == {crates[0]["id"], box["id"]}
    by_source = {one["entityId"]: one.get("registrationId") for one in told["errors"]}
    assert by_source[crates[0]["id"]] in roads.registered[0]
    assert by_source[box["id"]] is None
    changed = [{**one, "n": prop(9)} for one in (crates[1], box)]
    await roads.ask("POST", "/entityOperations/upsert", status=204, json=changed)
    await roads.ask("POST", "/entityOperations/update", status=204, json=changed)
    await roads.ask("POST", "/entityOperations/merge", status=204, json=changed)
    assert (await waste.get(f"/entities/{crates[1]['id']}"))[0]["n"]["value"] == 9
    ids = [one["id"] for one in (*crates, box)]
    await roads.ask("POST", "/entityOperations/delete", status=204, json=ids)
    assert (await waste.get("/entities", type="Crate"))[0] == []


async def test_a_batch_goes_entity_by_entity_to_a_source_that_takes_no_batches(city):
    roads, waste = city["roads"], city["waste"]
    await roads.register(waste.node.url, "Sack", key=waste.node.key, mode="redirect", operations=EVERYTHING)
    sacks = [{"id": f"urn:ngsi-ld:Sack:{n}", "type": "Sack", "n": prop(n)} for n in range(2)]
    await roads.ask("POST", "/entityOperations/create", status=201, json=sacks)
    assert len((await waste.get("/entities", type="Sack"))[0]) == 2
    told, _ = await roads.ask("POST", "/entityOperations/upsert", status=207, json=sacks)
    assert told["success"] == []
    assert all(one["error"]["type"].endswith("Conflict") for one in told["errors"])
    await roads.ask("POST", "/entityOperations/delete", status=204, json=[one["id"] for one in sacks])
    assert (await waste.get("/entities", type="Sack"))[0] == []
