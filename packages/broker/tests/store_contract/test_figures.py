"""What a store tells metrics and doctor."""

from __future__ import annotations


async def test_figures_name_the_positions(store, lamp_rows):
    start = store.log.head
    await store.log.append(lamp_rows(start, 3), expected_version=start)
    figures = store.figures()
    assert figures["head"] == f"{start.epoch}.3"
    assert figures["cursor"] == "0.0"
    assert figures["log_rows"] == 3
    assert figures["kind"] != ""
