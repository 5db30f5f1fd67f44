"""Documents in the log: durable, undone when the disk refuses them, back after a restart."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from samstad_broker.domain.rows import START, RowKind
from samstad_broker.spi.store import LogFull
from samstad_ngsild.errors import NonexistentTenant


async def test_a_document_is_there_and_comes_back_after_a_restart(shard):
    await shard.documents.put("roads", "contexts", "urn:c:1", {"a": 1})
    await shard.documents.put("roads", "contexts", "urn:c:2", {"a": 2})
    await shard.documents.put("roads", "contexts", "urn:c:1", {"a": 3})
    await shard.restart()
    assert shard.documents.get("roads", "contexts", "urn:c:1") == {"a": 3}
    assert [key for key, _ in shard.documents.list("roads", "contexts")] == ["urn:c:1", "urn:c:2"]
    assert shard.broker.state.knows("roads")
    assert shard.documents.get("", "contexts", "urn:c:1") is None
    assert shard.documents.list("roads", "others") == []


async def test_a_row_says_who_which_collection_and_what(shard):
    await shard.documents.put("", "contexts", "urn:c:1", {"a": 1})
    await shard.documents.delete("", "contexts", "urn:c:1")
    rows = await shard.store.log.read(START, limit=10)
    assert [row.kind for row in rows] == [RowKind.DOCUMENT, RowKind.DOCUMENT]
    assert orjson.loads(rows[0].payload) == {"by": "samstad", "collection": "contexts", "content": {"a": 1}}
    assert orjson.loads(rows[1].payload)["content"] is None


async def test_a_deleted_document_stays_away_and_a_missing_one_costs_no_row(shard):
    await shard.documents.put("", "contexts", "urn:c:1", {"a": 1})
    await shard.documents.delete("", "contexts", "urn:c:1")
    head = shard.store.log.head
    await shard.documents.delete("", "contexts", "urn:c:1")
    assert shard.store.log.head == head
    await shard.restart()
    assert shard.documents.get("", "contexts", "urn:c:1") is None


async def test_what_the_disk_refuses_is_undone(shard, monkeypatch):
    await shard.documents.put("", "contexts", "urn:c:1", {"a": 1})

    async def full(_rows, *, expected_version):  # noqa: ARG001 - the port's signature
        raise LogFull("no space left")

    monkeypatch.setattr(shard.store.log, "append", full)
    with pytest.raises(LogFull):
        await shard.documents.put("", "contexts", "urn:c:1", {"a": 2})
    with pytest.raises(LogFull):
        await shard.documents.put("", "contexts", "urn:c:2", {"a": 2})
    with pytest.raises(LogFull):
        await shard.documents.delete("", "contexts", "urn:c:1")
    assert shard.documents.list("", "contexts") == [("urn:c:1", {"a": 1})]


async def test_a_caller_who_goes_away_stops_nobody_else(shard):
    going = asyncio.ensure_future(shard.documents.put("", "contexts", "urn:c:1", {"a": 1}))
    staying = asyncio.ensure_future(shard.documents.put("", "contexts", "urn:c:2", {"a": 2}))
    await asyncio.sleep(0)
    going.cancel()
    await staying
    assert len(shard.documents.list("", "contexts")) == 2


async def test_where_writing_begins_no_tenants_an_unknown_one_is_refused(shard):
    shard.broker.may_begin_tenants = False
    with pytest.raises(NonexistentTenant):
        await shard.documents.put("roads", "contexts", "urn:c:1", {})
    assert not shard.broker.state.knows("roads")
