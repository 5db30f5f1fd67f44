"""Two departments that let each other in: one command on each side, and one to part."""

# ruff: noqa: F811 - tests name the fixtures that they are given
from __future__ import annotations

import asyncio
import json

import pytest

from samstad_node.cli.main import main
from samstad_node.cli.peers import Invitation

from .federated import city, nodes, prop  # noqa: F401 - fixtures

pytestmark = pytest.mark.system

INVITE = ("invite", "roads", "--type", "Kerbstone", "--purpose", "winter road upkeep", "--days", "30")


@pytest.fixture
def peer(capsys):
    """Say a command in this process: the nodes run in others."""

    async def say(at, *words: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, ["peer", *words, "--data", str(at.node.data)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return say


async def test_one_invites_the_other_joins_and_either_can_part(city, peer):
    roads, waste = city["roads"], city["waste"]
    await waste.put({"id": "urn:ngsi-ld:Kerbstone:1", "type": "Kerbstone", "h": prop(12)})
    await waste.put({"id": "urn:ngsi-ld:Payroll:1", "type": "Payroll", "sum": prop(1)})
    code, out, _ = await peer(waste, *INVITE, "--json")
    assert code == 0
    invited = json.loads(out)
    word = invited["invitation"]

    code, out, error = await peer(roads, "join", word)
    assert code == 0, error
    assert "Kerbstone" in out
    assert "roads" not in out
    found, headers = await roads.get("/entities", type="Kerbstone")
    assert [one["h"]["value"] for one in found] == [12]
    assert "NGSILD-Warning" not in headers
    assert (await roads.get("/entities", type="Payroll"))[0] == []

    code, out, _ = await peer(roads, "list")
    assert (code, "winter road upkeep" in out) == (0, True)
    assert word[20:60] not in out
    assert '"samstad' not in (roads.node.data / "peers.json").read_text()
    code, out, _ = await peer(waste, "list", "--json")
    assert [one["counts"] for one in json.loads(out)["invited"]] == [True]

    assert (await peer(waste, "leave", "roads", "--reason", "the winter is over"))[0] == 0
    found, headers = await roads.get("/entities", type="Kerbstone")
    assert found == []
    assert headers["NGSILD-Warning"].startswith("299 ")
    assert (await peer(roads, "leave", "waste"))[0] == 0
    _, headers = await roads.get("/entities", type="Kerbstone")
    assert "NGSILD-Warning" not in headers
    assert (await peer(roads, "leave", "waste"))[0] == 3


async def test_nobody_joins_twice_or_itself(city, peer):
    roads, waste = city["roads"], city["waste"]
    _, out, _ = await peer(waste, *INVITE, "--json")
    word = json.loads(out)["invitation"]
    assert (await peer(roads, "join", word))[0] == 0
    code, _, error = await peer(roads, "join", word)
    assert (code, "joined already" in error) == (3, True)
    code, _, error = await peer(waste, "join", word)
    assert (code, "called waste itself" in error) == (3, True)
    await peer(roads, "leave", "waste")
    await peer(waste, "leave", "roads")


async def test_what_is_no_invitation_or_counts_no_more_is_told(city, peer):
    roads, waste = city["roads"], city["waste"]
    code, _, error = await peer(roads, "join", "hello")
    assert (code, "samstad-peer-1." in error) == (2, True)
    _, out, _ = await peer(waste, *INVITE, "--json")
    word = json.loads(out)["invitation"]
    assert (await peer(roads, "join", word[:-30]))[0] == 2
    await peer(waste, "leave", "roads")
    code, _, error = await peer(roads, "join", word)
    assert (code, "counts no more" in error) == (3, True)
    assert (await peer(roads, "list", "--json"))[1].count("waste") == 0


async def test_a_node_that_is_away_can_be_joined_when_one_says_so(city, peer):
    roads, waste = city["roads"], city["waste"]
    _, out, _ = await peer(waste, *INVITE, "--json")
    word = json.loads(out)["invitation"]

    told = Invitation.read(word)
    away = Invitation("http://127.0.0.1:9", "away", "", told.types, told.key, told.expires_at, told.purpose)
    assert (await peer(roads, "join", away.text()))[0] == 4
    assert (await peer(roads, "join", away.text(), "--unchecked"))[0] == 0
    _, headers = await roads.get("/entities", type="Kerbstone")
    assert headers["NGSILD-Warning"].startswith("199 ")
    assert (await peer(roads, "leave", "away"))[0] == 0
    await peer(waste, "leave", "roads")
