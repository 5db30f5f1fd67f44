"""Indexes that are built in slices while entities come, change and go."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_broker.domain.state.dataset import Dataset
from samstad_broker.service.index_building import build_indexes

BIN = "https://uri.etsi.org/ngsi-ld/default-context/Bin"
LEVEL = "https://uri.etsi.org/ngsi-ld/default-context/level"
SPOT = "https://uri.etsi.org/ngsi-ld/default-context/spot"


def entity(number: int, level: float) -> dict:
    point = {"type": "Point", "coordinates": [16 + number / 1000, 59.6]}
    return {
        "id": f"urn:bin:{number}",
        "type": [BIN],
        LEVEL: [{"type": "Property", "value": level}],
        SPOT: [{"type": "GeoProperty", "value": point}],
    }


def dataset(count: int) -> Dataset:
    data = Dataset()
    data.builds.at_once = 0
    for number in range(1, count + 1):
        data.add(entity(number, number % 7), number)
    return data


def change(data: Dataset, number: int, level: float) -> None:
    record = data.get(f"urn:bin:{number}")
    data.change(record, record.parsed(), entity(number, level), {LEVEL})


writes = st.lists(
    st.tuples(st.sampled_from(["add", "change", "remove"]), st.integers(1, 60), st.integers(0, 9)),
    max_size=30,
)


@given(writes, st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_what_is_built_between_writes_is_what_is_built_at_once(writes, slice_size):
    data = dataset(40)
    assert data.types[BIN].column(LEVEL) is None
    assert data.grid(SPOT) is None
    column_build, grid_build = data.builds.waiting
    left = list(writes)
    ended = [False, False]
    while not all(ended) or left:
        for index, build in enumerate((column_build, grid_build)):
            ended[index] = ended[index] or build.step(slice_size)
        if left:
            kind, number, level = left.pop()
            present = data.get(f"urn:bin:{number}")
            if kind == "remove" and present is not None and len(data) > 1:
                data.remove(present, present.parsed())
            elif kind == "add" and present is None:
                data.add(entity(number, level), 1_000 + len(left) + number * 100)
            elif kind == "change" and present is not None:
                change(data, number, level)
    column, grid = data.types[BIN].column(LEVEL), data.grid(SPOT)
    wanted = {record.sequence: record.parsed()[LEVEL][0]["value"] for record in data}
    assert column.values == wanted
    assert list(column.numbers.sequences(None, None)) == sorted(wanted, key=lambda one: (wanted[one], one))
    assert grid.geometries.keys() == wanted.keys()


def test_an_index_that_is_not_whole_is_not_asked():
    data = dataset(10)
    data.types[BIN].column(LEVEL)
    (build,) = data.builds.waiting
    assert build.step(5) is False
    assert data.types[BIN].column(LEVEL) is None
    assert build.step(100) is True
    assert data.types[BIN].column(LEVEL) is not None
    assert len(data.builds.waiting) == 1, "a second question begins no second build"


@pytest.mark.parametrize("count", [100, 3_000])
async def test_the_task_builds_beside_others(count):
    data = dataset(count)
    turns = 0
    task = asyncio.create_task(build_indexes(data.builds))
    await asyncio.sleep(0)
    column = data.types[BIN].column(LEVEL)
    assert (column is not None) == (count <= 1_000)
    async with asyncio.timeout(10):
        while data.types[BIN].column(LEVEL) is None:
            turns += 1
            await asyncio.sleep(0)
    assert turns >= count // 1_000 * 2
    assert len(data.types[BIN].column(LEVEL).values) == count
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
