"""Subscriptions and registrations of sources, and what subscribers are told (clauses 5.8, 5.9, 5.10)."""

from __future__ import annotations

import pytest

LAMP = "urn:ngsi-ld:Lamp:1"
SUBSCRIPTION = "urn:ngsi-ld:Subscription:lamps"
SOURCE = "urn:ngsi-ld:ContextSourceRegistration:1"


def lamp(**attributes) -> dict:
    return {"id": LAMP, "type": "Lamp", **attributes}


def prop(value, **more) -> dict:
    return {"type": "Property", "value": value, **more}


def subscription(**more) -> dict:
    told = {
        "id": SUBSCRIPTION,
        "type": "Subscription",
        "entities": [{"type": "Lamp"}],
        "notification": {"endpoint": {"uri": "https://a.example/in", "accept": "application/json"}},
    }
    return {**told, **more}


def registration(mode: str = "inclusive", **more) -> dict:
    told = {
        "id": SOURCE,
        "type": "ContextSourceRegistration",
        "mode": mode,
        "information": [{"entities": [{"type": "Lamp"}]}],
        "endpoint": "https://b.example",
    }
    return {**told, **more}


@pytest.mark.shows("CreSub", "SubRet", "RetLisSub", "SubUpd", "SubDel")
async def test_a_subscription_is_made_seen_changed_and_ended(city):
    made = await city.ask("POST", "/subscriptions", subscription())
    assert made.status == 201
    path = f"/subscriptions/{SUBSCRIPTION}"
    assert (await city.get(path)).body["status"] == "active"
    assert [one["id"] for one in (await city.get("/subscriptions")).body] == [SUBSCRIPTION]
    assert (await city.ask("PATCH", path, {"isActive": False})).status == 204
    assert (await city.get(path)).body["status"] == "paused"
    assert (await city.ask("POST", "/subscriptions", subscription())).status == 409
    assert (await city.ask("DELETE", path)).status == 204
    assert (await city.get(path)).status == 404
    wrong = await city.ask("POST", "/subscriptions", subscription(throttling=-1))
    assert wrong.status == 400


@pytest.mark.shows("NOTIFICATIONS_SUB")
async def test_a_subscriber_is_told_what_it_asked_for_and_nothing_else(city):
    watched = subscription(watchedAttributes=["level"], q="level>50")
    assert (await city.ask("POST", "/subscriptions", watched)).status == 201
    await city.put(lamp(level=prop(10), name=prop("a")))
    await city.ask("PATCH", f"/entities/{LAMP}/attrs", {"name": prop("b")})
    await city.ask("PATCH", f"/entities/{LAMP}/attrs", {"level": prop(80)})
    (told,) = await city.until_told(1)
    assert (told["type"], told["subscriptionId"]) == ("Notification", SUBSCRIPTION)
    assert told["data"][0]["level"]["value"] == 80
    seen = (await city.get(f"/subscriptions/{SUBSCRIPTION}")).body["notification"]
    assert seen["timesSent"] == 1


@pytest.mark.shows("NOTIFICATIONS_SUB")
async def test_changes_are_told_with_what_was_before(city):
    await city.put(lamp(level=prop(10)))
    showing = subscription(notificationTrigger=["attributeUpdated"])
    showing["notification"]["showChanges"] = True
    assert (await city.ask("POST", "/subscriptions", showing)).status == 201
    await city.ask("PATCH", f"/entities/{LAMP}/attrs", {"level": prop(20)})
    told = await city.until_told(1)
    assert told[0]["data"][0]["level"]["previousValue"] == 10


@pytest.mark.shows("CsoRegCre", "CsoRegRet", "CsoRegUpd", "CsoRegDel", "DisCsoReg")
async def test_sources_are_registered_discovered_changed_and_taken_away(city):
    assert (await city.ask("POST", "/csourceRegistrations", registration())).status == 201
    path = f"/csourceRegistrations/{SOURCE}"
    assert (await city.get(path)).body["mode"] == "inclusive"
    assert [one["id"] for one in (await city.get("/csourceRegistrations?type=Lamp")).body] == [SOURCE]
    assert (await city.get("/csourceRegistrations?type=Bin")).body == []
    assert (await city.ask("PATCH", path, {"endpoint": "https://c.example"})).status == 204
    assert (await city.get(path)).body["endpoint"] == "https://c.example"
    assert (await city.ask("DELETE", path)).status == 204
    assert (await city.get(path)).status == 404
    assert (await city.ask("POST", "/csourceRegistrations", registration(mode="odd"))).status == 400


@pytest.mark.shows("EXTRACS")
async def test_what_a_source_wants_to_be_told_is_kept_with_its_registration(city):
    extra = [{"key": "Authorization", "value": "urn:ngsi-ld:request"}]
    await city.ask("POST", "/csourceRegistrations", registration(contextSourceInfo=extra))
    assert (await city.get(f"/csourceRegistrations/{SOURCE}")).body["contextSourceInfo"] == extra
    wrong = registration(id=SOURCE + "2", contextSourceInfo="no list")
    assert (await city.ask("POST", "/csourceRegistrations", wrong)).status == 400


@pytest.mark.shows("INCLUSIVECSR", "AUXILIARYCSR", "EXCLUSIVECSR", "REDIRECTCSR")
async def test_sources_are_kept_with_their_mode_and_none_takes_what_another_owns(city):
    own = [{"entities": [{"id": LAMP, "type": "Lamp"}], "propertyNames": ["level"]}]
    for mode in ("inclusive", "auxiliary"):
        told = registration(
            mode, id=f"{SOURCE}:{mode}", information=own, operations=["retrieveEntity", "queryEntity"]
        )
        assert (await city.ask("POST", "/csourceRegistrations", told)).status == 201
    first = registration("exclusive", id=f"{SOURCE}:first", information=own)
    assert (await city.ask("POST", "/csourceRegistrations", first)).status == 201
    for mode in ("exclusive", "redirect"):
        second = await city.ask("POST", "/csourceRegistrations", registration(mode, information=own))
        assert (second.status, second.problem) == (409, "Conflict")
    elsewhere = [{"entities": [{"id": LAMP + "2", "type": "Lamp"}], "propertyNames": ["level"]}]
    other = registration("redirect", information=elsewhere)
    assert (await city.ask("POST", "/csourceRegistrations", other)).status == 201
    assert len((await city.get("/csourceRegistrations?type=Lamp")).body) == 4
