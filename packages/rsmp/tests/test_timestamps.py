from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_rsmp.timestamps import format_timestamp, parse_timestamp


@given(st.integers(min_value=0, max_value=253_402_300_799_999))
def test_every_moment_comes_back(time_ms):
    assert parse_timestamp(format_timestamp(time_ms)) == time_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-25",
        "2026-11-25T02:14:57Z",
        "2026-11-25T02:14:57.1Z",
        "2026-11-25T02:14:57.1234Z",
        "2026-11-25T02:14:57.123",
        "2026-13-25T02:14:57.123Z",
        "2026-11-25T02:14:57.\u0661\u0662\u0663Z",
        "2026-11-25 02:14:57.123Z",
        "2026-11-25T25:14:57.123Z",
    ],
)
def test_what_is_no_timestamp_names_no_moment(text):
    with pytest.raises(ValueError, match="match"):
        parse_timestamp(text)
