"""The live stream: what was committed, in order, once, only what may be read, and within bounds."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_broker.spi.authorizer import Unauthenticated
from samstad_node.observe import Metrics, aggregate
from samstad_node.pages import LiveRows, create_pages, reader_of
from samstad_node.pages.stream import by_models, events, position_of

BIN = "https://example.org/Bin"


def row(number, *, kind=RowKind.CHANGE, tenant="", payload=None):
    payload = payload or {
        "head": {"id": f"urn:b:{number}", "type": [BIN]},
        "set": {"https://example.org/level": [{"type": "Property", "value": number}]},
    }
    return Row(Position(1, number), 1000, kind, tenant, "", f"urn:b:{number}", orjson.dumps(payload))


def last_segment(iri):
    return iri.rpartition("/")[2]


async def first_event(live, headers, *, reader=lambda _: lambda _: True):
    stream = events(live, reader, headers, shorten=last_segment)
    try:
        async with asyncio.timeout(5):
            return [await anext(stream), await anext(stream)][1].decode()
    finally:
        await stream.aclose()


async def test_a_new_client_sees_what_comes_and_not_what_was():
    live = LiveRows()
    live.publish([row(1)])
    waiting = asyncio.create_task(first_event(live, {}))
    await asyncio.sleep(0.01)
    live.publish([row(2)])
    found = await waiting
    assert found.startswith("id: 1.2\nevent: change\n")
    assert '"attributes":{"level":2}' in found
    assert "id: 1.1" not in found


async def test_a_broken_connection_goes_on_where_it_was():
    live = LiveRows()
    live.publish([row(1), row(2), row(3)])
    found = await first_event(live, {"last-event-id": "1.1"})
    assert [line for line in found.splitlines() if line.startswith("id")] == ["id: 1.2", "id: 1.3"]


async def test_who_was_away_too_long_is_told_of_the_gap():
    live = LiveRows(most_rows=2)
    live.publish([row(number) for number in range(1, 6)])
    assert "event: gap" in await first_event(live, {"last-event-id": "1.1"})
    assert "event: gap" not in await first_event(live, {"last-event-id": "1.3"})


def test_the_window_is_bounded_in_rows_and_bytes():
    live = LiveRows(most_rows=10, most_bytes=10_000)
    for number in range(1, 100):
        live.publish([row(number)])
    assert len(live.after(None)[0]) == 10
    big = {"head": {"type": [BIN]}, "set": {}, "x": "y" * 6000}
    live.publish([row(number, payload=big) for number in range(100, 103)])
    assert [one.position.number for one in live.after(None)[0]] == [102]
    live.publish([row(103, kind=RowKind.AUDIT)])
    assert live.last == Position(1, 102)


async def test_a_revoked_key_ends_the_stream():
    def refuse(_):
        raise Unauthenticated("no")

    live = LiveRows()
    stream = events(live, refuse, {}, shorten=str)
    live.publish([row(1)])
    parts = [part async for part in stream]
    assert b"logged-out" in parts[-1]
    assert not any(b"urn:b:1" in part for part in parts)


class Door:
    """Lets "ann" read bins of the default tenant."""

    def identify(self, headers, *, now_us, peer=""):  # noqa: ARG002  # the port's
        if headers.get("x-api-key") != "ann":
            raise Unauthenticated("Log in.")
        return "ann"

    def may(self, caller, tenant, operation, entity_type):  # noqa: ARG002  # the port's
        return (tenant, operation, entity_type) == ("", "read", BIN)


class Clock:
    def now_us(self):
        return 0


def test_only_rows_of_the_tenant_and_of_readable_types_are_seen():
    read = reader_of(Door(), Clock())
    may_read = read({"x-api-key": "ann"})
    assert may_read(row(1))
    assert may_read(row(1, kind=RowKind.DELETE, payload={"was": {"type": [BIN]}}))
    assert not may_read(row(1, tenant="other"))
    assert not may_read(row(1, payload={"head": {"type": [BIN, "urn:secret"]}, "set": {}}))
    assert not may_read(row(1, payload={"set": {}}))
    with pytest.raises(Unauthenticated):
        read({})


def test_without_a_key_there_is_no_stream(browse):
    app = create_pages(
        live=LiveRows(),
        reader=reader_of(Door(), Clock()),
        routes=[],
        version="0",
        health=lambda: aggregate({}),
        metrics=Metrics(),
        shorten=str,
    )
    answer = browse(app).get("/live")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "event" not in answer.text


@pytest.mark.parametrize("text", [None, "", "x", "1", "1.x", "1.2.3", "'; drop"])
def test_a_last_event_id_that_is_none_is_taken_as_none(text):
    assert position_of(text) is None


def test_names_are_those_of_the_models_and_unknown_ones_stay_what_they_are():
    shorten = by_models(str)
    assert shorten("https://smartdatamodels.org/dataModel.WasteManagement/fillingLevel") == "fillingLevel"
    assert shorten(BIN) == BIN
