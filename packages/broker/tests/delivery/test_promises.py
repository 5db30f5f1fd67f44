"""The promises of delivery through any sequence of writes, failures, kills and pauses of the network (I4)."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from samstad_broker.spi.notifier import Outcome, Result

_spec = importlib.util.spec_from_file_location("delivery_world", Path(__file__).with_name("conftest.py"))
assert _spec is not None
assert _spec.loader is not None
_world = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_world)

URIS = ("http://a.example/", "http://b.example/")
_outcomes = st.sampled_from(
    [
        None,
        Outcome(Result.UNREACHABLE, "down"),
        Outcome(Result.FAILED, "500"),
        "every second",
        "after delivery",
    ]
)


class Promises(RuleBasedStateMachine):
    """Two subscribers; what each was told is held against what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = _world.World(queue_rows=6, batch_entities=3, read_rows=4, held_rows=5, attempts=10_000)
        self.do(self.world.start())
        for name in "ab":
            self.do(self._subscribe(name))
        self.taken: dict[str, list[tuple[str, int]]] = {uri: [] for uri in URIS}
        self.written: list[tuple[str, int]] = []
        self.calls = 0
        for uri in URIS:
            self.world.endpoints.answers[uri] = self._answer(uri, None)

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def _subscribe(self, name: str) -> None:
        self.world.subscribe(name)

    def _answer(self, uri: str, outcome: Any) -> Any:
        def answer(body: dict[str, Any]) -> Outcome | None:
            self.calls += 1
            said = outcome
            if said == "every second":
                said = Outcome(Result.FAILED, "500") if self.calls % 2 else None
            takes = said is None or said == "after delivery"
            if takes:
                names = [entity["id"] for entity in body["data"]]
                assert len(names) == len(set(names))
                self.taken[uri] += [(entity["id"], entity["level"]["value"]) for entity in body["data"]]
            # The receiver has it, but the answer was lost on the way.
            return Outcome(Result.UNREACHABLE, "cut off") if said == "after delivery" else said

        return answer

    @rule(entity=st.integers(0, 3))
    def write(self, entity: int) -> None:
        value = len(self.written)
        self.written.append((f"urn:ngsi-ld:Lamp:{entity}", value))
        self.do(self.world.write(entity, level=value))

    @rule(uri=st.sampled_from(URIS), outcome=_outcomes)
    def weather(self, uri: str, outcome: Any) -> None:
        self.world.endpoints.answers[uri] = self._answer(uri, outcome)

    @rule(seconds=st.sampled_from([0.01, 0.5, 10, 400]))
    def wait(self, seconds: float) -> None:
        self.do(self.world.clock.forward(seconds))

    @rule()
    def kill(self) -> None:
        self.do(self.world.kill())
        self.do(self.world.start())

    @rule()
    def restart(self) -> None:
        self.do(self.world.stop())
        self.do(self.world.start())

    @invariant()
    def first_times_are_in_order(self) -> None:
        for told in self.taken.values():
            for entity in {entity for entity, _ in told}:
                first = list(dict.fromkeys(value for name, value in told if name == entity))
                assert first == sorted(first), (entity, told)

    @invariant()
    def nothing_is_without_bound(self) -> None:
        figures = self.world.delivery.figures()
        assert figures["queued"] <= 2 * 6
        assert figures["held"] <= 2 * 5
        assert figures["given_up"] == 0

    def teardown(self) -> None:
        for uri in URIS:
            self.world.endpoints.answers[uri] = self._answer(uri, None)
        self.do(self.world.clock.forward(3_000))
        for uri in URIS:
            assert set(self.taken[uri]) == set(self.written), uri
            self.first_times_are_in_order()
        assert self.do(self.world.ledger.retries()) == []
        self.do(self.world.stop())
        self.loop.close()


TestPromises = Promises.TestCase
TestPromises.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
