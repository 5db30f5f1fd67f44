"""A batch of 16 MiB is as welcome as one of a kilobyte, and others are served meanwhile (invariant I5)."""

from __future__ import annotations

import asyncio
import itertools

import orjson
import pytest

BATCH = "/entityOperations"
MIB = 1024 * 1024


class Ticking:
    """A clock on which a millisecond passes with each look at it."""

    def __init__(self) -> None:
        self._us = itertools.count(1_764_036_897_000_000, 1_000)

    def now_us(self) -> int:
        return next(self._us)

    async def sleep_until(self, time_us: int) -> None:  # noqa: ARG002 - the port's signature
        await asyncio.sleep(0)


def _lamps(count, size=2_000):
    return [
        {
            "id": f"urn:ngsi-ld:Lamp:{number}",
            "type": "Lamp",
            "note": {"type": "Property", "value": "x" * size},
        }
        for number in range(count)
    ]


@pytest.fixture
def send(node):
    """Send bytes to a batch operation; return the answer and how often others had their turn meanwhile."""
    node.broker.clock = Ticking()

    async def go(operation, content):
        turns = 0

        async def count():
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        others = asyncio.ensure_future(count())
        headers = {"content-type": "application/json", "content-length": str(len(content))}
        answer = await node.send(f"{BATCH}/{operation}", content, headers)
        others.cancel()
        return answer, turns

    return go


async def test_others_have_their_turn_while_a_long_batch_is_taken(node, send):
    answer, turns = await send("upsert", orjson.dumps(_lamps(120)))
    assert answer.status == 201
    assert len(orjson.loads(answer.body)) == 120
    # Each item is read and then written, and two of those steps are a slice.
    assert turns > 120 / 2
    _, few = await send("upsert", orjson.dumps(_lamps(1)))
    assert few < 40
    assert len(await node.read("/entities?type=Lamp&limit=1000")) == 120


async def test_others_have_their_turn_while_a_long_batch_is_refused(node, send):
    items = [{**item, "type": 7} for item in _lamps(120)]
    answer, turns = await send("create", orjson.dumps(items))
    assert answer.status == 207
    result = orjson.loads(answer.body)
    assert result["success"] == []
    assert [error["entityId"] for error in result["errors"]] == [item["id"] for item in items]
    assert turns > 120 / 2
    assert await node.read("/entities?type=Lamp") == []


@pytest.mark.parametrize(
    "last",
    [
        b'{"id": "urn:ngsi-ld:Lamp:x", "type": }',
        b'{"id": "urn:ngsi-ld:Lamp:x", "type": "Lamp", "note": 1e999}',
        b'{"id": "urn:ngsi-ld:Lamp:x", "type": "Lamp", "note": "\xff"}',
        b'{"id": "urn:ngsi-ld:Lamp:x", "type": "Lamp", "note": ' + b"[" * 70 + b"]" * 70 + b"}",
        b"[" * 200_000,
        b'{"id": "urn:ngsi-ld:Lamp:x"',
    ],
    ids=["no JSON", "no number", "no UTF-8", "deep", "very deep", "cut off"],
)
async def test_a_long_batch_that_is_no_json_at_its_end_changes_nothing(node, send, last):
    good = b",".join(orjson.dumps(item) for item in _lamps(100))
    answer, _ = await send("upsert", b"[" + good + b"," + last + b"]")
    assert answer.status == 400
    assert orjson.loads(answer.body)["type"].endswith("/InvalidRequest")
    assert await node.read("/entities?type=Lamp") == []


async def test_a_long_body_that_is_no_array_is_told_so(send):
    answer, _ = await send("upsert", orjson.dumps({"a": "x" * 200_000}))
    assert answer.status == 400
    problem = orjson.loads(answer.body)
    assert problem["type"].endswith("/BadRequestData")
    assert "array" in problem["detail"]


async def test_an_entity_that_could_not_be_read_in_a_slice_is_refused_before_any_is_written(node, send):
    items = [*_lamps(2), *_lamps(3, 3 * MIB)[2:]]
    answer, _ = await send("upsert", orjson.dumps(items))
    assert answer.status == 400
    assert orjson.loads(answer.body)["pointer"] == "/2"
    assert await node.read("/entities?type=Lamp") == []
    assert (await send("upsert", orjson.dumps(items[:2])))[0].status == 201
