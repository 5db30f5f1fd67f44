"""Long random walks end alike in memory and in our broker: entities, refusals, counts, notifications."""

from __future__ import annotations

import random
from typing import Any

import pytest

from samstad_ngsild.client import Client, InProcessTransport, Selection
from samstad_ngsild.errors import NgsiLdError
from samstad_ngsild.memory import MemoryContextSource

NULL = "urn:ngsi-ld:null"
NAMES = ("level", "colour", "place", "near")
STEPS = 250


class Walk:
    """Makes the same requests for whoever takes them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same walk each time

    def entity(self) -> str:
        return f"urn:ngsi-ld:Lamp:{self._random.randrange(6)}"

    def attribute(self, *, null: bool = False) -> Any:
        chance = self._random
        made: list[Any] = [
            {"type": "Property", "value": chance.choice([1, 1.5, True, "a", [1, 2], {"on": 1, "by": "x"}])},
            {"type": "Property", "value": chance.randrange(3), "datasetId": "urn:ngsi-ld:Dataset:b"},
            {"type": "Relationship", "object": self.entity()},
            {"type": "Property", "value": 1, "quality": {"type": "Property", "value": chance.random()}},
            {"type": "LanguageProperty", "languageMap": {"sv": chance.choice("ab"), "en": "c"}},
            chance.choice([5, "text"]),
            {"type": "Property"},
        ]
        return chance.choice([*made, *([{"type": "Property", "value": NULL}] if null else [])])

    def fragment(self, *, null: bool = False) -> dict[str, Any]:
        names = self._random.sample(NAMES, self._random.randrange(1, 3))
        return {name: self.attribute(null=null) for name in names}

    def whole(self) -> dict[str, Any]:
        kind = self._random.choice(["Lamp", "Lamp", "Bin"])
        return {"id": self.entity(), "type": kind, **self.fragment()}

    def step(self) -> tuple[str, tuple[Any, ...]]:
        """Return the name of an operation of the client, and what it is given."""
        steps: dict[str, Any] = {
            "create": lambda: (self.whole(),),
            "replace": lambda: (self.whole(),),
            "merge": lambda: (self.entity(), self.fragment(null=True)),
            "append": lambda: (self.entity(), self.fragment()),
            "update": lambda: (self.entity(), self.fragment(null=True)),
            "update_attribute": lambda: (self.entity(), self._random.choice(NAMES), self.attribute()),
            "replace_attribute": lambda: (self.entity(), self._random.choice(NAMES), self.attribute()),
            "delete_attribute": lambda: (self.entity(), self._random.choice(NAMES)),
            "delete": lambda: (self.entity(),),
            "upsert": lambda: ([self.whole(), self.whole()],),
            "merge_many": lambda: ([self.whole(), self.whole()],),
            "delete_many": lambda: ([self.entity(), self.entity()],),
        }
        name = self._random.choice([*steps, "create", "create", "append"])
        return name, steps[name]()


async def outcome(client: Client, name: str, given: tuple[Any, ...]) -> Any:
    """Return what an operation gave, refusals as their type and place."""
    try:
        found = await getattr(client, name)(*given)
    except NgsiLdError as error:
        return type(error).__name__, error.pointer
    if hasattr(found, "failed"):
        failed = [(one.entity_id, type(one.error).__name__) for one in found.failed]
        return sorted(found.created), sorted(found.updated), sorted(failed)
    return found


async def everything(client: Client) -> dict[str, Any]:
    return {
        entity["id"]: entity
        for kind in ("Lamp", "Bin")
        async for entity in client.query(Selection(type=kind))
    }


@pytest.mark.parametrize("source", ["in process"], indirect=True)
@pytest.mark.parametrize("seed", range(4))
async def test_a_random_walk_ends_alike(source, seed):
    assert isinstance(source.transport, InProcessTransport)
    walk, broker, memory = Walk(seed), Client(source.transport), Client(MemoryContextSource())
    refused = 0
    for number in range(STEPS):
        name, given = walk.step()
        expected = await outcome(broker, name, given)
        assert await outcome(memory, name, given) == expected, (number, name, given)
        refused += isinstance(expected, tuple) and isinstance(expected[0], str)
        assert await everything(memory) == await everything(broker), (number, name, given)
    assert 0 < refused < STEPS
    for q in ("level==1", "level!=1", 'colour=="a"', "place", "!near", "level.quality>0.5", "place[by]==x"):
        selection = Selection(type="Lamp", q=q)
        assert await outcome(memory, "count", (selection,)) == await outcome(broker, "count", (selection,)), q
