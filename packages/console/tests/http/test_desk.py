"""What the desk answers, and to whom."""

from __future__ import annotations

from types import SimpleNamespace

import orjson
import pytest
from starlette.requests import Request

from samstad_console.http.asked import Refused, Unknown
from samstad_console.http.desk import Desk
from samstad_console.http.pages import Pages
from samstad_console.service.city import City
from samstad_console.service.readers import Readers
from samstad_console.settings import ConsoleSettings
from samstad_plugin.service import Caller

BIN = {
    "id": "urn:ngsi-ld:WasteContainer:1",
    "type": "WasteContainer",
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [18, 59]}},
}


class Broker:
    """Says which types each caller may read, and counts how often it was asked."""

    def __init__(self, **may: list[str]) -> None:
        self.may = may
        self.asked = 0

    def acting_for(self, caller: Caller) -> SimpleNamespace:
        async def types() -> list[str]:
            self.asked += 1
            return self.may[caller.id]

        return SimpleNamespace(types=types)


@pytest.fixture
def clock():
    return SimpleNamespace(now=0, now_us=lambda: 0)


@pytest.fixture
def broker():
    return Broker(anna=["WasteContainer"], bo=[])


@pytest.fixture
def desk(broker, clock):
    city = City()
    city.take([BIN])
    clock.now_us = lambda: clock.now
    return Desk(city, Readers(broker.acting_for, clock), ConsoleSettings())


def asked(who: str, query: str = "", headers: dict[str, str] | None = None, **path: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": raw}
    request = Request({**scope, "path_params": path})
    request.state.caller = Caller(who, "", {})
    return request


async def test_a_tile_is_sent_once_and_not_again_until_something_changes(desk):
    first = await desk.tile(asked("anna", z="0", x="0", y="0"))
    assert b"urn:ngsi-ld:WasteContainer:1" in first.body
    tag = {"if-none-match": first.headers["etag"]}
    assert (await desk.tile(asked("anna", headers=tag, z="0", x="0", y="0"))).status_code == 304
    other = await desk.tile(asked("bo", headers=tag, z="0", x="0", y="0"))
    assert (other.status_code, other.body) == (200, b"")


async def test_lists_single_things_and_figures_are_the_callers_own(desk):
    assert orjson.loads((await desk.things(asked("anna"))).body)["total"] == 1
    assert orjson.loads((await desk.things(asked("bo"))).body) == {"total": 0, "things": []}
    assert orjson.loads((await desk.summary(asked("bo"))).body)["types"] == {}
    shown = orjson.loads((await desk.thing(asked("anna", id=BIN["id"]))).body)
    assert shown["location"] == [18, 59]
    with pytest.raises(Unknown):
        await desk.thing(asked("bo", id=BIN["id"]))
    with pytest.raises(Unknown):
        await desk.thing(asked("anna", id="urn:nothing"))


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "offset=-1", "limit=99999999999999999999", f"text={'a' * 101}"]
)
async def test_a_question_that_makes_no_sense_is_refused_with_its_parameter(desk, query):
    with pytest.raises(Refused) as refused:
        await desk.things(asked("anna", query))
    assert str(refused.value).startswith(query.partition("=")[0])


@pytest.mark.parametrize("tile", [("0", "1", "0"), ("23", "0", "0"), ("x", "0", "0"), ("²", "0", "0")])
async def test_a_tile_that_is_none_is_refused(desk, tile):
    z, x, y = tile
    with pytest.raises(Refused, match="There is no tile"):
        await desk.tile(asked("anna", z=z, x=x, y=y))


async def test_rights_are_asked_for_again_when_they_are_old(desk, broker, clock):
    await desk.summary(asked("anna"))
    await desk.summary(asked("anna"))
    assert broker.asked == 1
    broker.may["anna"] = []
    clock.now += 2_000_001
    assert orjson.loads((await desk.summary(asked("anna"))).body)["types"] == {}


def test_without_the_built_part_the_page_says_how_to_make_it(tmp_path):
    pages = Pages(tmp_path, ConsoleSettings())
    assert not pages.built
    (tmp_path / "index.html").write_text("<!doctype html>")
    assert Pages(tmp_path, ConsoleSettings()).built


async def test_pages_let_nobody_elses_script_in_and_no_file_but_their_own_out(tmp_path):
    (tmp_path / "index.html").write_text("<!doctype html>")
    pages = Pages(tmp_path, ConsoleSettings(base_map="https://tiles.example/{z}/{x}/{y}.png"))
    policy = (await pages.index(asked(""))).headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "https://tiles.example" in policy
    with pytest.raises(Unknown):
        await pages.file(asked("", path="../secret"))


async def test_both_languages_say_the_same_things(tmp_path):
    words = orjson.loads((await Pages(tmp_path, ConsoleSettings()).words(asked(""))).body)["words"]

    def keys(found, under=""):
        for name, value in found.items():
            yield from keys(value, f"{under}{name}.") if isinstance(value, dict) else [under + name]

    assert set(keys(words["sv"])) == set(keys(words["en"]))
    assert len(words["sv"]["conditions"]) == len(words["en"]["conditions"]) == 5
    assert words["sv"]["map"] != words["en"]["map"]
