from __future__ import annotations

import orjson
import pytest

from samstad_ngsild.errors import LdContextNotAvailable

BATCH = "/entityOperations"


def _lamp(number, power=1):
    return {
        "id": f"urn:ngsi-ld:Lamp:{number}",
        "type": "Lamp",
        "power": {"type": "Property", "value": power},
    }


async def _power(node, number):
    return (await node.read(f"/entities/urn:ngsi-ld:Lamp:{number}?format=simplified"))["power"]


async def _result(answer):
    assert answer.status == 207, answer.body
    result = orjson.loads(answer.body)
    return result["success"], [
        (e.get("entityId"), e["error"]["type"].rpartition("/")[2]) for e in result["errors"]
    ]


async def test_creating_gives_the_ids(node):
    answer = await node.ask(f"{BATCH}/create", "POST", [_lamp(1), _lamp(2)])
    assert answer.status == 201
    assert orjson.loads(answer.body) == ["urn:ngsi-ld:Lamp:1", "urn:ngsi-ld:Lamp:2"]


async def test_of_one_id_twice_the_first_is_created_and_a_bad_item_harms_no_other(node):
    items = [_lamp(1, 5), _lamp(1, 6), {"id": "urn:ngsi-ld:Lamp:2"}, _lamp(3)]
    success, errors = await _result(await node.ask(f"{BATCH}/create", "POST", items))
    assert success == ["urn:ngsi-ld:Lamp:1", "urn:ngsi-ld:Lamp:3"]
    assert sorted(errors) == [
        ("urn:ngsi-ld:Lamp:1", "AlreadyExists"),
        ("urn:ngsi-ld:Lamp:2", "BadRequestData"),
    ]
    assert await _power(node, 1) == 5


async def test_upserting_creates_or_replaces_and_the_last_wins(lamps):
    answer = await lamps.ask(f"{BATCH}/upsert", "POST", [_lamp(1, 5), _lamp(3, 6), _lamp(1, 7)])
    assert answer.status == 201
    assert orjson.loads(answer.body) == ["urn:ngsi-ld:Lamp:3"]
    assert await _power(lamps, 1) == 7
    assert "pole" not in await lamps.read("/entities/urn:ngsi-ld:Lamp:1")
    assert (await lamps.ask(f"{BATCH}/upsert?options=update", "POST", [_lamp(2, 8)])).status == 204
    assert "pole" in await lamps.read("/entities/urn:ngsi-ld:Lamp:2")


@pytest.mark.parametrize("operation", ["update", "merge"])
async def test_updating_and_merging_want_entities_that_exist(lamps, operation):
    success, errors = await _result(
        await lamps.ask(f"{BATCH}/{operation}", "POST", [_lamp(1, 9), _lamp(8, 9)])
    )
    assert success == ["urn:ngsi-ld:Lamp:1"]
    assert errors == [("urn:ngsi-ld:Lamp:8", "ResourceNotFound")]
    assert await _power(lamps, 1) == 9
    assert (await lamps.problem("/entities/urn:ngsi-ld:Lamp:8"))[0] == 404


async def test_deleting_tells_what_was_not_there(lamps):
    ids = ["urn:ngsi-ld:Lamp:1", "urn:ngsi-ld:Lamp:8"]
    success, errors = await _result(await lamps.ask(f"{BATCH}/delete", "POST", ids))
    assert success == ["urn:ngsi-ld:Lamp:1"]
    assert errors == [("urn:ngsi-ld:Lamp:8", "ResourceNotFound")]
    assert (await lamps.ask(f"{BATCH}/delete", "POST", ["urn:ngsi-ld:Lamp:2"])).status == 204


@pytest.mark.parametrize("operation", ["create", "upsert", "update", "merge", "delete"])
@pytest.mark.parametrize("body", [[], {}, None])
async def test_an_empty_batch_or_none_at_all_is_refused(node, operation, body):
    assert (await node.problem(f"{BATCH}/{operation}", "POST", body))[0] == 400


async def test_a_secret_is_not_found_by_whoever_may_not_read_it(lamps):
    ids = ["urn:ngsi-ld:Secret:1", "urn:ngsi-ld:Secret:2"]
    answer = await lamps.ask(f"{BATCH}/delete", "POST", ids, authorization="guest")
    success, errors = await _result(answer)
    assert success == []
    assert {kind for _, kind in errors} == {"ResourceNotFound"}
    assert (await lamps.ask("/entities/urn:ngsi-ld:Secret:1")).status == 200


async def test_an_item_may_not_be_written_without_the_right(lamps):
    answer = await lamps.ask(f"{BATCH}/upsert", "POST", [_lamp(1, 9)], authorization="reader")
    result = orjson.loads(answer.body)
    assert answer.status == 207
    assert result["success"] == []
    assert result["errors"][0]["error"]["status"] == 403
    assert await _power(lamps, 1) == 40


async def test_a_context_that_many_items_share_is_asked_for_once(node):
    async def unreachable(_source, *, now_us):  # noqa: ARG001 - the port's signature
        raise LdContextNotAvailable("nobody answers")

    node.kernel._contexts._resolver.resolve = unreachable
    link = '<https://c.example/ctx>; rel="http://www.w3.org/ns/json-ld#context"'
    success, errors = await _result(
        await node.ask(f"{BATCH}/create", "POST", [_lamp(1), _lamp(2)], link=link)
    )
    assert success == []
    assert {kind for _, kind in errors} == {"LdContextNotAvailable"}


async def test_a_batch_that_is_too_large_is_refused_whole(node):
    node.broker.limits = type(node.broker.limits)(batch=1)
    assert (await node.problem(f"{BATCH}/create", "POST", [_lamp(1), _lamp(2)]))[0] == 400
    assert await node.read("/entities") == []


async def test_a_null_among_the_items_refuses_the_batch(node):
    assert await node.problem(f"{BATCH}/create", "POST", [_lamp(1), None]) == (400, "BadRequestData", "/1")
    assert await node.read("/entities") == []


@pytest.mark.parametrize(("operation", "status"), [("create", 201), ("upsert", 201)])
async def test_a_creating_batch_begins_a_tenant(node, operation, status):
    answer = await node.ask(f"{BATCH}/{operation}", "POST", [_lamp(1)], ngsild_tenant="fresh")
    assert answer.status == status
    assert (await node.problem("/entities/urn:ngsi-ld:Lamp:1"))[0] == 404


@pytest.mark.parametrize("operation", ["update", "merge"])
async def test_a_changing_batch_does_not_begin_a_tenant(node, operation):
    asked = (f"{BATCH}/{operation}", "POST", [_lamp(1)])
    assert (await node.problem(*asked, ngsild_tenant="other"))[:2] == (404, "NonexistentTenant")
    assert (await node.problem("/entities", ngsild_tenant="other"))[0] == 404
