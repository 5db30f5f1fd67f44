"""Ways by road from a table service: in blocks, remembered, and without it when it does not answer."""

from __future__ import annotations

import json
import re

from samstad_waste.gateway.osrm import OsrmMatrix

PLACES = [(16.5 + number / 1000, 59.6) for number in range(70)]


def service(url: str) -> bytes:
    """Answer as OSRM does: metres are thousands of the difference in longitude."""
    text, query = re.fullmatch(r"http://roads/table/v1/driving/([^?]+)\?(.*)", url).groups()
    lons = [float(pair.split(",")[0]) for pair in text.split(";")]
    parts = dict(part.split("=") for part in query.split("&"))
    sources, targets = ([int(one) for one in parts[name].split(";")] for name in ("sources", "destinations"))
    assert len(lons) <= 100
    ways = [[abs(lons[one] - lons[other]) * 1e6 for other in targets] for one in sources]
    ways[0][-1] = None
    return json.dumps({"code": "Ok", "distances": ways, "durations": ways}).encode()


async def test_blocks_make_one_matrix_and_are_asked_once():
    asked = []

    def fetch(url):
        asked.append(url)
        return service(url)

    roads = OsrmMatrix("http://roads/", told=lambda _: None, fetch=fetch)
    found = await roads.between(PLACES)
    assert found.metres[3][10] == 7_000
    assert found.metres[60][20] == 40_000
    assert found.metres[0][49] == 10_000_000, "no way at all is a very long one"
    assert len(asked) == 4
    await roads.between(PLACES)
    assert len(asked) == 4


async def test_a_service_that_is_away_or_says_nonsense_is_told_and_done_without():
    for answer in (b"<html>", b"{}", b'{"code": "NoTable"}', b'{"code": "Ok", "distances": []}'):
        told: list[str] = []
        roads = OsrmMatrix("http://roads", told=told.append, fetch=lambda _, answer=answer: answer)
        assert await roads.between(PLACES[:3]) is None
        assert len(told) == 1
    told = []
    assert await OsrmMatrix("file:///etc/passwd", told=told.append).between(PLACES[:2]) is None
    assert "http" in told[0]
