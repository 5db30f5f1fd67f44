"""Subscriptions to registrations of sources, and what their subscribers are told (clause 5.11)."""

from __future__ import annotations

import pytest

SUBSCRIPTION = "urn:ngsi-ld:Subscription:sources"
PATH = f"/csourceSubscriptions/{SUBSCRIPTION}"


def subscription(**more) -> dict:
    told = {
        "id": SUBSCRIPTION,
        "type": "Subscription",
        "entities": [{"type": "Lamp"}],
        "notification": {"endpoint": {"uri": "https://a.example/in", "accept": "application/json"}},
    }
    return {**told, **more}


def source(number: int, *types: str, **more) -> dict:
    told = {
        "id": f"urn:ngsi-ld:ContextSourceRegistration:{number}",
        "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": kind}]} for kind in types],
        "endpoint": "https://b.example",
    }
    return {**told, **more}


@pytest.mark.shows("CreSubCsoReg", "RetLisSubCsoReg", "CsoRegSubRet", "CsoRegSubUpd", "CsoRegSubDel")
async def test_a_subscription_to_sources_is_made_seen_changed_and_ended(city):
    made = await city.ask("POST", "/csourceSubscriptions", subscription())
    assert (made.status, made.headers["location"]) == (201, "/ngsi-ld/v1" + PATH)
    assert (await city.ask("POST", "/csourceSubscriptions", subscription())).status == 409
    assert [one["id"] for one in (await city.get("/csourceSubscriptions")).body] == [SUBSCRIPTION]
    assert (await city.get("/subscriptions")).body == []
    assert (await city.ask("PATCH", PATH, {"isActive": False})).status == 204
    assert (await city.get(PATH)).body["status"] == "paused"
    assert (await city.ask("DELETE", PATH)).status == 204
    assert (await city.get(PATH)).status == 404
    assert (await city.ask("POST", "/csourceSubscriptions", subscription(csf="a=="))).status == 400


@pytest.mark.shows("NOTIFICATIONS_CSR")
async def test_a_subscriber_is_told_which_sources_there_are_and_why(city):
    assert (await city.ask("POST", "/csourceRegistrations", source(1, "Lamp", "Bin"))).status == 201
    assert (await city.ask("POST", "/csourceRegistrations", source(2, "Bin"))).status == 201
    await city.ask("POST", "/csourceSubscriptions", subscription())
    (first,) = await city.until_told(1)
    assert (first["type"], first["triggerReason"]) == ("ContextSourceNotification", "newlyMatching")
    (told,) = first["data"]
    assert told["id"].endswith(":1")
    assert told["information"] == [{"entities": [{"type": "Lamp"}]}], "only what was asked for"
    await city.ask("PATCH", f"/csourceRegistrations/{told['id']}", {"endpoint": "https://c.example"})
    await city.ask("POST", "/csourceRegistrations", source(3, "Lamp"))
    await city.ask(
        "PATCH", f"/csourceRegistrations/{source(3)['id']}", {"information": source(3, "Bin")["information"]}
    )
    await city.ask("DELETE", f"/csourceRegistrations/{told['id']}")
    reasons = [one["triggerReason"] for one in await city.until_told(5)]
    assert reasons[1:] == ["updated", "newlyMatching", "noLongerMatching", "noLongerMatching"]
    assert (await city.get(PATH)).body["notification"]["timesSent"] == 5


@pytest.mark.shows("NOTIFICATIONS_CSR")
async def test_a_periodic_subscription_tells_all_that_match_each_time(city):
    await city.ask("POST", "/csourceRegistrations", source(1, "Lamp"))
    await city.ask("POST", "/csourceSubscriptions", subscription(timeInterval=60))
    await city.until_told(1)
    await city.ask("POST", "/csourceRegistrations", source(2, "Lamp"))
    await city.until_told(1)
    await city.clock.forward(61)
    told = await city.until_told(2)
    assert len(told[1]["data"]) == 2


async def test_an_endpoint_that_is_away_is_told_when_it_is_back(city):
    city.endpoint.refuses = True
    await city.ask("POST", "/csourceRegistrations", source(1, "Lamp"))
    await city.ask("POST", "/csourceSubscriptions", subscription())
    await city.settle()
    assert (await city.get(PATH)).body["notification"]["timesFailed"] == 1
    city.endpoint.refuses = False
    await city.clock.forward(2)
    (told,) = await city.until_told(1)
    assert told["data"][0]["id"].endswith(":1")
