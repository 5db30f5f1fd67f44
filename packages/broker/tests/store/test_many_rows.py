"""Many rows with few statements."""

from __future__ import annotations

import apsw
import pytest

from samstad_broker.store.sqlite.many_rows import ManyRows
from samstad_broker.store.sqlite.migrations import migrate
from samstad_broker.store.sqlite.queries import load_queries


@pytest.fixture
def database():
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE lamp (id INTEGER PRIMARY KEY, level INTEGER)")
    yield connection
    connection.close()


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 200])
def test_every_row_is_inserted_once_in_few_statements(database, count):
    statements = []
    database.set_exec_trace(lambda _cursor, statement, _bindings: statements.append(statement) or True)
    ManyRows("INSERT INTO lamp VALUES (?, ?)").run(database.cursor(), [(n, n * 2) for n in range(count)])
    assert len(statements) <= count // 64 + 6
    assert list(database.execute("SELECT * FROM lamp ORDER BY id")) == [(n, n * 2) for n in range(count)]


def test_a_row_that_is_there_is_changed_and_a_later_one_wins(database):
    put = ManyRows("INSERT INTO lamp VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET level = excluded.level")
    put.run(database.cursor(), [(1, 10), (2, 20)])
    put.run(database.cursor(), [(1, 11), (3, 30), (1, 12)])
    assert list(database.execute("SELECT * FROM lamp ORDER BY id")) == [(1, 12), (2, 20), (3, 30)]


def test_only_the_named_rows_are_deleted(database):
    ManyRows("INSERT INTO lamp VALUES (?, ?)").run(database.cursor(), [(n, n) for n in range(100)])
    delete = ManyRows("DELETE FROM lamp WHERE (id, level) IN (VALUES (?, ?))")
    delete.run(database.cursor(), [(n, n) for n in range(90)] + [(95, 1)])
    assert [number for (number,) in database.execute("SELECT id FROM lamp")] == list(range(90, 100))


def test_a_statement_without_values_is_refused():
    with pytest.raises(ValueError, match="no VALUES"):
        ManyRows("DELETE FROM lamp")


@pytest.mark.parametrize(
    ("schema", "name", "columns"),
    [("state", "delete_entity", 3), ("delivery", "end_retry", 4), ("delivery", "forget_retries", 2)],
)
def test_deletes_search_and_do_not_scan(schema, name, columns):
    connection = apsw.Connection(":memory:")
    migrate(connection, schema)
    plan = connection.execute("EXPLAIN QUERY PLAN " + load_queries(schema)[name], ("x",) * columns).fetchall()
    assert any("SEARCH" in step[3] for step in plan)
    assert not any(step[3].startswith("SCAN entity") or step[3].startswith("SCAN retry") for step in plan)
    connection.close()
