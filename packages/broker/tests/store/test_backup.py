"""Backup at one log position while the log goes on, and the way back."""

from __future__ import annotations

import asyncio
import json
import shutil

import apsw
import pytest

from samstad_broker.domain.rows import Position
from samstad_broker.spi.store import RetryEntry, SavedEntity, StoreError
from samstad_broker.store.sqlite import SqliteSettings, SqliteStore, restore
from samstad_broker.store.sqlite.backup import backup_directory

NOON_US = 1_795_608_000_000_000
NOON_EPOCH = 1_795_608_000


@pytest.fixture
async def city(tmp_path, lamp_rows):
    """Give a store with three stretches, a checkpoint and an open retry."""
    store = SqliteStore(tmp_path / "city", SqliteSettings(node="roads", stretch_rows=10))
    await store.open()
    rows = lamp_rows(store.log.head, 25)
    for begin in range(0, 25, 5):
        await store.log.append(rows[begin : begin + 5], expected_version=store.log.head)
    saved = [SavedEntity("", "", row.subject, row.position.number, row.payload) for row in rows[:20]]
    await store.checkpoint.save(saved, [], cursor=rows[19].position)
    retry = RetryEntry("", "urn:s:1", rows[3].subject, rows[3].position, 1, 5, "refused")
    await store.delivery.commit(progress=[], add=[retry], done=[])
    yield store
    await store.close()


async def test_a_backup_restores_to_the_same_rows_and_entities_in_a_new_epoch(
    tmp_path, city, everything, lamp_rows
):
    position = await city.backup(tmp_path / "backup")
    assert position == city.log.head
    start = restore(tmp_path / "backup", tmp_path / "restored", now_us=NOON_US)
    assert start == Position(NOON_EPOCH, 0)
    restored = SqliteStore(tmp_path / "restored")
    await restored.open()
    assert restored.log.head == start
    rows = await everything(restored.log)
    assert rows == await everything(city.log)
    assert restored.checkpoint.cursor == Position(1, 20)
    assert list(await restored.delivery.retries()) == list(await city.delivery.retries())
    assert [entity async for part in restored.checkpoint.load() for entity in part] == [
        entity async for part in city.checkpoint.load() for entity in part
    ]
    added = lamp_rows(start, 2)
    await restored.log.append(added, expected_version=start)
    assert await everything(restored.log) == [*rows, *added]
    assert await everything(restored.log, position) == added
    assert len(await everything(city.log)) == 25
    await restored.close()
    await restored.open()
    assert await everything(restored.log) == [*rows, *added]
    await restored.close()


async def test_a_restored_backup_is_backed_up_and_restored_again(tmp_path, city, everything):
    await city.backup(tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored", now_us=NOON_US)
    restored = SqliteStore(tmp_path / "restored")
    await restored.open()
    position = await restored.backup(tmp_path / "second")
    assert position == Position(NOON_EPOCH, 0)
    await restored.close()
    # A clock that went back does not give an epoch twice.
    assert restore(tmp_path / "second", tmp_path / "again", now_us=0) == Position(NOON_EPOCH + 1, 0)
    again = SqliteStore(tmp_path / "again")
    await again.open()
    assert len(await everything(again.log)) == 25
    await again.close()


async def test_a_backup_is_whole_while_appends_and_saves_go_on(tmp_path, city, lamp_rows, everything):
    going = True

    async def write() -> None:
        while going:
            rows = lamp_rows(city.log.head, 4, size=2_000)
            await city.log.append(rows, expected_version=city.log.head)
            saved = [SavedEntity("", "", row.subject, row.position.number, row.payload) for row in rows]
            await city.checkpoint.save(saved, [], cursor=city.log.head)

    writing = asyncio.create_task(write())
    positions = [await city.backup(tmp_path / f"backup-{number}") for number in range(3)]
    going = False
    await writing
    assert len(set(positions)) == 3
    rows = await everything(city.log)
    for number, position in enumerate(positions):
        restore(tmp_path / f"backup-{number}", tmp_path / f"restored-{number}", now_us=NOON_US)
        restored = SqliteStore(tmp_path / f"restored-{number}")
        await restored.open()
        assert await everything(restored.log) == rows[: position.number]
        assert restored.checkpoint.cursor <= position
        assert (await restored.verify()).problems == ()
        await restored.close()


async def test_a_stretch_that_was_made_and_not_begun_does_not_hinder_a_backup(tmp_path, city, everything):
    (tmp_path / "city" / "log" / "1-26.db").touch()
    position = await city.backup(tmp_path / "backup")
    assert position == city.log.head
    assert not (tmp_path / "backup" / "log" / "1-26.db").exists()
    restore(tmp_path / "backup", tmp_path / "restored", now_us=NOON_US)
    restored = SqliteStore(tmp_path / "restored")
    await restored.open()
    assert await everything(restored.log) == await everything(city.log)
    assert (await restored.verify()).problems == ()
    await restored.close()


async def test_a_broker_can_be_backed_up_before_its_first_row(tmp_path):
    (tmp_path / "new" / "log").mkdir(parents=True)
    (tmp_path / "new" / "log" / "1-1.db").touch()
    assert backup_directory(tmp_path / "new", tmp_path / "backup", node="roads") == Position(1, 0)
    start = restore(tmp_path / "backup", tmp_path / "restored", now_us=NOON_US)
    restored = SqliteStore(tmp_path / "restored")
    await restored.open()
    assert restored.log.head == start
    await restored.close()


async def test_the_manifest_tells_node_position_and_files(tmp_path, city):
    await city.backup(tmp_path / "backup")
    manifest = json.loads((tmp_path / "backup" / "manifest.json").read_text())
    assert (manifest["format"], manifest["node"], manifest["position"]) == (1, "roads", "1.25")
    names = [file["path"] for file in manifest["files"]]
    assert names == ["delivery.db", "log/1-1.db", "log/1-11.db", "log/1-21.db", "state.db", "temporal.db"]
    assert all(len(file["sha256"]) == 64 for file in manifest["files"])


async def test_nothing_is_written_over(tmp_path, city):
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "kept.txt").write_text("kept")
    with pytest.raises(StoreError, match="not empty"):
        await city.backup(tmp_path / "backup")
    await city.backup(tmp_path / "good")
    with pytest.raises(StoreError, match="not empty"):
        restore(tmp_path / "good", tmp_path / "backup", now_us=NOON_US)
    assert [path.name for path in (tmp_path / "backup").iterdir()] == ["kept.txt"]


async def test_a_backup_that_is_not_whole_is_not_restored(tmp_path, city):
    await city.backup(tmp_path / "good")
    for number, (spoil, said) in enumerate(
        [
            (lambda backup: (backup / "manifest.json").unlink(), "unfinished"),
            (lambda backup: (backup / "manifest.json").write_text("{"), "cannot be read"),
            (lambda backup: (backup / "state.db").unlink(), "missing"),
            (lambda backup: (backup / "state.db").write_bytes(b"other"), "not as the backup wrote it"),
            (lambda backup: _change_manifest(backup, format=9), "format 9"),
            (
                lambda backup: _change_manifest(backup, files=[{"path": "../out", "bytes": 1, "sha256": ""}]),
                "outside",
            ),
        ]
    ):
        backup = shutil.copytree(tmp_path / "good", tmp_path / f"bad-{number}")
        spoil(backup)
        with pytest.raises(StoreError, match=said):
            restore(backup, tmp_path / "restored", now_us=NOON_US)
        assert not (tmp_path / "restored").exists()


def _change_manifest(backup, **members):
    path = backup / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | members))


async def test_verifying_a_whole_store_finds_nothing(city):
    found = await city.verify()
    assert found == (25, 6, 0, ())


async def test_verifying_names_each_damaged_row_and_file(city):
    await city.close()
    connection = apsw.Connection(str(city.directory / "log" / "1-11.db"))
    connection.execute("UPDATE row SET payload = '' WHERE number = 13".replace("''", "x'00'"))
    connection.close()
    state = city.directory / "state.db"
    content = bytearray(state.read_bytes())
    content[4096 * 2 : 4096 * 3] = b"\xff" * 4096
    state.write_bytes(content)
    await city.open()
    found = await city.verify()
    assert any("Row 1.13" in problem for problem in found.problems)
    assert any("state.db" in problem for problem in found.problems)
    assert not any("delivery.db" in problem for problem in found.problems)
