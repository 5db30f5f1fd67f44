"""Whatever is written, in whatever batches: the index on disk says what the one in memory says."""

from __future__ import annotations

import asyncio
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samstad_broker.domain.instance_ids import instance_id
from samstad_broker.domain.rows import Position, RowKind
from samstad_broker.spi.history import HistorySelection, HistoryWindow
from samstad_broker.store.memory import MemoryHistoryIndex
from samstad_broker.store.sqlite.history import SqliteHistoryIndex
from samstad_ngsild.entities.dates import iso

from .conftest import MINUTE_US, NIGHT_US, Street, number

IDS = ("urn:x:1", "urn:x:2", "urn:x:3")
ATTRIBUTES = ("power", "level")
DATASETS = (None, "urn:west")

values = st.one_of(st.integers(-5, 5), st.floats(-9, 9), st.booleans(), st.text(max_size=3))
instances = st.builds(
    lambda value, minute, dataset: number(value, minute, **({"datasetId": dataset} if dataset else {})),
    values,
    st.none() | st.integers(0, 9),
    st.sampled_from(DATASETS),
)
datasets = st.sampled_from([None, "@none", "urn:west"])
entity_ids, attributes = st.sampled_from(IDS), st.sampled_from(ATTRIBUTES)
places = st.builds(
    lambda row, ordinal: instance_id(Position(1, row), ordinal), st.integers(1, 12), st.integers(0, 2)
)
actions = st.one_of(
    st.tuples(st.just("write"), entity_ids, attributes, st.lists(instances, max_size=2), st.booleans()),
    st.tuples(st.just("add"), entity_ids, attributes, st.lists(instances, min_size=1, max_size=2), st.none()),
    st.tuples(st.just("end"), entity_ids, st.none(), st.none(), st.booleans()),
    st.tuples(st.just("correct"), entity_ids, attributes, instances, places),
    st.tuples(st.just("forget"), entity_ids, st.none() | attributes, datasets, st.none() | places),
    st.tuples(st.just("redact"), entity_ids, st.none() | attributes, st.none(), st.none()),
    st.tuples(st.just("purge"), st.none() | entity_ids, st.none() | attributes, st.integers(0, 12),
              st.none()),
)  # fmt: skip


def one_of_each_dataset(found):
    return list({instance.get("datasetId"): instance for instance in found}.values())


def act(street: Street, action) -> None:
    kind, entity_id, attribute, what, more = action
    if kind == "write":
        scope = {"scope": ["/a"] if len(street.rows) % 2 else ["/b"]} if more else {}
        street.write(
            entity_id, types=(f"T{entity_id[-1]}",), **scope, **{attribute: one_of_each_dataset(what)}
        )
    elif kind == "add":
        street.add(entity_id, types=("Late",), **{attribute: what})
    elif kind == "end" and entity_id in street.entities:
        street.end(entity_id, RowKind.EXPIRE if more else RowKind.DELETE)
    elif kind == "correct":
        payload = {"attribute": attribute, "instanceId": more, "instance": what}
        street.row(RowKind.HISTORY_CORRECT, entity_id, payload)
    elif kind == "forget":
        names = {"attribute": attribute, "datasetId": what, "instanceId": more}
        given = {name: value for name, value in names.items() if value is not None} if attribute else {}
        street.row(RowKind.HISTORY_DELETE, entity_id, given)
    elif kind == "redact":
        street.row(RowKind.REDACT, entity_id, {"attributes": [attribute]} if attribute else {})
    elif kind == "purge":
        before = iso(NIGHT_US + what * MINUTE_US // 4)
        more = {"attributes": [attribute]} if attribute else {}
        street.row(RowKind.PURGE, entity_id or "", {"decision": "d", "before": before, **more})


SELECTIONS = (
    HistorySelection(),
    HistorySelection(types=["T1", "Late"]),
    HistorySelection(types=["T2"], attributes=["level"]),
    HistorySelection(attributes=["power", "scope"]),
    HistorySelection(ids=IDS[:2], types=["T1"]),
    HistorySelection(ids=IDS, attributes=["level"]),
)
WINDOWS = (
    *(
        HistoryWindow(timeproperty=name, most=most, latest=latest)
        for name, most, latest in product(
            ("observedAt", "createdAt", "modifiedAt", "deletedAt"), (None, 2), (False, True)
        )
    ),
    HistoryWindow(start_us=NIGHT_US + 2 * MINUTE_US, end_us=NIGHT_US + 6 * MINUTE_US),
    HistoryWindow(attributes=frozenset({"level"}), dataset_ids=frozenset({"@none"})),
    HistoryWindow(dataset_ids=frozenset({"urn:west", "urn:nobody"})),
)


async def everything(index) -> list[object]:
    told: list[object] = []
    for selection in SELECTIONS:
        found = await index.list_entities("", "", selection, after=0, limit=2)
        if found:
            found = [*found, *await index.list_entities("", "", selection, after=found[-1].key, limit=9)]
        told.append([entity[1:] for entity in found])
    entities = await index.list_entities("", "", HistorySelection(), after=0, limit=9)
    for window in WINDOWS:
        told.append(list(await index.read(entities, window)))
        for entity in entities:
            series = await index.read_numbers(entity, window)
            told.append(series and sorted((s[0], s[1] or "", list(s[2]), list(s[3])) for s in series))
    for entity in entities:
        told.extend([await index.has_attribute(entity, "power", d) for d in (None, "@none", "urn:west")])
        told.extend(
            [await index.find_instance(entity, "power", instance_id(Position(1, row), 0)) for row in range(9)]
        )
    return told


async def compared(steps, batch: int, *, keeps_deleted: bool) -> None:
    street = Street()
    for step in steps:
        act(street, step)
    memory = MemoryHistoryIndex(keeps_deleted=keeps_deleted)
    await memory.apply(street.rows)
    with TemporaryDirectory() as directory:
        disk = SqliteHistoryIndex(Path(directory) / "temporal.db", keeps_deleted=keeps_deleted)
        await disk.open()
        try:
            for begin in range(0, len(street.rows), batch):
                await disk.apply(street.rows[begin : begin + batch])
            assert await everything(disk) == await everything(memory)
            assert disk.cursor == memory.cursor
        finally:
            await disk.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(actions, max_size=12), st.sampled_from([1, 3, 100]), st.booleans())
def test_both_indexes_tell_the_same(steps, batch, keeps_deleted):
    asyncio.run(compared(steps, batch, keeps_deleted=keeps_deleted))
