"""A subscriber is told what its owner may read at the time of telling, and nothing else (I6)."""

from __future__ import annotations

from typing import Any

import pytest

from samstad_broker.spi.authorizer import Operation
from samstad_broker.spi.notifier import Outcome, Result

V = "https://uri.etsi.org/ngsi-ld/default-context/"
LAMP, ROAD = V + "Lamp", V + "Road"
BOTH = {Operation.READ, Operation.SUBSCRIBE}


class Standing:
    """Rights of one owner: operation → types; None while the owner stands for nobody."""

    def __init__(self) -> None:
        self.rights: dict[Operation, set[str]] | None = {key: {LAMP, ROAD} for key in BOTH}

    def grant(self, *types: str, operations: set[Operation] = BOTH) -> None:
        self.rights = {key: set(types) for key in operations}

    def mandate(self, caller: Any, *, now_us: int) -> dict[str, Any]:  # noqa: ARG002 - the port's signature
        return {"principal": "owner"}

    def holder(self, mandate: Any, *, now_us: int) -> Any:  # noqa: ARG002 - the port's signature
        return None if self.rights is None or not mandate else self

    def may(self, caller: Any, tenant: str, operation: Operation, entity_type: str | None) -> bool:
        del tenant
        return entity_type in (caller.rights or {}).get(operation, ())


@pytest.fixture
async def guarded(make_world: Any) -> Any:
    world = await make_world()
    await world.stop()
    world.standing = Standing()
    await world.start()
    return world


async def test_what_the_owner_may_read_is_told(guarded: Any) -> None:
    guarded.subscribe()
    await guarded.write(1, level=10)
    await guarded.clock.forward(1)
    assert guarded.told() == ["1=10"]
    assert guarded.delivery.figures()["withheld"] == 0


@pytest.mark.parametrize("operations", [set(), {Operation.READ}, {Operation.SUBSCRIBE}])
async def test_rights_that_are_taken_away_end_the_telling_and_what_was_withheld_is_not_told_later(
    guarded: Any, operations: set[Operation]
) -> None:
    guarded.subscribe(notificationTrigger=["entityCreated", "entityUpdated", "entityDeleted"])
    await guarded.write(1, level=10)
    await guarded.clock.forward(1)
    guarded.standing.grant(LAMP, operations=operations)
    await guarded.write(1, level=20)
    await guarded.delete(1)
    await guarded.clock.forward(1)
    assert guarded.told() == ["1=10"]
    assert guarded.delivery.figures()["withheld"] == 2
    guarded.standing.grant(LAMP)
    await guarded.write(2, level=30)
    await guarded.clock.forward(600)
    assert guarded.told() == ["1=10", "2=30"]
    assert guarded.progress().times_failed == 0


async def test_an_owner_who_is_gone_is_told_nothing(guarded: Any) -> None:
    guarded.subscribe()
    guarded.subscribe("unknown", mandate={})
    guarded.standing.rights = None
    await guarded.write(1, level=10)
    await guarded.clock.forward(1)
    guarded.standing.grant(LAMP)
    await guarded.write(1, level=20)
    await guarded.clock.forward(1)
    assert guarded.told() == ["1=20"]
    assert guarded.told("http://unknown.example/") == []


async def test_changes_that_waited_for_a_dead_endpoint_are_judged_when_they_are_told(guarded: Any) -> None:
    guarded.subscribe()
    guarded.endpoints.answers["http://s.example/"] = Outcome(Result.UNREACHABLE, "refused connection")
    for level in range(5):
        await guarded.write(level, level=level)
    await guarded.clock.forward(1)
    guarded.standing.grant()
    guarded.endpoints.sent.clear()
    del guarded.endpoints.answers["http://s.example/"]
    await guarded.clock.forward(600)
    assert guarded.told() == []


async def test_a_change_in_the_retry_table_is_judged_when_it_is_tried_again(guarded: Any) -> None:
    guarded.subscribe()
    guarded.endpoints.answers["http://s.example/"] = Outcome(Result.FAILED, "500")
    await guarded.write(1, level=1)
    await guarded.clock.forward(0.5)
    guarded.standing.grant()
    guarded.endpoints.sent.clear()
    del guarded.endpoints.answers["http://s.example/"]
    await guarded.clock.forward(600)
    assert guarded.told() == []
    assert guarded.progress().given_up == 1


async def test_periodic_notifications_leave_out_what_may_not_be_read(guarded: Any) -> None:
    guarded.subscribe(timeInterval=10)
    await guarded.write(1, level=1)
    await guarded.clock.forward(10)
    assert guarded.told() == ["1=1"]
    guarded.standing.grant(ROAD)
    await guarded.clock.forward(30)
    assert guarded.told() == ["1=1"]


async def test_an_entity_of_two_types_is_told_only_where_both_may_be_read(guarded: Any) -> None:
    guarded.subscribe()
    guarded.state["urn:ngsi-ld:Lamp:1"] = {
        "id": "urn:ngsi-ld:Lamp:1",
        "type": [LAMP, V + "Secret"],
        "createdAt": "2027-01-15T08:00:00.000000Z",
    }
    await guarded.write(1, level=1)
    await guarded.write(2, level=2)
    await guarded.clock.forward(1)
    assert guarded.told() == ["2=2"]


@pytest.mark.parametrize("join", ["inline", "flat"])
async def test_linked_entities_that_may_not_be_read_stay_links(guarded: Any, join: str) -> None:
    guarded.subscribe(notification={"join": join})
    guarded.state["urn:ngsi-ld:Road:1"] = {
        "id": "urn:ngsi-ld:Road:1",
        "type": [ROAD],
        V + "name": [{"type": "Property", "value": "Kungsgatan"}],
    }
    link = {"type": "Relationship", "object": "urn:ngsi-ld:Road:1"}
    guarded.state["urn:ngsi-ld:Lamp:1"] = {
        "id": "urn:ngsi-ld:Lamp:1",
        "type": [LAMP],
        "createdAt": "2027-01-15T08:00:00.000000Z",
        V + "road": [link],
    }
    await guarded.write(1, level=1)
    await guarded.clock.forward(1)
    guarded.standing.grant(LAMP)
    await guarded.write(1, level=2)
    await guarded.clock.forward(1)
    first, second = (str(body) for _, body, _ in guarded.endpoints.sent)
    assert "Kungsgatan" in first
    assert "Kungsgatan" not in second
    assert "urn:ngsi-ld:Road:1" in second
