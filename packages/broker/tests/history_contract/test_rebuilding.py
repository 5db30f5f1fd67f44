"""An index that is lost is built again: from history files where the log was sealed, then from the log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samstad_broker.domain.history import effects_of
from samstad_broker.domain.rows import START, Position, Row, RowKind
from samstad_broker.spi.store import StoreError
from samstad_broker.store.history_files import history_rows
from samstad_broker.store.history_files.parquet import write_history
from samstad_broker.store.history_files.reading import read_sealed
from samstad_broker.store.history_files.recorded import recorded_effects
from samstad_broker.store.history_files.redaction import redact_row, redaction_of
from samstad_broker.store.history_files.rewriting import redact_files
from samstad_broker.store.history_files.sealed import find_sealed
from samstad_broker.store.memory import MemoryHistoryIndex
from samstad_broker.store.sqlite.history import SqliteHistoryIndex
from samstad_broker.store.sqlite.history.rebuilding_job import RebuildJob
from samstad_broker.store.sqlite.history.rebuilding_worker import run

from .conftest import Street, number
from .test_parity import act, actions, everything

LAMP = "urn:ngsi-ld:Streetlight:roads:17"


def seal(rows: list[Row], history: Path) -> None:
    """Write the rows of one stretch to history files, as the sealing worker does."""
    first, last = rows[0].position, rows[-1].position
    exploded = (entry for row in rows for entry in history_rows(row))
    write_history(exploded, directory=history, name=f"{first.epoch}-{first.number}-{last.number}")


def seal_redacted(rows: list[Row], history: Path) -> None:
    """Write a stretch and take out of all files what its redactions name, as the sealing worker does."""
    redactions = [found for row in rows if (found := redaction_of(row)) is not None]
    redact_files(history, redactions)
    first, last = rows[0].position, rows[-1].position
    entries = (redact_row(entry, redactions) for row in rows for entry in history_rows(row))
    write_history(entries, directory=history, name=f"{first.epoch}-{first.number}-{last.number}")


def told_by_files(history: Path, *, keeps_deleted: bool) -> list[object]:
    return [
        list(recorded_effects(recorded, keeps_deleted=keeps_deleted))
        for stretch in find_sealed(history)
        for recorded in read_sealed(stretch, after=START, scratch=history / ".scratch")
    ]


async def rebuilt(rows: list[Row], sealed: int, directory: Path, *, keeps_deleted: bool) -> list[object]:
    path = directory / "temporal.db"
    index = SqliteHistoryIndex(path, keeps_deleted=keeps_deleted)
    await index.open()
    await index.close()
    until = rows[sealed - 1].position
    run(
        RebuildJob(str(path), str(directory / "history"), *until, keeps_deleted=keeps_deleted),
        lambda _position: None,
    )
    await index.open()
    try:
        assert index.cursor == until
        await index.apply(rows)
        return await everything(index)
    finally:
        await index.close()


async def compared(steps, halves: tuple[int, int], *, keeps_deleted: bool) -> None:
    street = Street()
    for step in steps:
        act(street, step)
    if not street.rows:
        return
    sealed = 1 + halves[0] % len(street.rows)
    half = 1 + halves[1] % sealed
    whole = MemoryHistoryIndex(keeps_deleted=keeps_deleted)
    await whole.apply(street.rows)
    with TemporaryDirectory() as name:
        directory = Path(name)
        for rows in (street.rows[:half], street.rows[half:sealed]):
            if rows:
                seal(rows, directory / "history")
        assert told_by_files(directory / "history", keeps_deleted=keeps_deleted) == [
            list(effects_of(row, keeps_deleted=keeps_deleted)) for row in street.rows[:sealed]
        ]
        found = await rebuilt(street.rows, sealed, directory, keeps_deleted=keeps_deleted)
        assert found == await everything(whole)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(actions, max_size=14), st.tuples(st.integers(0, 99), st.integers(0, 99)), st.booleans())
def test_an_index_from_files_and_the_rest_of_the_log_is_the_one_from_the_whole_log(
    steps, halves, keeps_deleted
):
    asyncio.run(compared(steps, halves, keeps_deleted=keeps_deleted))


async def compared_redacted(steps, cut: int, *, keeps_deleted: bool) -> None:
    street = Street()
    street.write("urn:x:1", types=("T1",), scope=["/a"], power=number(1, 1), level=number(2, 1))
    for step in steps:
        act(street, step)
    street.row(RowKind.REDACT, "urn:x:1", {"attributes": ["power"]} if cut % 2 else {})
    whole = MemoryHistoryIndex(keeps_deleted=keeps_deleted)
    await whole.apply(street.rows)
    half = 1 + cut % (len(street.rows) - 1)
    with TemporaryDirectory() as name:
        directory = Path(name)
        for rows in (street.rows[:half], street.rows[half:]):
            seal_redacted(rows, directory / "history")
        assert redact_files(directory / "history", [redaction_of(street.rows[-1])]) == []
        found = await rebuilt(street.rows, len(street.rows), directory, keeps_deleted=keeps_deleted)
        assert found == await everything(whole)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(actions, max_size=8), st.integers(0, 99), st.booleans())
def test_files_without_the_redacted_values_give_the_same_index(steps, cut, keeps_deleted):
    asyncio.run(compared_redacted(steps, cut, keeps_deleted=keeps_deleted))


@pytest.fixture
def sealed_street(street, tmp_path):
    """Give the rows of a lamp's evening, all but the last three in history files, in two stretches."""
    for minute in range(6):
        street.write(LAMP, power=number(minute, minute), scope=[f"/{minute % 2}"])
    street.row(RowKind.AUDIT, "", {"act": "login"})
    street.write(LAMP, power=[])
    for minute in range(3):
        street.write(LAMP, power=number(minute, 10 + minute))
    seal(street.rows[:5], tmp_path / "history")
    seal(street.rows[5:8], tmp_path / "history")
    return street


async def opened(directory: Path) -> SqliteHistoryIndex:
    index = SqliteHistoryIndex(directory / "temporal.db", sealed=directory / "history")
    await index.open()
    return index


@pytest.mark.system
async def test_a_lost_index_is_built_again_in_a_process_of_its_own(sealed_street, tmp_path):
    rows = sealed_street.rows
    whole = MemoryHistoryIndex()
    await whole.apply(rows)
    index = await opened(tmp_path)
    await index.recover(rows[7].position)
    assert index.cursor == rows[7].position
    await index.apply(rows)
    assert await everything(index) == await everything(whole)
    assert not (tmp_path / "history" / ".rebuilding").exists()
    await index.close()


@pytest.mark.system
async def test_an_index_that_stands_in_the_middle_of_a_stretch_goes_on_from_there(sealed_street, tmp_path):
    rows = sealed_street.rows
    whole = MemoryHistoryIndex()
    await whole.apply(rows)
    index = await opened(tmp_path)
    await index.apply(rows[:3])
    await index.recover(rows[7].position)
    await index.recover(rows[7].position)
    await index.apply(rows)
    assert await everything(index) == await everything(whole)
    await index.close()


async def test_an_index_that_holds_what_the_log_gave_up_asks_for_no_file(sealed_street, tmp_path):
    index = await opened(tmp_path)
    await index.apply(sealed_street.rows[:8])
    for path in tmp_path.glob("history/**/*.parquet"):
        path.unlink()
    await index.recover(Position(1, 8))
    assert index.cursor == Position(1, 8)
    await index.close()


async def test_a_new_node_has_nothing_to_recover(tmp_path):
    index = await opened(tmp_path)
    await index.recover(Position(1, 0))
    assert index.cursor == START
    await index.close()


@pytest.mark.usefixtures("sealed_street")
@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ("1-1-5", r"after position 0\.0 up to 1\.5 are missing.*Put them back"),
        ("1-6-8", r"after position 1\.5 up to 1\.8 are missing"),
    ],
)
async def test_missing_files_are_named_and_nothing_is_taken_in(tmp_path, gone, told):
    for path in tmp_path.glob(f"history/*/{gone}.*"):
        path.unlink()
    index = await opened(tmp_path)
    with pytest.raises(StoreError, match=told):
        await index.recover(Position(1, 8))
    assert index.cursor == START
    await index.close()


@pytest.mark.system
@pytest.mark.usefixtures("sealed_street")
async def test_a_changed_file_is_named_and_what_came_before_stays(tmp_path):
    (path,) = tmp_path.glob("history/*/1-6-8.parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    index = await opened(tmp_path)
    with pytest.raises(StoreError, match=r"1-6-8\.parquet is not as it was written: restore"):
        await index.recover(Position(1, 8))
    assert index.cursor == Position(1, 5)
    path.write_bytes(whole)
    await index.recover(Position(1, 8))
    assert index.cursor == Position(1, 8)
    await index.close()


def test_a_file_that_lacks_a_row_is_not_taken_for_whole(street, tmp_path):
    for minute in range(4):
        street.write(LAMP, power=number(minute, minute))
    rows = [entry for row in street.rows if row.position.number != 3 for entry in history_rows(row)]
    write_history(rows, directory=tmp_path / "history", name="1-1-4")
    (stretch,) = find_sealed(tmp_path / "history")
    found = read_sealed(stretch, after=START, scratch=tmp_path / "scratch")
    assert [next(found)[0].position, next(found)[0].position] == [1, 2]
    with pytest.raises(Exception, match=r"Row 1\.3 is not in .*1-1-4\.parquet"):
        next(found)
