"""Sealing: complete stretches that everybody has read become Parquet, and leave the log."""

from __future__ import annotations

from pathlib import Path

import apsw
import duckdb
import orjson
import pytest
import shapely

from samstad_broker.domain.rows import START, Position, Row, RowKind
from samstad_broker.spi.store import LogCorrupt, RetryEntry
from samstad_broker.store.history_files import HISTORY_COLUMNS, HistoryRow, history_rows
from samstad_broker.store.sqlite import SealingFailed, SqliteSettings, SqliteStore, restore

TYPE = "https://smartdatamodels.org/dataModel.Streetlighting/Streetlight"
POWER = "https://uri.etsi.org/ngsi-ld/default-context/power"
PLACE = "https://uri.etsi.org/ngsi-ld/location"
LAST_OF_OCTOBER_US = 1_793_491_199_000_000
"""2026-10-31T23:59:59Z"""


def head(modified, **more):
    return {"id": "urn:lamp:1", "type": [TYPE], "modifiedAt": modified, **more}


def power(watts, *, modified="2026-11-25T02:14:57.000000Z", **more):
    return {"type": "Property", "value": watts, "unitCode": "WTT", "modifiedAt": modified, **more}


def row(number, payload, *, kind=RowKind.CHANGE, time_us=LAST_OF_OCTOBER_US, tenant=""):
    return Row(Position(1, number), time_us, kind, tenant, "", "urn:lamp:1", orjson.dumps(payload))


def created(number, **more):
    point = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [16.55, 59.61]}}
    instances = {POWER: [power(70.5, observedAt="2026-11-25T03:14:57+01:00")], PLACE: [point]}
    now = head("2026-11-25T02:14:57.000000Z")
    return row(number, {"by": "gateway", "head": now, "was": None, "set": instances, "before": {}}, **more)


def changed(number, watts, before, **more):
    return row(
        number,
        {
            "by": "gateway",
            "head": head("2026-11-25T02:15:00.000000Z"),
            "was": head("2026-11-25T02:14:57.000000Z"),
            "set": {POWER: watts},
            "before": {POWER: before},
        },
        **more,
    )


def test_a_created_entity_is_a_row_for_its_head_and_one_for_each_instance():
    first, watts, place = history_rows(created(7))
    assert (first.attribute, orjson.loads(first.json)["type"]) == (None, [TYPE])
    assert (watts.attribute, watts.number, watts.text, watts.unitCode) == (POWER, 70.5, None, "WTT")
    assert watts.instanceId == "urn:ngsi-ld:AttributeInstance:1-7-0"
    assert watts.observedAt.isoformat() == "2026-11-25T02:14:57"
    assert orjson.loads(watts.json)["observedAt"] == "2026-11-25T03:14:57+01:00"
    assert place.instanceId == "urn:ngsi-ld:AttributeInstance:1-7-1"
    assert shapely.from_wkb(place.geometry).wkt == "POINT (16.55 59.61)"
    assert place.number is None
    assert watts.geometry is None


def test_a_changed_value_is_one_row_and_says_nothing_of_the_head():
    (only,) = history_rows(changed(8, [power(30)], [power(70.5)]))
    assert (only.number, only.kind, only.types) == (30.0, "change", [TYPE])


def test_a_value_repeated_for_another_dataset_is_no_observation():
    kept = power(1, datasetId="urn:d:1")
    (only,) = history_rows(changed(8, [kept, power(2)], [kept, power(3)]))
    assert (only.number, only.datasetId) == (2.0, None)
    assert only.instanceId == "urn:ngsi-ld:AttributeInstance:1-8-1"


def test_a_deleted_attribute_and_a_deleted_dataset_are_rows_without_value():
    ended = list(history_rows(changed(8, [power(2)], [power(2), power(3, datasetId="urn:d:1")])))
    assert [(entry.datasetId, entry.json, entry.instanceId) for entry in ended] == [("urn:d:1", None, None)]
    assert ended[0].deletedAt.isoformat() == "2026-11-25T02:15:00"
    (gone,) = history_rows(changed(9, [], [power(2)]))
    assert (gone.attribute, gone.attributeType, gone.number) == (POWER, "Property", None)
    assert gone.deletedAt is not None


def test_a_scope_that_changed_is_a_row_with_its_times():
    now = head("2026-11-25T02:15:00.000000Z", scope=["/harbour"])
    was = head("x", scope=["/centre"])
    told, scope = history_rows(row(8, {"by": "x", "head": now, "was": was, "set": {}, "before": {}}))
    assert (told.attribute, scope.attribute, scope.attributeType) == (None, "scope", "Property")
    assert orjson.loads(scope.json)["value"] == ["/harbour"]
    assert scope.instanceId == "urn:ngsi-ld:AttributeInstance:1-8-0"
    _, ended = history_rows(row(9, {"by": "x", "head": was, "was": now, "set": {}, "before": {}}))
    assert ended.json is not None
    _, gone = history_rows(row(9, {"by": "x", "head": head("x"), "was": now, "set": {}, "before": {}}))
    assert (gone.attribute, gone.json, gone.ordinal) == ("scope", None, 0)


def test_a_write_that_changed_no_value_is_still_a_row():
    (only,) = history_rows(changed(8, [power(2)], [power(2)]))
    assert (only.attribute, only.instanceId) == (None, None)
    assert only.entityModifiedAt.isoformat() == "2026-11-25T02:15:00"
    (empty,) = history_rows(row(9, {"by": "x", "types": [TYPE], "set": {}}, kind=RowKind.HISTORY_ADD))
    assert (empty.attribute, empty.types) == (None, [TYPE])


def test_a_deleted_entity_is_one_row_without_attribute():
    payload = {
        "by": None,
        "was": head("x"),
        "before": {POWER: [power(1)]},
        "deletedAt": "2026-11-25T03:00:00Z",
    }
    for kind in (RowKind.DELETE, RowKind.EXPIRE):
        (only,) = history_rows(row(9, payload, kind=kind))
        assert (only.kind, only.attribute, only.types, only.by) == (kind.value, None, [TYPE], None)
        assert only.deletedAt.isoformat() == "2026-11-25T03:00:00"


def test_late_observations_are_rows_of_their_own_kind():
    payload = {"by": "x", "types": [TYPE], "set": {POWER: [power(1), power("off")]}}
    one, two = history_rows(row(9, payload, kind=RowKind.HISTORY_ADD))
    assert (one.kind, one.number, two.number, two.text) == ("history-add", 1.0, None, "off")


@pytest.mark.parametrize("value", [True, [1, 2], {"a": 1}])
def test_what_is_neither_number_nor_text_is_json_only(value):
    (only,) = history_rows(changed(8, [power(value)], []))
    assert (only.number, only.text) == (None, None)
    assert orjson.loads(only.json)["value"] == value


def test_a_corrected_or_deleted_instance_is_kept_as_it_was_recorded():
    payload = {"by": "x", "attribute": POWER, "instanceId": "urn:i", "instance": power(1)}
    (only,) = history_rows(row(9, payload, kind=RowKind.HISTORY_CORRECT))
    assert (only.attribute, only.instanceId, only.number) == (POWER, "urn:i", None)
    assert orjson.loads(only.json) == payload


def test_the_content_of_documents_does_not_leave_the_node():
    payload = {"by": "x", "collection": "subscriptions", "content": {"endpoint": {"receiverInfo": "secret"}}}
    (only,) = history_rows(row(9, payload, kind=RowKind.DOCUMENT))
    assert "secret" not in only.json
    assert orjson.loads(only.json) == {"by": "x", "collection": "subscriptions", "ended": False}


def test_nonsense_times_and_places_are_kept_as_given_in_json():
    odd = power(1, observedAt="never") | {"type": "GeoProperty", "value": {"type": "Point"}}
    (only,) = history_rows(changed(8, [odd], []))
    assert (only.observedAt, only.geometry) == (None, None)
    assert orjson.loads(only.json) == odd


@pytest.fixture
async def street(tmp_path):
    """Give a store with two complete stretches of three rows and one row in the present one."""
    store = SqliteStore(tmp_path / "street", SqliteSettings(stretch_rows=3, tail_bytes=0))
    await store.open()
    rows = [
        created(1),
        changed(2, [power(30)], [power(70.5)]),
        changed(3, [power(20)], [power(30)], time_us=LAST_OF_OCTOBER_US + 2_000_000),
        created(4, tenant="waste"),
        row(5, {"act": "login", "previous": "", "hash": "a"}, kind=RowKind.AUDIT),
        changed(6, [], [power(20)]),
        changed(7, [power(1)], []),
    ]
    for entry in rows:
        await store.log.append([entry], expected_version=store.log.head)
    await store.history.apply(rows)
    yield store, rows
    await store.close()


def sealed_files(store) -> list[Path]:
    return sorted(path.relative_to(store.directory) for path in store.directory.glob("history/**/*.parquet"))


def query(store, sql):
    path = store.directory / "history" / "*" / "*.parquet"
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}) as database:
        return database.execute(sql.format(f"read_parquet('{path}')")).fetchall()


async def test_read_stretches_become_files_by_month_and_leave_the_log(street):
    store, rows = street
    await store.checkpoint.save([], [], cursor=store.log.head)
    files = await store.seal({"temporal": store.log.head})
    assert [file.rows for file in files] == [4, 1, 5]
    assert [str(path) for path in sealed_files(store)] == [
        "history/month=2026-10/1-1-3.parquet",
        "history/month=2026-10/1-4-6.parquet",
        "history/month=2026-11/1-1-3.parquet",
    ]
    assert not (store.directory / "log" / "1-1.db").exists()
    assert store.log.oldest == Position(1, 6)
    assert list(await store.log.read(START, limit=10)) == rows[6:]
    assert (await store.verify()).problems == ()
    assert query(
        store, "SELECT position, number FROM {} WHERE attribute LIKE '%power' AND tenant = '' ORDER BY ALL"
    ) == [(1, 70.5), (2, 30.0), (3, 20.0), (6, None)]
    assert query(store, "SELECT count(*) FROM {} WHERE tenant = 'waste'") == [(3,)]
    assert query(store, "SELECT json FROM {} WHERE kind = 'audit'") == [
        ('{"act":"login","previous":"","hash":"a"}',)
    ]


async def test_the_files_say_what_was_to_be_in_them(street):
    store, rows = street
    await store.checkpoint.save([], [], cursor=store.log.head)
    await store.seal({})
    expected = sorted(
        (entry for row in rows[:6] for entry in history_rows(row)),
        key=lambda entry: (entry.position, entry.attribute or "", entry.instanceId or ""),
    )
    names = ", ".join(
        "geometry::BLOB" if column.name == "geometry" else f'"{column.name}"' for column in HISTORY_COLUMNS
    )
    found = query(
        store,
        f"SELECT {names} FROM {{}} "  # noqa: S608 - names of our own table
        "ORDER BY position, coalesce(attribute, ''), coalesce(\"instanceId\", '')",
    )
    assert [HistoryRow(*entry) for entry in found] == expected


@pytest.mark.parametrize("behind", ["checkpoint", "temporal", "delivery"])
async def test_what_somebody_still_needs_stays(street, behind):
    store, rows = street
    cursors = {"checkpoint": store.log.head, "temporal": store.log.head} | {behind: rows[4].position}
    await store.checkpoint.save([], [], cursor=cursors["checkpoint"])
    if behind == "delivery":
        retry = RetryEntry("", "urn:s:1", "urn:lamp:1", rows[5].position, 1, 0, "refused")
        await store.delivery.commit(progress=[], add=[retry], done=[])
    await store.seal({"temporal": cursors["temporal"]})
    assert store.log.oldest == Position(1, 3)
    assert store.figures()["sealing_held_by"] == (behind,)
    assert [stretch.first for stretch in store.log.stretches] == [4, 7]


async def test_the_stretch_that_is_written_is_never_sealed(street):
    store, _ = street
    await store.checkpoint.save([], [], cursor=store.log.head)
    await store.seal({})
    assert not await store.seal({})
    assert len(store.log.stretches) == 1


async def test_a_damaged_stretch_is_not_sealed_and_not_dropped(street):
    store, _ = street
    await store.checkpoint.save([], [], cursor=store.log.head)
    connection = apsw.Connection(str(store.directory / "log" / "1-1.db"))
    connection.set_busy_timeout(5_000)
    connection.execute("UPDATE row SET checksum = 1 WHERE number = 2")
    connection.close()
    with pytest.raises(SealingFailed, match=r"Row 1\.2 does not read back"):
        await store.seal({})
    assert sealed_files(store) == []
    assert store.log.oldest == Position(1, 0)
    with pytest.raises(LogCorrupt):
        await store.log.read(Position(1, 1), limit=1)


async def test_a_seal_that_was_interrupted_is_done_again(street):
    store, _ = street
    await store.checkpoint.save([], [], cursor=store.log.head)
    left = store.directory / "history" / "month=2026-10" / "1-1-3.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    await store.seal({})
    assert query(store, "SELECT count(*) FROM {}") == [(10,)]


async def test_sealed_history_is_in_the_backup_and_the_restored_store(tmp_path, street):
    store, rows = street
    await store.checkpoint.save([], [], cursor=store.log.head)
    await store.seal({})
    await store.backup(tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored", now_us=LAST_OF_OCTOBER_US)
    restored = SqliteStore(tmp_path / "restored")
    await restored.open()
    assert sealed_files(restored) == sealed_files(store)
    assert list(await restored.log.read(START, limit=10)) == rows[6:]
    assert (await restored.verify()) == (1, 5, 3, ())
    await restored.close()


async def test_a_changed_history_file_is_found(street):
    store, _ = street
    await store.checkpoint.save([], [], cursor=store.log.head)
    await store.seal({})
    path = store.directory / sealed_files(store)[0]
    path.write_bytes(path.read_bytes() + b"x")
    (problem,) = (await store.verify()).problems
    assert "not as it was written" in problem


def test_the_reference_describes_every_column():
    page = Path(__file__).parents[4] / "docs" / "reference" / "history-files.md"
    lines = page.read_text("utf-8").splitlines()
    described = [line.split("|")[1].strip(" `") for line in lines if line.startswith("| `")]
    assert described[: len(HISTORY_COLUMNS)] == [column.name for column in HISTORY_COLUMNS]
