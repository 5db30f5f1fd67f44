"""A redaction reaches the files that were sealed before it, when its own stretch is sealed."""

from __future__ import annotations

from pathlib import Path

import duckdb
import orjson
import pytest

from samstad_broker.domain.payload import creation_payload
from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.store.history_files import checksums, history_rows, parquet
from samstad_broker.store.history_files.checksums import checksum_path, is_as_written
from samstad_broker.store.history_files.redaction import redaction_of
from samstad_broker.store.history_files.rewriting import redact_files
from samstad_broker.store.sqlite import SqliteSettings, SqliteStore

BIN = "urn:ngsi-ld:WasteContainer:17"
OTHER = "urn:ngsi-ld:WasteContainer:18"
NOW_US = 1_795_574_400_000_000
AT = "2026-11-25T02:40:00.000000Z"


class Log:
    """Makes rows, one after the other."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(
        self, kind: RowKind, subject: str, payload: bytes, *, tenant: str = "", snapshot: str = ""
    ) -> None:
        position = Position(1, len(self.rows) + 1)
        self.rows.append(Row(position, NOW_US + position.number, kind, tenant, snapshot, subject, payload))

    def report(self, who: str, *, subject: str = BIN, tenant: str = "", snapshot: str = "") -> None:
        text = {
            "type": "Property",
            "value": who,
            "unitCode": "X",
            "note": [{"type": "Property", "value": who}],
        }
        level = {"type": "Property", "value": 7, "observedAt": AT}
        document = {"id": subject, "type": ["W"], "createdAt": AT, "modifiedAt": AT, "scope": ["/home/anna"]}
        payload = creation_payload("op", {**document, "reportedBy": [text], "level": [level]})
        self.add(RowKind.CHANGE, subject, payload, tenant=tenant, snapshot=snapshot)

    def redact(self, *attributes: str) -> None:
        named = {"attributes": list(attributes)} if attributes else {}
        self.add(RowKind.REDACT, BIN, orjson.dumps({"by": "dpo", "reason": "case 12", **named}))


@pytest.fixture
def log() -> Log:
    return Log()


async def sealed(directory: Path, log: Log) -> SqliteStore:
    """Return a store of which every two rows are sealed."""
    store = SqliteStore(directory, SqliteSettings(stretch_rows=2, tail_bytes=0))
    await store.open()
    for row in log.rows:
        await store.log.append([row], expected_version=store.log.head)
    await store.history.apply(log.rows)
    await store.checkpoint.save([], [], cursor=store.log.head)
    await store.seal({})
    return store


def found(directory: Path, sql: str) -> list[tuple]:
    files = f"read_parquet('{directory}/history/*/*.parquet')"
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}) as database:
        return database.execute(sql.format(files)).fetchall()


async def test_what_was_sealed_before_and_with_a_redaction_loses_the_named_values_alone(tmp_path, log):
    log.report("Anna")
    log.report("Berit", subject=OTHER)
    log.report("Anna")
    log.report("Anna", tenant="water")
    log.report("Anna again")
    log.redact("reportedBy")
    for _ in range(3):
        log.report("Cecilia")
    store = await sealed(tmp_path / "broker", log)
    values = found(
        tmp_path / "broker",
        "SELECT position, text, \"unitCode\" FROM {} WHERE attribute = 'reportedBy' ORDER BY position",
    )
    assert values == [
        (1, None, None),
        (2, "Berit", "X"),
        (3, None, None),
        (4, "Anna", "X"),
        (5, None, None),
        (7, "Cecilia", "X"),
        (8, "Cecilia", "X"),
    ]
    assert found(tmp_path / "broker", "SELECT count(*) FROM {} WHERE json LIKE '%again%'") == [(0,)]
    levels = found(tmp_path / "broker", "SELECT DISTINCT number FROM {} WHERE attribute = 'level'")
    assert levels == [(7.0,)]
    assert (await store.verify()).problems == ()
    await store.close()


async def test_a_redaction_of_everything_reaches_the_scope_in_the_core_members(tmp_path, log):
    log.report("Anna")
    log.report("Berit", subject=OTHER)
    log.redact()
    log.redact()
    log.redact()
    store = await sealed(tmp_path / "broker", log)
    left = found(tmp_path / "broker", "SELECT DISTINCT entity FROM {} WHERE json LIKE '%/home/anna%'")
    assert left == [(OTHER,)]
    levels = found(tmp_path / "broker", "SELECT entity FROM {} WHERE number IS NOT NULL")
    assert levels == [(OTHER,)]
    await store.close()


def two_stretches(directory: Path, log: Log) -> Path:
    history = directory / "history"
    parquet.write_history(
        [entry for row in log.rows[:2] for entry in history_rows(row)], directory=history, name="1-1-2"
    )
    return history


def test_a_crash_while_a_file_is_replaced_leaves_one_that_is_as_it_was_noted(tmp_path, log, monkeypatch):
    log.report("Anna")
    log.report("Berit", subject=OTHER)
    log.redact("reportedBy")
    history = two_stretches(tmp_path, log)
    (path,) = history.glob("*/*.parquet")
    before = path.read_bytes()
    redactions = [redaction_of(log.rows[2])]
    calls = 0

    def crash_at(step):
        def note(path, digests):
            nonlocal calls
            calls += 1
            if calls == step:
                raise OSError("the power went")
            checksums.note_checksums(path, digests)

        return note

    for step, replaced in ((1, False), (2, True)):
        calls = 0
        monkeypatch.setattr(parquet, "note_checksums", crash_at(step))
        with pytest.raises(OSError, match="power"):
            redact_files(history, redactions)
        assert is_as_written(path)
        assert (path.read_bytes() != before) is replaced
    monkeypatch.undo()
    assert redact_files(history, redactions) == []
    assert is_as_written(path)
    path.write_bytes(before)
    assert len(checksum_path(path).read_text().splitlines()) == 2
    path.write_bytes(before[:-1])
    assert not is_as_written(path)


def test_a_change_of_another_entity_or_later_is_left_as_it_is(tmp_path, log):
    log.report("Anna", subject=OTHER)
    log.report("Anna", tenant="water")
    log.redact("reportedBy")
    history = two_stretches(tmp_path, log)
    assert redact_files(history, [redaction_of(log.rows[2])]) == []
    assert redaction_of(log.rows[0]) is None


async def test_copies_in_snapshots_lose_the_values_as_well_whether_the_snapshot_is_still_there_or_not(
    tmp_path, log
):
    log.report("Anna", snapshot="urn:ngsi-ld:Snapshot:monday")
    log.report("Berit", subject=OTHER, snapshot="urn:ngsi-ld:Snapshot:monday")
    log.report("Anna", tenant="water", snapshot="urn:ngsi-ld:Snapshot:monday")
    log.redact("reportedBy")
    log.report("Dora", subject=OTHER)
    store = await sealed(tmp_path, log)
    await store.close()
    told = found(tmp_path, "SELECT tenant, text FROM {} WHERE attribute LIKE '%reportedBy' ORDER BY position")
    assert told == [("", None), ("", "Berit"), ("water", "Anna")]
