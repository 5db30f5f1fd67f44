"""Three departments' nodes as one city, over sockets, on good days and bad ones (clauses 4.3.6, 6.3.17)."""

# ruff: noqa: F811 - tests name the fixtures that they are given
from __future__ import annotations

import asyncio

import aiohttp
import pytest

from .federated import ROOT, At, city, nodes, prop  # noqa: F401 - fixtures
from .peer import bad_peer

pytestmark = pytest.mark.system


async def test_two_nodes_answer_as_one_and_pages_follow_their_links(city):
    roads, waste = city["roads"], city["waste"]
    await roads.put(*({"id": f"urn:ngsi-ld:Cart:roads:{n}", "type": "Cart", "n": prop(n)} for n in range(7)))
    await waste.put(*({"id": f"urn:ngsi-ld:Cart:waste:{n}", "type": "Cart", "n": prop(n)} for n in range(8)))
    await waste.put({"id": "urn:ngsi-ld:Cart:roads:3", "type": "Cart", "owner": prop("waste")})
    alone, _ = await roads.get("/entities", type="Cart", limit=100)
    assert len(alone) == 7
    await roads.register(waste.node.url, "Cart", key=waste.node.key, contextSourceAlias="waste")

    seen, path = {}, "/entities?type=Cart&limit=4"
    while path:
        page, headers = await roads.ask("GET", path)
        assert "NGSILD-Warning" not in headers
        for one in page:
            assert one["id"] not in seen
            seen[one["id"]] = one
        links = [link for link in headers.getall("Link", []) if 'rel="next"' in link]
        path = links[0][1 : links[0].index(">")].removeprefix(ROOT) if links else ""
    assert len(seen) == 15
    assert set(seen["urn:ngsi-ld:Cart:roads:3"]) == {"id", "type", "n", "owner"}

    local, _ = await roads.get("/entities", type="Cart", local="true", limit=100)
    assert len(local) == 7
    _, headers = await roads.get("/entities", type="Cart", limit=100, count="true")
    assert headers["NGSILD-Results-Count"] == "15"
    one, _ = await roads.get("/entities/urn:ngsi-ld:Cart:waste:5")
    assert one["n"]["value"] == 5
    found, _ = await roads.ask(
        "POST", "/entityOperations/query", json={"type": "Query", "entities": [{"type": "Cart"}], "q": "n==5"}
    )
    assert [one["id"] for one in found] == ["urn:ngsi-ld:Cart:roads:5", "urn:ngsi-ld:Cart:waste:5"]
    await roads.ask("GET", "/entities/urn:ngsi-ld:Cart:waste:99", status=404)


async def test_a_query_that_only_one_node_could_answer_is_refused_and_says_why(city):
    roads, waste = city["roads"], city["waste"]
    await roads.ask("GET", "/entities?type=Sofa&orderBy=id")
    await roads.register(waste.node.url, "Sofa", key=waste.node.key)
    problem, _ = await roads.ask("GET", "/entities?type=Sofa&orderBy=id", status=400)
    assert "local=true" in problem["detail"]
    await roads.ask("GET", "/entities?type=Chair&orderBy=id")


async def test_an_entity_map_keeps_pages_to_what_was_there(city):
    roads, waste = city["roads"], city["waste"]
    await waste.put(*({"id": f"urn:ngsi-ld:Skip:waste:{n}", "type": "Skip"} for n in range(5)))
    await roads.register(waste.node.url, "Skip", key=waste.node.key)
    first, headers = await roads.ask("GET", "/entities?type=Skip&limit=2&entityMap=true", status=201)
    where = headers["NGSILD-EntityMap"]
    held, _ = await roads.ask("GET", where.removeprefix(ROOT))
    assert len(held["entityMap"]) == 5
    assert "@none" not in str(held["entityMap"])
    await waste.put({"id": "urn:ngsi-ld:Skip:waste:new", "type": "Skip"})
    rest, headers = await roads.ask(
        "GET", "/entities?type=Skip&limit=9&offset=2", headers={"NGSILD-EntityMap": where}
    )
    assert len({one["id"] for one in first + rest}) == 5
    assert "urn:ngsi-ld:Skip:waste:new" not in str(rest)


async def test_a_circle_of_three_ends_and_nobody_is_asked_twice(city):
    roads, waste = city["roads"], city["waste"]
    await roads.put({"id": "urn:ngsi-ld:Ring:1", "type": "Ring", "roads": prop(1)})
    await waste.put({"id": "urn:ngsi-ld:Ring:1", "type": "Ring", "waste": prop(1)})
    await roads.register(waste.node.url, "Ring", key=waste.node.key)
    await waste.register(roads.node.url, "Ring", key=roads.node.key)
    one, headers = await roads.get("/entities/urn:ngsi-ld:Ring:1")
    assert set(one) == {"id", "type", "roads", "waste"}
    assert headers.getall("NGSILD-Warning")[0].startswith("199 ")
    via = {"Via": "1.1 roads"}
    problem, _ = await roads.ask("GET", "/entities/urn:ngsi-ld:Ring:1", status=508, headers=via)
    assert problem["pointer"] == "Via"


async def test_each_tenant_is_a_source_of_its_own(city):
    roads, waste = city["roads"], city["waste"]
    await waste.put({"id": "urn:ngsi-ld:Tub:1", "type": "Tub"}, tenant="street")
    await roads.register(waste.node.url, "Tub", key=waste.node.key, tenant="street")
    found, headers = await roads.get("/entities", type="Tub")
    assert [one["id"] for one in found] == ["urn:ngsi-ld:Tub:1"]
    assert "NGSILD-Tenant" not in headers
    other, _ = await roads.ask("GET", "/entities?type=Tub", headers={"NGSILD-Tenant": "street"})
    assert other == []


@pytest.mark.parametrize(
    ("mood", "code"),
    [
        ("garbage", "111"),
        ("err", "299"),
        ("hang", "199"),
        ("huge", "199"),
        ("cut", "199"),
        ("redirect", "299"),
    ],
)
async def test_a_bad_day_of_one_peer_costs_its_part_alone(city, mood, code):
    roads, waste = city["roads"], city["waste"]
    kind = f"Day{mood}"
    await roads.put({"id": f"urn:ngsi-ld:{kind}:1", "type": kind})
    await waste.put({"id": f"urn:ngsi-ld:{kind}:2", "type": kind})
    async with bad_peer() as peer:
        peer.mood = mood
        await roads.register(peer.url, kind, management={"timeout": 400})
        await roads.register(waste.node.url, kind, key=waste.node.key)
        found, headers = await roads.get("/entities", type=kind)
        assert [one["id"][-1] for one in found] == ["1", "2"]
        assert [text[:3] for text in headers.getall("NGSILD-Warning")] == [code]
        assert "X-API-Key" not in peer.asked[0]
        assert peer.asked[0]["Via"] == "1.1 roads"


async def test_a_dead_node_is_told_of_and_the_others_answer_on(city):
    roads, waste = city["roads"], city["waste"]
    await waste.put({"id": "urn:ngsi-ld:Dead:2", "type": "Dead"})
    await roads.register("http://127.0.0.1:9", "Dead")
    await roads.register(waste.node.url, "Dead", key=waste.node.key)
    for _ in range(4):
        found, headers = await roads.get("/entities", type="Dead")
        assert [one["id"] for one in found] == ["urn:ngsi-ld:Dead:2"]
        assert headers.getall("NGSILD-Warning")[0].startswith("199 ")
    assert "left alone" in headers.getall("NGSILD-Warning")[0]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}", "http://localhost:{port}", "http://169.254.169.254"]
)
async def test_a_registration_reaches_nothing_that_a_notification_may_not(city, url):
    centre = city["centre"]
    async with bad_peer() as peer:
        await centre.register(url.format(port=peer.url.rpartition(":")[2]), "Secret")
        _, headers = await centre.get("/entities", type="Secret")
        assert "may not be reached" in headers["NGSILD-Warning"]
        assert peer.asked == []


async def test_three_nodes_in_a_row_reach_each_other_unless_told_to_stay_local(city):
    roads, waste, centre = city["roads"], city["waste"], city["centre"]
    await centre.put({"id": "urn:ngsi-ld:Row:3", "type": "Row"})
    await roads.register(waste.node.url, "Row", key=waste.node.key)
    await waste.register(centre.node.url, "Row", key=centre.node.key)
    found, _ = await roads.get("/entities", type="Row")
    assert [one["id"] for one in found] == ["urn:ngsi-ld:Row:3"]
    listed, _ = await roads.get("/csourceRegistrations", type="Row")
    await roads.ask(
        "PATCH",
        f"/csourceRegistrations/{listed[0]['id']}",
        status=204,
        json={"management": {"localOnly": True}},
    )
    found, _ = await roads.get("/entities", type="Row")
    assert found == []


async def test_registrations_survive_a_restart_of_the_broker(city):
    roads, waste = city["roads"], city["waste"]
    await waste.put({"id": "urn:ngsi-ld:Phoenix:1", "type": "Phoenix"})
    await roads.register(waste.node.url, "Phoenix", key=waste.node.key)
    before = roads.node.run["roles"]["broker"]["pid"]
    roads.node.kill_role("broker")
    async with asyncio.timeout(20):
        while roads.node.run["roles"]["broker"]["pid"] == before:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    await roads.node.until_ready()
    async with aiohttp.ClientSession(roads.node.url, headers={"X-API-Key": roads.node.key}) as session:
        found, _ = await At(session, roads.node).get("/entities", type="Phoenix")
        assert len(found) == 1
        await At(session, roads.node).ask("DELETE", roads.registered.pop(), status=204)
