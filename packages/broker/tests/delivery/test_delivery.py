"""What a subscriber can rely on: at least once, in order, and nobody waits for somebody else's endpoint."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from samstad_broker.spi.notifier import Outcome, Result

UNREACHABLE = Outcome(Result.UNREACHABLE, "refused connection")
FAILED = Outcome(Result.FAILED, "500")
REFUSED = Outcome(Result.REFUSED, "404")


async def test_a_change_is_told_once_with_the_entity_after_it(world: Any) -> None:
    world.subscribe()
    await world.write(1, level=10)
    await world.write(1, level=20)
    await world.clock.forward(1)
    assert world.told() == ["1=10", "1=20"]
    _, body, notice = world.endpoints.sent[0]
    assert body["type"] == "Notification"
    assert body["subscriptionId"] == "urn:ngsi-ld:Subscription:s"
    assert body["id"] != world.endpoints.sent[1][1]["id"]
    assert notice.link is not None
    assert notice.content_type == "application/json"


async def test_what_does_not_match_is_not_told(world: Any) -> None:
    world.subscribe(q="level>15")
    await world.write(1, level=10)
    await world.write(1, level=20)
    await world.clock.forward(1)
    assert world.told() == ["1=20"]


async def test_changes_that_wait_are_told_in_one_request_each_entity_once(world: Any) -> None:
    world.subscribe()
    gate = asyncio.get_running_loop().create_future()
    world.endpoints.answers["http://s.example/"] = gate
    await world.write("first", level=0)
    await world.clock.forward(1)
    for name, level in ((1, 1), (2, 2), (3, 3), (1, 9)):
        await world.write(name, level=level)
    await world.clock.forward(1)
    gate.set_result(None)
    await world.clock.forward(1)
    assert world.told() == ["first=0", "1=1", "2=2", "3=3", "1=9"]
    assert world.requests() == 3


async def test_a_dead_endpoint_delays_nobody_and_gets_everything_in_order_when_it_is_back(world: Any) -> None:
    world.subscribe("dead")
    world.subscribe("well")
    world.endpoints.answers["http://dead.example/"] = UNREACHABLE
    for number in range(50):
        await world.write(number % 5, level=number)
    await world.clock.forward(1)
    assert len(world.told("http://well.example/")) == 50
    before = world.requests("http://dead.example/")
    assert before < 5
    del world.endpoints.answers["http://dead.example/"]
    world.endpoints.sent.clear()
    await world.clock.forward(600)
    assert [text.split("=")[1] for text in world.told("http://dead.example/")] == [str(n) for n in range(50)]
    assert world.progress("dead").status == "ok"
    assert world.progress("dead").times_failed == before


async def test_a_hanging_endpoint_delays_nobody(world: Any) -> None:
    world.subscribe("hangs")
    world.subscribe("well")
    world.endpoints.answers["http://hangs.example/"] = asyncio.get_running_loop().create_future()
    for number in range(20):
        await world.write(number, level=number)
    await world.clock.forward(10)
    assert len(world.told("http://well.example/")) == 20
    assert world.endpoints.under_way == 1


async def test_the_endpoint_limit_holds_for_all_its_subscriptions_together(make_world: Any) -> None:
    world = await make_world(endpoint_requests=3)
    for number in range(20):
        world.subscribe(f"s{number}", uri="http://one.example/")
    await world.write(1, level=1)
    await world.clock.forward(1)
    assert world.requests("http://one.example/") == 20
    assert world.endpoints.most_under_way == 3


async def test_an_entity_that_fails_holds_back_its_own_changes_only(world: Any) -> None:
    world.subscribe()
    bad = True

    def answer(body: dict[str, Any]) -> Outcome | None:
        return FAILED if bad and any(e["id"].endswith(":bad") for e in body["data"]) else None

    world.endpoints.answers["http://s.example/"] = answer
    await world.write("bad", level=1)
    await world.clock.forward(0.1)
    for number in range(3):
        await world.write("bad", level=number + 2)
        await world.write("good", level=number)
    await world.clock.forward(0.1)
    assert [text for text in world.told() if text.startswith("good")] == ["good=0", "good=1", "good=2"]
    assert [text for text in world.told() if text.startswith("bad")] == ["bad=1"]
    assert len(await world.ledger.retries()) == 4
    bad = False
    world.endpoints.sent.clear()
    await world.clock.forward(10)
    assert world.told() == ["bad=1", "bad=2", "bad=3", "bad=4"]
    assert await world.ledger.retries() == []


async def test_a_permanent_refusal_is_counted_and_not_retried(world: Any) -> None:
    world.subscribe()
    world.endpoints.answers["http://s.example/"] = REFUSED
    await world.write(1, level=1)
    await world.clock.forward(3600)
    progress = world.progress()
    assert world.requests() == 1
    assert (progress.times_sent, progress.times_failed, progress.given_up) == (1, 1, 1)
    assert progress.status == "failed"
    assert progress.last_failure is not None
    assert progress.last_success is None


async def test_one_bad_entity_does_not_take_others_with_it(world: Any) -> None:
    world.subscribe()
    hold = asyncio.get_running_loop().create_future()
    world.endpoints.answers["http://s.example/"] = hold
    await world.write("first", level=0)
    await world.clock.forward(0.1)
    for name in ("a", "bad", "c"):
        await world.write(name, level=1)
    await world.clock.forward(0.1)

    def answer(body: dict[str, Any]) -> Outcome | None:
        names = [entity["id"].rpartition(":")[2] for entity in body["data"]]
        return Outcome(Result.REFUSED, "400", of_content=True) if "bad" in names else None

    world.endpoints.answers["http://s.example/"] = answer
    hold.set_result(None)
    await world.clock.forward(1)
    assert world.told() == ["first=0", "a=1", "bad=1", "c=1", "a=1", "bad=1", "c=1"]
    assert world.progress().given_up == 1


async def test_nothing_is_lost_over_a_restart_and_nothing_is_told_again_after_a_clean_one(world: Any) -> None:
    world.subscribe()
    await world.write(1, level=1)
    await world.clock.forward(1)
    await world.stop()
    await world.write(1, level=2)
    await world.start()
    await world.clock.forward(1)
    assert world.told() == ["1=1", "1=2"]
    assert world.progress().times_sent == 2


async def test_after_a_kill_what_was_not_saved_is_told_again(world: Any) -> None:
    world.subscribe()
    await world.write(1, level=1)
    await world.clock.forward(1)
    await world.write(1, level=2)
    await world.kill()
    await world.start()
    await world.clock.forward(1)
    assert world.told()[-1] == "1=2"
    assert world.told()[0] == "1=1"


async def test_a_subscription_that_was_never_saved_is_served_from_its_beginning(world: Any) -> None:
    await world.write("early", level=0)
    world.subscribe()
    await world.write(1, level=1)
    await world.kill()
    assert await world.ledger.progress() == []
    world.endpoints.sent.clear()
    await world.start()
    await world.clock.forward(1)
    assert world.told() == ["1=1"]


async def test_a_retry_survives_a_kill(world: Any) -> None:
    world.subscribe()
    world.endpoints.answers["http://s.example/"] = FAILED
    await world.write(1, level=1)
    await world.clock.forward(0.5)
    await world.kill()
    world.endpoints.answers.clear()
    world.endpoints.sent.clear()
    await world.start()
    await world.clock.forward(60)
    assert world.told() == ["1=1"]
    assert await world.ledger.retries() == []


async def test_throttling_tells_the_newest_of_each_entity_and_no_sooner(world: Any) -> None:
    world.subscribe(throttling=10)
    await world.write(1, level=1)
    await world.clock.forward(1)
    for number in range(2, 6):
        await world.write(1, level=number)
        await world.write(2, level=number)
    await world.clock.forward(8)
    assert world.told() == ["1=1"]
    await world.clock.forward(2)
    assert world.told() == ["1=1", "1=5", "2=5"]
    assert world.requests() == 2


async def test_throttling_holds_over_a_restart(world: Any) -> None:
    world.subscribe(throttling=100)
    await world.write(1, level=1)
    await world.clock.forward(1)
    await world.stop()
    await world.start()
    await world.write(1, level=2)
    await world.clock.forward(90)
    assert world.told() == ["1=1"]
    await world.clock.forward(10)
    assert world.told() == ["1=1", "1=2"]


async def test_a_periodic_subscription_tells_all_matching_entities_at_its_time(world: Any) -> None:
    world.subscribe(timeInterval=60, q="level>1")
    await world.write(1, level=1)
    await world.clock.forward(59)
    assert world.told() == []
    await world.clock.forward(2)
    assert world.told() == []  # none matches: no notification is sent
    await world.write(2, level=2)
    await world.write(3, level=3)
    await world.clock.forward(60)
    assert world.told() == ["2=2", "3=3"]
    assert world.requests() == 1


async def test_a_paused_subscription_is_told_nothing_of_the_pause(world: Any) -> None:
    world.subscribe()
    world.subscribe(isActive=False)
    await world.write(1, level=1)
    await world.clock.forward(1)
    world.subscribe(isActive=True)
    await world.write(1, level=2)
    await world.clock.forward(1)
    assert world.told() == ["1=2"]


async def test_an_expired_subscription_is_told_nothing_more(world: Any) -> None:
    world.subscribe(expiresAt="2027-01-15T08:01:00Z")  # one minute after the beginning
    await world.write(1, level=1)
    await world.clock.forward(61)
    await world.write(1, level=2)
    await world.clock.forward(60)
    assert world.told() == ["1=1"]


async def test_a_deleted_subscription_leaves_nothing_behind(world: Any) -> None:
    world.subscribe()
    world.endpoints.answers["http://s.example/"] = FAILED
    await world.write(1, level=1)
    await world.clock.forward(0.5)
    world.delivery.unsubscribe("", "urn:ngsi-ld:Subscription:s")
    await world.clock.forward(600)
    assert world.requests() == 1
    assert await world.ledger.progress() == []
    assert await world.ledger.retries() == []
    assert world.delivery.figures()["subscriptions"] == 0


async def test_the_cooldown_after_a_failure_is_kept(world: Any) -> None:
    world.subscribe(endpoint={"cooldown": 30_000})
    world.endpoints.answers["http://s.example/"] = REFUSED
    await world.write(1, level=1)
    await world.clock.forward(1)
    world.endpoints.answers.clear()
    await world.write(1, level=2)
    await world.clock.forward(28)
    assert world.requests() == 1
    await world.clock.forward(2)
    assert world.told() == ["1=1", "1=2"]


async def test_an_endpoint_that_asks_to_wait_is_left_alone(world: Any) -> None:
    world.subscribe()
    world.endpoints.answers["http://s.example/"] = Outcome(Result.UNREACHABLE, "429", 120_000_000)
    await world.write(1, level=1)
    await world.clock.forward(119)
    assert world.requests() == 1
    world.endpoints.answers.clear()
    await world.clock.forward(2)
    assert world.requests() == 2


async def test_what_grew_too_old_is_counted_and_made_good_by_the_current_state(make_world: Any) -> None:
    world = await make_world(most_age_us=3_600_000_000)
    world.subscribe()
    world.endpoints.answers["http://s.example/"] = UNREACHABLE
    for number in range(10):
        await world.write(number % 2, level=number)
    await world.clock.forward(7_200)
    world.endpoints.answers.clear()
    world.endpoints.sent.clear()
    await world.write("new", level=99)
    await world.clock.forward(600)
    assert world.progress().given_up == 10
    assert sorted(set(world.told())) == ["0=8", "1=9", "new=99"]
    assert await world.ledger.retries() == []


async def test_a_resynchronisation_is_not_forgotten_over_a_kill(make_world: Any) -> None:
    world = await make_world(most_age_us=3_600_000_000)
    world.subscribe()
    world.endpoints.answers["http://s.example/"] = UNREACHABLE
    await world.write(1, level=1)
    await world.clock.forward(7_200)
    await world.kill()
    world.endpoints.answers.clear()
    world.endpoints.sent.clear()
    await world.start()
    await world.clock.forward(10)
    assert world.told() == ["1=1"]
    assert world.progress().given_up == 1


async def test_a_change_that_fails_too_often_is_replaced_by_the_current_state(make_world: Any) -> None:
    world = await make_world(attempts=3, most_backoff_us=10_000_000)
    world.subscribe()
    world.endpoints.answers["http://s.example/"] = FAILED
    await world.write(1, level=1)
    await world.clock.forward(0.1)
    await world.write(1, level=2)
    await world.clock.forward(100)
    assert world.progress().given_up == 2
    world.endpoints.answers.clear()
    world.endpoints.sent.clear()
    await world.clock.forward(20)
    assert world.told() == ["1=2"]
    assert await world.ledger.retries() == []


async def test_a_full_retry_table_stalls_its_subscription_without_losing_anything(make_world: Any) -> None:
    world = await make_world(held_rows=5, attempts=1_000, most_backoff_us=10_000_000)
    world.subscribe()
    world.endpoints.answers["http://s.example/"] = FAILED
    for number in range(40):
        await world.write(number, level=number)
    await world.clock.forward(60)
    assert world.delivery.figures()["held"] <= 5
    world.endpoints.answers.clear()
    world.endpoints.sent.clear()
    await world.clock.forward(600)
    assert sorted(set(world.told())) == sorted(f"{n}={n}" for n in range(40))


async def test_a_queue_that_is_full_goes_on_from_the_log(make_world: Any) -> None:
    world = await make_world(queue_rows=4, batch_entities=2, read_rows=3)
    world.subscribe()
    hold = asyncio.get_running_loop().create_future()
    world.endpoints.answers["http://s.example/"] = hold
    for number in range(30):
        await world.write(number, level=number)
        assert world.delivery.figures()["queued"] <= 4
    await world.clock.forward(1)
    hold.set_result(None)
    await world.clock.forward(1)
    assert world.told() == [f"{n}={n}" for n in range(30)]


async def test_rows_are_found_in_the_log_when_they_are_not_handed_over(world: Any) -> None:
    world.hand_over_rows = False
    world.subscribe()
    for number in range(5):
        await world.write(number, level=number)
    await world.clock.forward(1)
    assert world.told() == [f"{n}={n}" for n in range(5)]


async def test_another_tenants_change_is_never_told(world: Any) -> None:
    world.subscribe(tenant="roads")
    await world.write(1, tenant="waste", level=1)
    await world.clock.forward(1)
    assert world.told() == []
    await world.write(2, tenant="roads", level=2)
    await world.clock.forward(1)
    assert world.told() == ["2=2"]
    assert ("NGSILD-Tenant", "roads") in world.endpoints.sent[0][2].headers


async def test_idle_cursors_move_up(world: Any) -> None:
    world.subscribe(q="level>100")
    for number in range(5):
        await world.write(number, level=number)
    await world.clock.forward(61)
    [progress] = await world.ledger.progress()
    assert progress.cursor == world.log.head
    assert world.delivery.oldest_needed() == world.log.head


@pytest.mark.parametrize("uri", ["http://other.example/", "https://s.example/"])
async def test_a_new_endpoint_takes_over_what_the_old_one_did_not_get(world: Any, uri: str) -> None:
    world.subscribe()
    world.endpoints.answers["http://s.example/"] = UNREACHABLE
    await world.write(1, level=1)
    await world.clock.forward(5)
    world.subscribe(uri=uri)
    await world.clock.forward(5)
    assert world.told(uri) == ["1=1"]
