"""Copies of a node's data: whole or not at all, and held against what was written."""

from __future__ import annotations

from pathlib import Path

import apsw
import msgspec
import pytest

from samstad_access.store.sqlite.store import SqliteStore as AccessStore
from samstad_broker.domain.payload import creation_payload
from samstad_broker.domain.rows import START, Position, Row, RowKind
from samstad_broker.store.sqlite import SqliteStore
from samstad_node.cli.main import main
from samstad_node.keeping.backup import back_up
from samstad_node.keeping.note import NOTE, CopyRefused
from samstad_node.keeping.restore import restore_node
from samstad_node.keeping.schemas import Verdict, databases_of

NOON_US = 1_795_608_000_000_000


@pytest.fixture
async def data(tmp_path) -> Path:
    """A node's data: three entities, keys, and a package's own database."""
    where = tmp_path / "data"
    store = SqliteStore(where / "broker")
    await store.open()
    for number in range(1, 4):
        document = {"id": f"urn:x:{number}", "type": ["T"]}
        row = Row(
            Position(1, number), 1, RowKind.CHANGE, "", "", document["id"], creation_payload("t", document)
        )
        await store.log.append([row], expected_version=store.log.head)
    await store.close()
    AccessStore(where / "access.db")._connection.close()
    own = apsw.Connection(str(where / "devices.db"))
    own.execute("CREATE TABLE frame (raw BLOB, note TEXT); INSERT INTO frame VALUES (x'ff', 'å')")
    own.close()
    (where / "admin.key").write_text("secret in clear text")
    (where / "access-keys.json").write_text('{"keys":[]}')
    return where


def copied(data: Path, target: Path):
    return back_up(data, target, node="roads", release="1", made="2026-11-25T12:00:00Z")


def names(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


async def test_a_backup_holds_every_database_and_no_key_in_clear_text(data, tmp_path):
    note = copied(data, tmp_path / "b")
    assert note.position == "1.3"
    assert {"access.db", "devices.db", "access-keys.json", "broker/temporal.db", NOTE} <= names(
        tmp_path / "b"
    )
    assert "admin.key" not in names(tmp_path / "b")
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "b").glob("*.*") if path.name != NOTE)


async def test_a_restored_node_goes_on_in_a_new_epoch(data, tmp_path):
    copied(data, tmp_path / "b")
    (tmp_path / "again").mkdir()
    position = restore_node(tmp_path / "b", tmp_path / "again", now_us=NOON_US)
    store = SqliteStore(tmp_path / "again" / "broker")
    await store.open()
    assert len(await store.log.read(START, limit=10)) == 3
    assert store.log.head == position == Position(NOON_US // 1_000_000, 0)
    await store.close()
    own = apsw.Connection(str(tmp_path / "again" / "devices.db"))
    assert own.execute("SELECT raw, note FROM frame").fetchall() == [(b"\xff", "å")]
    own.close()
    assert not (tmp_path / "again" / NOTE).exists()


@pytest.mark.parametrize("name", ["devices.db", "broker/state.db", "broker/log/1-1.db"])
async def test_a_damaged_backup_is_not_restored(data, tmp_path, name):
    copied(data, tmp_path / "b")
    damaged = tmp_path / "b" / name
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    with pytest.raises(CopyRefused, match="not as"):
        restore_node(tmp_path / "b", tmp_path / "again", now_us=NOON_US)
    assert not (tmp_path / "again").exists()
    assert not (tmp_path / "again.restoring").exists()


async def test_an_unfinished_backup_is_not_restored(data, tmp_path):
    copied(data, tmp_path / "b")
    (tmp_path / "b" / NOTE).unlink()
    with pytest.raises(CopyRefused, match="not finished"):
        restore_node(tmp_path / "b", tmp_path / "again", now_us=NOON_US)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 99}, "format 99"),
        ({"kind": "export"}, "is an export"),
        ({"files": [{"path": "../out", "bytes": 1, "sha256": "x"}]}, "outside"),
        ({"position": None}, "cannot be read"),
    ],
)
async def test_a_note_that_does_not_fit_is_refused(data, tmp_path, change, said):
    copied(data, tmp_path / "b")
    note = msgspec.json.decode((tmp_path / "b" / NOTE).read_bytes())
    (tmp_path / "b" / NOTE).write_bytes(msgspec.json.encode(note | change))
    with pytest.raises(CopyRefused, match=said) as refused:
        restore_node(tmp_path / "b", tmp_path / "again", now_us=NOON_US)
    assert refused.value.todo


async def test_nothing_is_written_over(data, tmp_path):
    copied(data, tmp_path / "b")
    before = names(tmp_path / "b")
    with pytest.raises(CopyRefused, match="not empty"):
        copied(data, tmp_path / "b")
    with pytest.raises(CopyRefused, match="not empty"):
        restore_node(tmp_path / "b", data, now_us=NOON_US)
    assert names(tmp_path / "b") == before


async def test_a_full_disk_leaves_nothing_behind(data, tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("samstad_node.keeping.backup.copy_database", full)
    with pytest.raises(CopyRefused, match="No space left"):
        copied(data, tmp_path / "b")
    assert not (tmp_path / "b").exists()


async def test_every_database_fits_this_release(data):
    verdicts = {database.path: database.verdict for database in databases_of(data)}
    assert verdicts["devices.db"] is Verdict.UNKNOWN
    del verdicts["devices.db"]
    assert set(verdicts.values()) == {Verdict.READY}
    assert {"access.db", "broker/temporal.db", "broker/log/1-1.db"} <= verdicts.keys()


async def test_data_of_a_newer_or_older_release_are_told(data, capsys):
    for name, version in (("broker/state.db", 99), ("broker/temporal.db", 0)):
        connection = apsw.Connection(str(data / name))
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
    (data / "access.db").write_bytes(b"no database at all" * 100)
    verdicts = {database.path: database.verdict for database in databases_of(data)}
    assert verdicts["broker/state.db"] is Verdict.TOO_NEW
    assert verdicts["broker/temporal.db"] is Verdict.WILL_MIGRATE
    assert verdicts["access.db"] is Verdict.UNREADABLE
    assert main(["upgrade", "--check", "--data", str(data)]) == 3
    assert "too new" in capsys.readouterr().out


async def test_upgrade_says_that_the_way_back_is_open(data, capsys):
    assert main(["upgrade", "--check", "--data", str(data)]) == 0
    assert "the way back is open" in capsys.readouterr().out
    assert main(["upgrade", "--data", str(data)]) == 2
    assert main(["upgrade", "--check", "--data", str(data / "nowhere")]) == 3
