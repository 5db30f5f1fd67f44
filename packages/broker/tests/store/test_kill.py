"""``kill -9`` while a child process appends: every number that it printed is there."""

from __future__ import annotations

import asyncio
import sys

import pytest

from samstad_broker.store.sqlite import SqliteSettings, SqliteStore

PROGRAM = """
import asyncio, pathlib, sys
from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.store.sqlite import SqliteSettings, SqliteStore

async def main():
    store = SqliteStore(pathlib.Path(sys.argv[1]), SqliteSettings(stretch_rows=500, wal_pages=20))
    await store.open()
    while True:
        head = store.log.head
        rows = [
            Row(Position(head.epoch, number), number, RowKind.CHANGE, "", "", f"urn:{number}", b"%d" % number)
            for number in range(head.number + 1, head.number + 8)
        ]
        await store.log.append(rows, expected_version=head)
        print(store.log.head.number, flush=True)

asyncio.run(main())
"""


@pytest.mark.system
async def test_acknowledged_rows_survive_three_kills(tmp_path, everything):
    directory, most = tmp_path / "broker", 0
    for _ in range(3):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, str(directory), stdout=asyncio.subprocess.PIPE
        )
        seen = [await child.stdout.readline() for _ in range(150)]
        child.kill()
        seen += (await child.communicate())[0].splitlines()
        numbers = [int(line) for line in seen if line.strip()]
        assert numbers[0] > most
        most = numbers[-1]
        store = SqliteStore(directory, SqliteSettings(stretch_rows=500))
        await store.open()
        rows = await everything(store.log)
        assert [row.position.number for row in rows] == list(range(1, len(rows) + 1))
        assert all(row.payload == b"%d" % row.position.number for row in rows)
        assert len(rows) >= most
        await store.close()
