"""Rows as columns, and the checksum that finds whatever changed in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.spi.store import LogCorrupt
from samstad_broker.store.sqlite.codec import decode, encode

numbers = st.integers(min_value=1, max_value=2**53)
rows = st.builds(
    Row,
    position=st.builds(Position, numbers, numbers),
    time_us=numbers,
    kind=st.sampled_from(RowKind),
    tenant=st.text(max_size=5),
    snapshot=st.text(max_size=5),
    subject=st.text(max_size=20),
    payload=st.binary(max_size=50),
    matched=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    document=st.none() | st.binary(max_size=50),
)


@given(rows)
def test_a_row_comes_back_as_it_was(row):
    assert decode(row.position.epoch, encode(row)) == row


@given(rows, st.integers(min_value=0, max_value=9))
def test_a_change_in_any_column_is_found(row, column):
    columns = list(encode(row))
    was = columns[column]
    columns[column] = (
        was + 1 if isinstance(was, int) else b"#" if isinstance(was, (bytes, type(None))) else was + "#"
    )
    if column == 7:
        columns[column] = '["other"]' if was != '["other"]' else None
    if columns[column] == was:
        return
    with pytest.raises(LogCorrupt):
        decode(row.position.epoch, tuple(columns))
