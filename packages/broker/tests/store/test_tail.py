"""The newest rows in memory."""

from __future__ import annotations

from samstad_broker.domain.rows import START, Position
from samstad_broker.store.sqlite.tail import Tail


def test_rows_in_the_window_are_served_and_older_ones_are_not(lamp_rows):
    tail, rows = Tail(1_000_000), lamp_rows(Position(1, 10), 20)
    assert tail.read(Position(1, 10), 5) is None
    tail.extend(rows)
    assert tail.read(Position(1, 10), 5) == rows[:5]
    assert tail.read(rows[17].position, 5) == rows[18:]
    assert tail.read(Position(1, 9), 5) is None
    assert tail.read(START, 5) is None
    assert tail.read(Position(2, 0), 5) is None


def test_the_window_stays_below_its_bound_and_follows_the_end(lamp_rows):
    tail, after = Tail(100_000), Position(1, 0)
    for _ in range(50):
        rows = lamp_rows(after, 7, size=2_000)
        tail.extend(rows)
        after = rows[-1].position
        kept = tail.read(rows[-2].position, 10)
        assert kept == rows[-1:]
        assert tail._bytes <= 100_000
    assert tail.read(Position(1, 1), 1) is None


def test_a_window_without_bytes_keeps_nothing(lamp_rows):
    tail, rows = Tail(0), lamp_rows(Position(1, 0), 3)
    tail.extend(rows)
    assert tail.read(rows[1].position, 1) is None
