"""Feeds the district into a node at a steady rate, and the recorded data beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from samstad_broker.spi.clock import Clock
from samstad_node.demo.district import Entity, district
from samstad_node.demo.edinburgh import Emptying, bins, change, changes
from samstad_node.demo.life import FAULT_AFTER_S, Change, Life
from samstad_node.sending import NodeApi, NotReachable, Refused

__all__ = ["CHANGES_PER_S", "Feeder"]

CHANGES_PER_S = 20.0
_BATCH = 200
_PAUSE_AFTER_FAILURE_S = 1.0


@dataclass(slots=True)
class Feeder:
    """Sends until it is told to stop.

    Attributes:
        api: the node.
        clock: gives the times of the observations and of the fault.
        wait: waits for so many seconds and returns whether the feeder must stop.
        tell: says one line to the person who started the demo.
        recorded: emptyings to replay; empty when the reference data are not there.
    """

    api: NodeApi
    clock: Clock
    wait: Callable[[float], bool]
    tell: Callable[[str], None]
    recorded: list[Emptying] = field(default_factory=list)
    changes_per_s: float = CHANGES_PER_S
    sent: int = 0
    failed: int = 0

    def create(self) -> list[Entity]:
        """Create every entity by batch upsert and return those of the district.

        Raises:
            NotReachable: the node does not answer.
            Refused: it does not take the batch, or an entity in it.
        """
        at = self._now()
        entities = district(at=at)
        everything = [*entities, *bins(self.recorded, at=at)]
        for start in range(0, len(everything), _BATCH):
            refused = self.api.upsert(everything[start : start + _BATCH])
            if refused:
                raise Refused(f"{len(refused)} entities, the first {refused[0][0]}: {refused[0][1]}")
        return entities

    def run(self, entities: list[Entity]) -> None:
        """Send changes until ``wait`` says that it is time to stop."""
        life = Life(entities)
        replay = changes(self.recorded) if self.recorded else iter(())
        coming = next(replay, None)
        began_us = self.clock.now_us()
        fault_told = False
        while not self.wait(1.0 / self.changes_per_s):
            elapsed_s = (self.clock.now_us() - began_us) / 1e6
            self._send(life.next(at=self._now(), elapsed_s=elapsed_s))
            coming = self._replay(replay, coming, elapsed_s)
            if elapsed_s >= FAULT_AFTER_S and not fault_told:
                fault_told = True
                self.tell(
                    f"the scripted fault begins: {life.wrong_id} tells nonsense, {life.silent_id} nothing"
                )

    def _replay(
        self,
        replay: Iterator[tuple[float, Emptying]],
        coming: tuple[float, Emptying] | None,
        elapsed_s: float,
    ) -> tuple[float, Emptying] | None:
        """Send at most one recorded emptying whose time has come; return the next."""
        if coming is None or coming[0] > elapsed_s:
            return coming
        self._send(change(coming[1], at=self._now()))
        return next(replay, None)

    def _send(self, change: Change) -> None:
        """Send one change; what fails is counted and told once, and the demo goes on."""
        try:
            self.api.update_attributes(change.entity_id, change.fragment)
        except (NotReachable, Refused) as error:
            self.failed += 1
            if self.failed == 1:
                self.tell(f"a change of {change.entity_id} was not taken: {error}")
            self.wait(_PAUSE_AFTER_FAILURE_S)
        else:
            self.sent += 1

    def _now(self) -> str:
        moment = datetime.fromtimestamp(self.clock.now_us() / 1e6, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
