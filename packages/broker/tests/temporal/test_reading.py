"""Pages along time lose nothing, and stay within bounds; queries ask of the instances inside the interval."""

from __future__ import annotations

import asyncio
import gc

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.service.call import Call
from samstad_broker.service.entity_locks import EntityLocks
from samstad_broker.service.temporal import matching, reading
from samstad_broker.service.temporal.access import found_for_reading, found_for_writing, readable
from samstad_broker.service.temporal.asking import ask_in_params
from samstad_broker.service.temporal.matching import ValueFilter, windowed_document
from samstad_broker.service.temporal.reading import Chosen, read_page
from samstad_broker.spi.history import HistoryEntity
from samstad_broker.store.memory import MemoryHistoryIndex
from samstad_ngsild.context import CORE
from samstad_ngsild.document import NULL
from samstad_ngsild.entities.dates import iso, parse_datetime
from samstad_ngsild.errors import ResourceNotFound, TooComplexQuery, TooManyResults
from samstad_ngsild.query import compile_query, parse_query_params

NOON = parse_datetime("2018-08-01T12:00:00Z")
SECOND = 1_000_000
SPEED, FUEL = CORE.expand("speed"), CORE.expand("fuel")
VEHICLE = CORE.expand("Vehicle")


def clock(second):
    return iso(NOON + second * SECOND)


def at(second, value):
    return {"type": "Property", "value": value, "observedAt": clock(second)}


def ask(**params):
    query = parse_query_params(
        {
            name: value
            for name, value in params.items()
            if not name.startswith("time") and name != "endTimeAt"
        },
        CORE,
        local=True,
        temporal=True,
    )
    return ask_in_params(params, query, aggregated=False, required=False)


async def indexed(*evolutions):
    """Return an index that knows entities with these attributes, and the entities."""
    index = MemoryHistoryIndex()
    rows = [
        Row(
            Position(1, number + 1), NOON, RowKind.HISTORY_ADD, "", "", f"urn:x:{number}",
            orjson.dumps({"by": "test", "types": [VEHICLE], "set": attributes}),
        )
        for number, attributes in enumerate(evolutions)
    ]  # fmt: skip
    await index.apply(rows)
    found = [await index.find("", "", f"urn:x:{number}") for number in range(len(evolutions))]
    return index, [entity for entity in found if entity is not None]


seconds = st.lists(st.integers(0, 12), min_size=1, max_size=25)


@settings(max_examples=60)
@given(speeds=seconds, fuels=seconds, limit=st.integers(1, 6), backwards=st.booleans())
def test_pages_together_are_the_whole(speeds, fuels, limit, backwards):
    """A client that goes on after the last time of each page sees every instance once."""

    async def walk():
        index, [entity] = await indexed(
            {SPEED: [at(s, n) for n, s in enumerate(speeds)], FUEL: [at(s, n) for n, s in enumerate(fuels)]}
        )
        seen, edge, pages = [], 20 if backwards else 0, 0
        while True:
            asked = (
                ask(timerel="before", timeAt=clock(edge), lastN="100")
                if backwards
                else ask(timerel="after", timeAt=clock(edge))
            )
            window = (asked.temporal.start_us, asked.temporal.end_us)
            page = await read_page(index, asked, [Chosen(entity, [window])], limit=limit)
            shown = [(name, each["value"]) for name, found in page.evolutions[0].items() for each in found]
            seen += shown
            pages += 1
            assert pages < 100
            if page.content_range is None:
                return seen
            assert shown, "a partial page holds something"
            _, end = page.content_range.removeprefix("DateTime ").rpartition("/")[0].rsplit("Z-", 1)
            moment = (parse_datetime(end) - NOON) // SECOND
            edge = moment if backwards else moment + 1

    seen = asyncio.run(walk())
    expected = [(SPEED, n) for n in range(len(speeds))] + [(FUEL, n) for n in range(len(fuels))]
    assert sorted(seen) == sorted(expected)


async def test_a_page_of_many_entities_is_bounded_and_still_cut_at_one_time(monkeypatch):
    monkeypatch.setattr(reading, "MOST_INSTANCES", 60)
    index, entities = await indexed(*({SPEED: [at(s, s) for s in range(40)]} for _ in range(10)))
    for params, first in (({"lastN": "40"}, 39), ({}, 0)):
        asked = ask(timerel="after", timeAt=clock(0), **params)
        chosen = [Chosen(entity, [(NOON, None)]) for entity in entities]
        page = await read_page(index, asked, chosen, limit=40)
        shown = [[each["value"] for each in one[SPEED]] for one in page.evolutions]
        assert page.content_range is not None
        assert sum(map(len, shown)) <= 60
        assert all(values == shown[0] for values in shown)
        assert shown[0][0] == first


async def test_more_than_can_be_shown_at_all_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "MOST_INSTANCES", 5)
    index, entities = await indexed(*({SPEED: [at(1, s) for s in range(3)]} for _ in range(4)))
    chosen = [Chosen(entity, [(NOON, None)]) for entity in entities]
    with pytest.raises(TooManyResults):
        await read_page(index, ask(timerel="after", timeAt=clock(0)), chosen, limit=2)
    page = await read_page(index, ask(timerel="after", timeAt=clock(0)), chosen[:1], limit=2)
    assert len(page.evolutions[0][SPEED]) == 3


values = st.lists(
    st.tuples(st.integers(0, 10), st.sampled_from([1, 5, 9, "on", "off", [1, 9], NULL])), max_size=12
)
terms = st.sampled_from(
    ["speed>4", "speed==5", "speed!=5", "speed==1..6", 'speed=="on"', 'speed~="o.*"', "speed", "speed<2"]
)


@settings(max_examples=100)
@given(instances=values, term=terms, start=st.integers(0, 10))
def test_a_term_asks_whether_one_instance_in_the_interval_satisfies_it(instances, term, start):
    """The evaluator over a windowed document is the same as one question to each instance inside."""

    async def decided():
        index, [entity] = await indexed({SPEED: [at(second, value) for second, value in instances]})
        return await ValueFilter(ask(q=term, timerel="after", timeAt=clock(start))).matches(index, entity)

    one = compile_query(parse_query_params({"q": term}, CORE, local=True)).filters
    inside = [at(second, value) for second, value in instances if second >= start and value != NULL]
    expected = any(one({"id": "urn:x:0", "type": [VEHICLE], SPEED: [each]}) for each in inside)
    assert asyncio.run(decided()) == expected


async def test_a_query_looks_at_a_bounded_number_of_instances(monkeypatch):
    monkeypatch.setattr(matching, "MOST_INSTANCES", 5)
    index, [entity] = await indexed({SPEED: [at(second, second) for second in range(8)]})
    with pytest.raises(TooComplexQuery):
        await ValueFilter(ask(q="speed>100", timerel="after", timeAt=clock(0))).matches(index, entity)
    narrow = ValueFilter(ask(q="speed>5", timerel="after", timeAt=clock(4)))
    assert await narrow.matches(index, entity)
    assert narrow.looked_at == 4


def test_an_entity_is_asked_about_with_its_own_times():
    entity = HistoryEntity(1, "urn:x:1", (VEHICLE,), clock(0), clock(5))
    document = windowed_document(entity, {SPEED: [at(1, 5), at(2, NULL)], FUEL: [at(1, NULL)]})
    assert document == {
        "id": "urn:x:1", "type": [VEHICLE], "createdAt": clock(0), "modifiedAt": clock(5), SPEED: [at(1, 5)],
    }  # fmt: skip


class Doorman:
    """Allows everything, and counts."""

    def __init__(self) -> None:
        self.asked = []

    def may(self, caller, tenant, operation, entity_type):  # noqa: ARG002 - the port's signature
        self.asked.append(entity_type)
        return True


async def test_an_entity_without_a_known_type_is_nobodys():
    doorman = Doorman()
    call = Call(caller=type("Person", (), {"id": "p"})(), authorizer=doorman, tenant="", now_us=0)
    may_read = readable(call)
    assert not may_read(())
    assert may_read(("A", "B"))
    assert may_read(("A", "B"))
    assert doorman.asked == ["A", "B"]
    index = MemoryHistoryIndex()
    payload = orjson.dumps({"by": "test", "types": [], "set": {}})
    await index.apply([Row(Position(1, 1), NOON, RowKind.HISTORY_ADD, "", "", "urn:x:1", payload)])
    for find in (found_for_reading, found_for_writing):
        with pytest.raises(ResourceNotFound):
            await find(index, call, "urn:x:1")


def test_locks_are_kept_while_somebody_holds_them():
    locks = EntityLocks()
    one = locks.of("", "", "urn:x:1")
    assert locks.of("", "", "urn:x:1") is one
    assert locks.of("t", "", "urn:x:1") is not one
    del one
    gc.collect()
    assert not locks._locks
