"""What each kind of row brings into the history and takes out of it."""

from __future__ import annotations

import pytest

from samstad_broker.domain.instance_ids import instance_id
from samstad_broker.domain.rows import START, Position, Row, RowKind
from samstad_broker.spi.history import HistorySelection, HistoryWindow
from samstad_ngsild.document import NULL
from samstad_ngsild.entities.dates import iso

from .conftest import MINUTE_US, NIGHT_US, Street, number

LAMP = "urn:ngsi-ld:Streetlight:roads:17"
OTHER = "urn:ngsi-ld:Streetlight:roads:18"
WRITTEN = HistoryWindow(timeproperty="modifiedAt")
"""Everything that ever had a modifiedAt: all of it."""


async def known(index, entity_id=LAMP):
    return await index.find("", "", entity_id)


async def history(index, window=WRITTEN, entity_id=LAMP):
    (found,) = await index.read([await known(index, entity_id)], window)
    return found


async def values(index, attribute="power", window=WRITTEN, entity_id=LAMP):
    return [
        instance.get("value") for instance in (await history(index, window, entity_id)).get(attribute, ())
    ]


async def test_a_new_index_is_at_the_start_and_knows_nobody(index):
    assert index.cursor == START
    assert await known(index) is None
    assert not await index.list_entities("", "", HistorySelection(), after=0, limit=10)


async def test_each_change_is_an_instance_with_its_id_and_times(index, street):
    street.write(LAMP, power=number(10, 0))
    second = street.write(LAMP, power=number(20, 1))
    await index.apply(street.rows)
    first, latest = (await history(index))["power"]
    assert first["value"] == 10
    assert latest == {
        "type": "Property",
        "value": 20,
        "observedAt": iso(NIGHT_US + MINUTE_US),
        "createdAt": iso(NIGHT_US + 1_000_000),
        "modifiedAt": iso(NIGHT_US + 2_000_000),
        "instanceId": instance_id(second.position, 0),
    }
    assert index.cursor == second.position


async def test_an_instance_that_a_row_repeats_is_no_new_observation(index, street):
    street.write(LAMP, power=[number(1), number(2, datasetId="urn:west")])
    west = street.entities[LAMP]["power"][1]
    row = street.write(LAMP, power=[number(3), west])
    await index.apply(street.rows)
    instances = (await history(index))["power"]
    assert sorted(instance["value"] for instance in instances) == [1, 2, 3]
    assert instances[-1]["instanceId"] == instance_id(row.position, 0)


async def test_an_entity_is_known_with_all_types_it_has_had(index, street):
    street.write(LAMP, types=("Lamp",), power=number(1))
    street.entities[LAMP]["type"] = ["Lamp", "Device"]
    street.write(LAMP, power=number(2))
    await index.apply(street.rows)
    entity = await known(index)
    assert entity.types == ("Lamp", "Device")
    assert (entity.created_at, entity.modified_at) == (iso(NIGHT_US + 1_000_000), iso(NIGHT_US + 2_000_000))
    assert entity.deleted_at is None


async def test_an_attribute_that_ends_leaves_a_record_of_its_deletion(index, street):
    street.write(LAMP, power=[number(1, 0), number(2, 0, datasetId="urn:west")])
    row = street.write(LAMP, power=[])
    await index.apply(street.rows)
    records = (await history(index, HistoryWindow(timeproperty="deletedAt")))["power"]
    at = iso(row.time_us)
    assert [(r["value"], r["deletedAt"], r.get("datasetId")) for r in records] == [
        (NULL, at, None),
        (NULL, at, "urn:west"),
    ]
    assert [r["instanceId"] for r in records] == [instance_id(row.position, n) for n in (0, 1)]
    assert "observedAt" not in records[0]


async def test_the_scope_has_a_history_where_it_changes(index, street):
    street.write(LAMP, scope=["/centre"], power=number(1))
    street.write(LAMP, power=number(2))
    street.write(LAMP, scope=["/harbour"])
    await index.apply(street.rows)
    scopes = (await history(index, HistoryWindow()))["scope"]
    assert [scope["value"] for scope in scopes] == [["/centre"], ["/harbour"]]
    assert scopes[0]["observedAt"] == scopes[0]["modifiedAt"] == iso(NIGHT_US + 1_000_000)


async def test_rows_that_were_taken_in_change_nothing_when_they_come_again(index, street):
    street.write(LAMP, power=number(1))
    street.write(LAMP, power=number(2))
    await index.apply(street.rows)
    await index.apply(street.rows)
    await index.apply(street.rows[:1])
    assert await values(index) == [1, 2]
    assert index.cursor == street.rows[-1].position


async def test_a_deleted_entity_is_forgotten(index, street):
    street.write(LAMP, power=number(1))
    street.write(OTHER, power=number(5))
    street.end(LAMP)
    await index.apply(street.rows)
    assert await known(index) is None
    assert await values(index, entity_id=OTHER) == [5]


async def test_a_deleted_entity_stays_with_its_end_where_that_is_the_setting(open_index, street):
    street.write(LAMP, power=number(1))
    end = street.end(LAMP)
    async with open_index(keeps_deleted=True) as index:
        await index.apply(street.rows)
        assert (await known(index)).deleted_at == iso(end.time_us)
        assert await values(index) == [1]
        street.write(LAMP, power=number(2))
        await index.apply(street.rows)
        assert (await known(index)).deleted_at is None
        assert await values(index) == [1, 2]


async def test_an_expired_entity_stays_with_its_end(index, street):
    street.write(LAMP, power=number(1))
    end = street.end(LAMP, RowKind.EXPIRE)
    street.add(LAMP, power=number(7, 3))
    await index.apply(street.rows)
    assert (await known(index)).deleted_at == iso(end.time_us)
    assert await values(index) == [1, 7]


async def test_late_observations_come_in_at_their_own_time(index, street):
    street.write(LAMP, power=number(10, 10))
    row = street.add(LAMP, types=("Pole",), power=[number(5, 5), number(7, 7)])
    await index.apply(street.rows)
    assert await values(index, window=HistoryWindow()) == [5, 7, 10]
    late = (await history(index, HistoryWindow()))["power"][1]
    assert late["instanceId"] == instance_id(row.position, 1)
    assert late["createdAt"] == late["modifiedAt"] == iso(row.time_us)
    assert (await known(index)).types == ("Lamp", "Pole")


async def test_a_history_can_begin_with_late_observations(index, street):
    street.add(LAMP, power=number(5, 5))
    await index.apply(street.rows)
    entity = await known(index)
    assert (entity.types, entity.created_at, entity.deleted_at) == (("Lamp",), None, None)
    street.write(LAMP, power=number(6, 6))
    await index.apply(street.rows)
    assert (await known(index)).created_at == iso(NIGHT_US + 2_000_000)


async def test_a_corrected_instance_keeps_its_id_and_creation(index, street):
    street.write(LAMP, power=number(10, 0))
    wrong = instance_id(Position(1, 1), 0)
    correction = {**number(12, 1), "createdAt": iso(0), "modifiedAt": iso(street.now_us)}
    row = street.row(
        RowKind.HISTORY_CORRECT, LAMP, {"attribute": "power", "instanceId": wrong, "instance": correction}
    )
    await index.apply(street.rows)
    (instance,) = (await history(index, HistoryWindow()))["power"]
    assert (instance["value"], instance["instanceId"]) == (12, wrong)
    assert (instance["createdAt"], instance["modifiedAt"]) == (iso(NIGHT_US + 1_000_000), iso(row.time_us))
    assert not await values(index, window=HistoryWindow(end_us=NIGHT_US + MINUTE_US))


@pytest.mark.parametrize(
    ("named", "left"),
    [
        ({"attribute": "power", "instanceId": instance_id(Position(1, 1), 0)}, [2, 3]),
        ({"attribute": "power", "datasetId": "@none"}, [2]),
        ({"attribute": "power", "datasetId": "urn:west"}, [1, 3]),
        ({"attribute": "power"}, []),
        ({"attribute": "level"}, [1, 2, 3]),
        ({"attribute": "power", "instanceId": "urn:ngsi-ld:AttributeInstance:9-9-9"}, [1, 2, 3]),
    ],
)
async def test_what_is_named_is_forgotten_and_nothing_else(index, street, named, left):
    street.write(LAMP, power=[number(1), number(2, datasetId="urn:west")], level=number(4))
    street.write(LAMP, power=[number(3), street.entities[LAMP]["power"][1]])
    street.row(RowKind.HISTORY_DELETE, LAMP, {"by": "op", **named})
    await index.apply(street.rows)
    assert sorted(await values(index)) == left
    assert await index.has_attribute(await known(index), "power", None) is bool(left)
    assert await values(index, "level") == ([] if named == {"attribute": "level"} else [4])


async def test_a_whole_history_is_forgotten(index, street):
    street.write(LAMP, power=number(1))
    street.write(OTHER, power=number(2))
    street.row(RowKind.HISTORY_DELETE, LAMP, {"by": "op"})
    await index.apply(street.rows)
    assert await known(index) is None
    assert await values(index, entity_id=OTHER) == [2]
    named = HistorySelection(types=["Lamp"], attributes=["power"])
    assert [e.entity_id for e in await index.list_entities("", "", named, after=0, limit=9)] == [OTHER]


async def test_retention_takes_what_lies_wholly_before_a_time(index, street):
    street.write(LAMP, power=number(1, -60))
    street.write(OTHER, types=("Bin",), power=number(2, -60))
    street.write(LAMP, power=number(3, 90))
    late = street.now_us
    street.write(LAMP, power=number(4, -60))
    street.row(RowKind.PURGE, "", {"decision": "2026/17", "before": iso(late), "types": ["Lamp"]})
    await index.apply(street.rows)
    assert await values(index) == [3, 4]
    assert await values(index, entity_id=OTHER) == [2]


async def test_retention_forgets_who_has_ended_and_has_nothing_left(index, street):
    street.write(LAMP, power=number(1))
    street.write(OTHER, power=number(2))
    street.end(LAMP, RowKind.EXPIRE)
    street.row(RowKind.PURGE, "", {"decision": "2026/17", "before": iso(street.now_us)})
    await index.apply(street.rows)
    assert await known(index) is None
    assert (await known(index, OTHER)).deleted_at is None
    assert await values(index, entity_id=OTHER) == []


async def test_a_redaction_takes_values_out_and_leaves_times(index, street):
    street.write(LAMP, name=number("Anna", 1, unitCode="X", note=[number("private")]), power=number(1, 1))
    row = street.row(RowKind.REDACT, LAMP, {"by": "dpo", "reason": "request", "attributes": ["name"]})
    await index.apply(street.rows)
    (instance,) = (await history(index, HistoryWindow()))["name"]
    assert instance == {
        "type": "Property",
        "value": NULL,
        "observedAt": iso(NIGHT_US + MINUTE_US),
        "createdAt": iso(NIGHT_US + 1_000_000),
        "modifiedAt": iso(NIGHT_US + 1_000_000),
        "deletedAt": iso(row.time_us),
        "instanceId": instance_id(Position(1, 1), 0),
    }
    assert await values(index) == [1]


async def test_tenants_and_snapshots_have_histories_of_their_own(index, street):
    other = Street(tenant="water", snapshot="urn:ngsi-ld:Snapshot:1")
    street.write(LAMP, power=number(1))
    other.rows = list(street.rows)
    other.write(LAMP, power=number(2))
    other.row(RowKind.PURGE, "", {"decision": "x", "before": iso(NIGHT_US + 3_600_000_000)})
    await index.apply(other.rows)
    assert await values(index) == [1]
    assert await index.find("water", "", LAMP) is None
    there = await index.find("water", "urn:ngsi-ld:Snapshot:1", LAMP)
    assert list(await index.read([there], WRITTEN)) == [{}]


async def test_rows_that_are_no_history_only_move_the_cursor(index):
    rows = [
        Row(Position(1, 1), NIGHT_US, RowKind.AUDIT, "", "", "urn:x", b'{"what":"login"}'),
        Row(Position(1, 2), NIGHT_US, RowKind.DOCUMENT, "", "", "urn:y", b'{"content":null}'),
    ]
    await index.apply(rows)
    assert index.cursor == Position(1, 2)
    assert await index.find("", "", "urn:y") is None


async def test_an_index_that_is_closed_and_opened_goes_on_where_it_was_or_begins_anew(open_index, street):
    street.write(LAMP, power=number(1))
    async with open_index() as first:
        await first.apply(street.rows)
    street.write(LAMP, power=number(2))
    async with open_index() as second:
        assert second.cursor in (START, Position(1, 1))
        await second.apply(street.rows)
        assert await values(second) == [1, 2]
