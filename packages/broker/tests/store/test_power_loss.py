"""Invariant I3 under a power cut: what was acknowledged is back, in order, and nothing is half there."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from samstad_broker.spi.store import SavedEntity
from samstad_broker.store.sqlite import SqliteStore


@pytest.fixture
def acknowledgements(lamp_rows, everything):
    """Give a source of rows, and the check that a store still holds those it acknowledged."""

    async def check(store, rows, *, at_least, cursor):
        await store.open()
        found = await everything(store.log)
        assert found == rows[: len(found)]
        assert len(found) >= at_least
        assert store.checkpoint.cursor.number >= cursor
        assert store.checkpoint.cursor <= store.log.head
        following = rows[len(found) : len(found) + 1]
        await store.log.append(following, expected_version=store.log.head)
        assert await everything(store.log) == [*found, *following]
        await store.close()

    return lamp_rows, check


@pytest.mark.parametrize("seed", range(6))
async def test_acknowledged_rows_survive_a_power_cut_at_any_time(
    tmp_path, disk, small, acknowledgements, seed
):
    lamp_rows, check = acknowledgements
    random = Random(seed)  # noqa: S311 - a seed to repeat a failure with
    live = tmp_path / "live"
    cuts = []

    def cut_sometimes(_what, _path):
        if len(cuts) < 20 and random.random() < 0.15:
            target = tmp_path / f"cut-{len(cuts)}"
            disk.cut_power(live, target, random)
            cuts.append((target, acknowledged, checkpointed))

    acknowledged = checkpointed = 0
    store = SqliteStore(live, replace(small, vfs=disk.name))
    await store.open()
    disk.fail = cut_sometimes
    rows = lamp_rows(store.log.head, 60)
    while acknowledged < len(rows):
        group = rows[acknowledged : acknowledged + random.randrange(1, 8)]
        await store.log.append(group, expected_version=store.log.head)
        acknowledged += len(group)
        if random.random() < 0.2:
            saved = [SavedEntity("", "", row.subject, row.position.number, row.payload) for row in group]
            await store.checkpoint.save(saved, [], cursor=store.log.head)
            checkpointed = acknowledged
    disk.fail = lambda _what, _path: None
    await store.close()

    assert len(cuts) > 5
    for target, at_least, cursor in cuts:
        await check(SqliteStore(target, small), rows, at_least=at_least, cursor=cursor)


async def test_without_syncs_the_shim_does_lose_rows(tmp_path, disk, small, lamp_rows, everything):
    """The negative case: a disk that does not sync is seen, so the test above means something."""
    live = tmp_path / "live"
    store = SqliteStore(live, replace(small, vfs=disk.name, stretch_rows=1_000, wal_pages=1_000))
    await store.open()
    disk.swallow_syncs = True
    await store.log.append(lamp_rows(store.log.head, 5), expected_version=store.log.head)
    disk.cut_power(live, tmp_path / "cut", Random(1))  # noqa: S311 - a seed
    await store.close()
    after = SqliteStore(tmp_path / "cut", small)
    await after.open()
    assert len(await everything(after.log)) < 5
    await after.close()
