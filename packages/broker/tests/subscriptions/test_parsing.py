"""What a subscription may say, and the exact answer to what it may not (clauses 5.2.12 to 5.2.15)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_broker.domain.rows import START
from samstad_broker.domain.subscriptions import (
    apply_fragment,
    parse_subscription,
    represent_subscription,
    restore_subscription,
    stored_content,
)
from samstad_broker.domain.subscriptions.changes import Trigger
from samstad_broker.spi.store import SubscriptionProgress
from samstad_ngsild.context import CORE, compile_context
from samstad_ngsild.document import NULL
from samstad_ngsild.errors import BadRequestData, NgsiLdError

NOW_US = 1_800_000_000_000_000
ID = "urn:ngsi-ld:Subscription:1"
V = "https://uri.etsi.org/ngsi-ld/default-context/"
CITY = compile_context(
    "https://city.example/c.jsonld",
    [{"Lamp": "https://city.example/Lamp", "level": "https://city.example/level"}],
)


def body(**members: Any) -> dict[str, Any]:
    whole = {
        "type": "Subscription",
        "entities": [{"type": "Lamp"}],
        "notification": {"endpoint": {"uri": "http://receiver.example/notify"}},
        **members,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def endpoint(**members: Any) -> dict[str, Any]:
    return body(notification={"endpoint": {"uri": "http://receiver.example/", **members}})


def parse(content: Any, context: Any = CORE) -> Any:
    return parse_subscription(content, context, now_us=NOW_US, subscription_id=ID)


def test_everything_that_a_subscription_may_say() -> None:
    sub = parse(
        body(
            id="urn:ngsi-ld:Subscription:mine",
            entities=[
                {"type": "Lamp", "id": ["urn:a:1", "urn:a:2"]},
                {"type": "(A;B)|C", "idPattern": "^urn"},
            ],
            watchedAttributes=["level", "https://x.example/power"],
            notificationTrigger=["entityUpdated", "entityDeleted"],
            q="level>5;power<3",
            geoQ={"georel": "near;maxDistance==10", "geometry": "Point", "coordinates": [16.5, 59.6]},
            scopeQ="/Vasteras/#",
            csf="endpoint",
            datasetId=["@none", "urn:d:1"],
            lang="sv",
            description="d",
            subscriptionName="n",
            expiresAt="2030-01-01T00:00:00Z",
            throttling=0.5,
            localOnly=True,
            splitEntities=False,
            jsonldContext="https://city.example/c.jsonld",
            ngsildConformance="1.6",
            notification={
                "endpoint": {
                    "uri": "https://receiver.example:8443/n?x=1",
                    "accept": "application/ld+json",
                    "receiverInfo": [{"key": "Authorization", "value": "Bearer x"}],
                    "timeout": 2_000,
                    "cooldown": 500,
                },
                "format": "concise",
                "pick": ["id", "level", "street{name}"],
                "showChanges": True,
                "sysAttrs": True,
                "join": "inline",
                "joinLevel": 2,
            },
        )
    )
    assert sub.id == "urn:ngsi-ld:Subscription:mine"
    assert sub.watched == {V + "level", "https://x.example/power"}
    assert sub.triggers == Trigger.ENTITY_UPDATED | Trigger.ENTITY_DELETED
    assert sub.throttling_us == 500_000
    assert sub.notification.endpoint.timeout_us == 2_000_000
    assert sub.notification.endpoint.cooldown_us == 500_000
    assert sub.representation.format == "concise"
    assert sub.representation.dataset_ids == {"@none", "urn:d:1"}
    assert sub.selects("urn:a:1", [V + "Lamp"])
    assert not sub.selects("urn:a:3", [V + "Lamp"])
    assert sub.selects("urn:a:3", [V + "A", V + "B"])


def test_what_the_node_alone_writes_is_ignored() -> None:
    given = body(status="expired", createdAt="x", modifiedAt="y")
    given["notification"] |= {"timesSent": 99, "lastSuccess": "z", "status": "failed"}
    sub = parse(given)
    shown = represent_subscription(sub, CORE, now_us=NOW_US, counters=None)
    assert shown["status"] == "active"
    assert "timesSent" not in shown["notification"]
    assert "createdAt" not in shown


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ([], ""),
        (body(type="Entity"), "/type"),
        (body(id="no uri"), "/id"),
        (body(wachedAttributes=["a"]), "/wachedAttributes"),
        (body(q=None), "/q"),
        (body(entities=[]), "/entities"),
        (body(entities=...), "/entities"),
        (body(entities=[{"id": "urn:a:1"}]), "/entities/0/type"),
        (body(entities=[{"type": "Lamp", "id": "nope"}]), "/entities/0/id"),
        (body(entities=[{"type": "Lamp", "id": []}]), "/entities/0/id"),
        (body(entities=[{"type": "Lamp", "idPattern": "(a"}]), "/entities/0/idPattern"),
        (body(entities=[{"type": "Lamp", "idPattern": "(a)\\1"}]), "/entities/0/idPattern"),
        (body(entities=[{"type": "(A;B"}]), "/entities/0/type"),
        (body(entities=[{"type": "A", "typ": "B"}]), "/entities/0/typ"),
        (body(entities=[{"type": "*"}], localOnly=False), "/localOnly"),
        (body(watchedAttributes=[]), "/watchedAttributes"),
        (body(watchedAttributes=["a b"]), "/watchedAttributes/0"),
        (body(watchedAttributes=["a"], timeInterval=5), "/watchedAttributes"),
        (body(throttling=5, timeInterval=5), "/throttling"),
        (body(entities=..., watchedAttributes=..., timeInterval=5), "/entities"),
        (body(timeInterval=0), "/timeInterval"),
        (body(throttling=-1), "/throttling"),
        (body(throttling=True), "/throttling"),
        (body(throttling=1e30), "/throttling"),
        (body(notificationTrigger=["created"]), "/notificationTrigger/0"),
        (body(notificationTrigger=[]), "/notificationTrigger"),
        (body(q="level>"), "/q"),
        (body(geoQ={"georel": "near"}), "/geoQ/geometry"),
        (body(geoQ={}), "/geoQ"),
        (body(scopeQ="/a//b"), "/scopeQ"),
        (body(expiresAt="2020-01-01T00:00:00Z"), "/expiresAt"),
        (body(expiresAt="tomorrow"), "/expiresAt"),
        (body(isActive="yes"), "/isActive"),
        (body(datasetId=["x"]), "/datasetId/0"),
        (body(jsonldContext="x"), "/jsonldContext"),
        (body(ngsildConformance="one"), "/ngsildConformance"),
        (body(temporalQ={"timerel": "around"}), "/temporalQ/timerel"),
        (body(notification=...), "/notification"),
        (body(notification={}), "/notification/endpoint"),
        (body(notification={"endpoint": {}}), "/notification/endpoint/uri"),
        (endpoint(uri="ftp://x.example/"), "/notification/endpoint/uri"),
        (endpoint(uri="http:///path"), "/notification/endpoint/uri"),
        (endpoint(uri="http://x.example:99999/"), "/notification/endpoint/uri"),
        (endpoint(uri="http://user:pw@x.example/"), "/notification/endpoint/uri"),
        (endpoint(uri="http://x.example/a\r\nb"), "/notification/endpoint/uri"),
        (endpoint(uri="mqtt://x.example"), "/notification/endpoint/uri"),
        (endpoint(uri="mqtt://x.example/a/#"), "/notification/endpoint/uri"),
        (endpoint(uri="mqtt://x.example/a", accept="application/geo+json"), "/notification/endpoint/accept"),
        (
            endpoint(uri="mqtt://x.example/a", notifierInfo=[{"key": "MQTT-QoS", "value": "3"}]),
            "/notification/endpoint/notifierInfo/0/value",
        ),
        (endpoint(accept="text/plain"), "/notification/endpoint/accept"),
        (endpoint(timeout=0), "/notification/endpoint/timeout"),
        (endpoint(timeOut=5), "/notification/endpoint/timeOut"),
        (endpoint(receiverInfo={"a": "b"}), "/notification/endpoint/receiverInfo"),
        (endpoint(receiverInfo=[{"key": "a"}]), "/notification/endpoint/receiverInfo/0"),
        (
            endpoint(receiverInfo=[{"key": "X", "value": "a\r\nEvil: 1"}]),
            "/notification/endpoint/receiverInfo/0/value",
        ),
        (
            endpoint(receiverInfo=[{"key": "X\r\nEvil", "value": "a"}]),
            "/notification/endpoint/receiverInfo/0/key",
        ),
        *(
            (endpoint(receiverInfo=[{"key": key, "value": "a"}]), "/notification/endpoint/receiverInfo/0/key")
            for key in ("Host", "content-length", "Transfer-Encoding", "Connection", "NGSILD-Tenant")
        ),
        (body(notification={**body()["notification"], "format": "xml"}), "/notification/format"),
        (
            body(notification={**body()["notification"], "format": "keyValues", "showChanges": True}),
            "/notification/showChanges",
        ),
        (body(notification={**body()["notification"], "attributes": ["id"]}), "/notification/attributes/0"),
        (
            body(notification={**body()["notification"], "attributes": ["a"], "pick": ["a"]}),
            "/notification/attributes",
        ),
        (body(notification={**body()["notification"], "pick": ["a"], "omit": ["a"]}), "/notification/omit"),
        (body(notification={**body()["notification"], "joinLevel": 2}), "/notification/joinLevel"),
        (body(notification={**body()["notification"], "join": "deep"}), "/notification/join"),
        (body(notification={**body()["notification"], "throttling": 2}), "/notification/throttling"),
    ],
)
def test_what_is_wrong_is_named(content: Any, pointer: str) -> None:
    with pytest.raises(NgsiLdError) as raised:
        parse(content)
    assert raised.value.pointer == pointer, raised.value.detail
    assert raised.value.status in (400, 403)


def test_local_scope_needs_neither_entities_nor_watched_attributes() -> None:
    assert parse(body(entities=..., localOnly=True)).selectors == ()
    assert parse(body(entities=[{"type": "*"}])).selects("urn:a:1", ["x"])


def test_a_fragment_replaces_members_and_null_removes_them() -> None:
    sub = parse(body(q="level>5", throttling=5, description="old"))
    changed = apply_fragment(
        sub, {"q": "level>9", "throttling": NULL, "isActive": False}, CORE, now_us=NOW_US + 1
    )
    assert changed.content["q"] == "level>9"
    assert changed.throttling_us == 0
    assert changed.content["description"] == "old"
    assert not changed.is_active
    assert changed.created_us == sub.created_us
    assert sub.content["q"] == "level>5"


@pytest.mark.parametrize(
    ("fragment", "pointer"),
    [
        ({}, ""),
        ({"id": "urn:other:1"}, "/id"),
        ({"type": "Other"}, "/type"),
        ({"notification": NULL}, "/notification"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "/expiresAt"),
        ({"timeInterval": 5}, "/throttling"),
        ({"entities": NULL}, "/entities"),
        ({"nonsense": 1}, "/nonsense"),
    ],
)
def test_a_fragment_that_would_break_the_subscription_is_refused(fragment: Any, pointer: str) -> None:
    with pytest.raises(BadRequestData) as raised:
        apply_fragment(parse(body(throttling=5)), fragment, CORE, now_us=NOW_US)
    assert raised.value.pointer == pointer


def test_an_expired_subscription_lives_again_only_by_a_new_expiry() -> None:
    sub = parse(body(expiresAt="2027-06-01T00:00:00Z"))
    later_us = NOW_US + 365 * 86_400 * 1_000_000
    still = apply_fragment(sub, {"isActive": True}, CORE, now_us=later_us)
    assert represent_subscription(still, CORE, now_us=later_us, counters=None)["status"] == "expired"
    again = apply_fragment(sub, {"expiresAt": "2030-01-01T00:00:00Z"}, CORE, now_us=later_us)
    assert represent_subscription(again, CORE, now_us=later_us, counters=None)["status"] == "active"


def test_a_fragment_under_another_context_keeps_what_the_old_names_meant() -> None:
    sub = parse(body(watchedAttributes=["level"]), CITY)
    changed = apply_fragment(sub, {"q": "power>1"}, CORE, now_us=NOW_US)
    assert changed.watched == {"https://city.example/level"}
    assert changed.condition({V + "power": [{"type": "Property", "value": 2}]})
    with pytest.raises(BadRequestData, match="level"):
        apply_fragment(sub, {"q": "level>1"}, CORE, now_us=NOW_US)


def test_what_is_stored_needs_no_context_to_be_understood_again() -> None:
    sub = parse(body(watchedAttributes=["level"], q="level>5", entities=[{"type": "Lamp"}]), CITY)
    again = restore_subscription(stored_content(sub))
    assert again.watched == sub.watched
    assert again.selects("urn:a:1", ["https://city.example/Lamp"])
    assert not again.selects("urn:a:1", [V + "Lamp"])
    assert again.notification_context.compact("https://city.example/level") == "level"
    assert again.notification_context.link == "https://city.example/c.jsonld"
    assert stored_content(again) == stored_content(sub)


def test_names_are_shown_in_the_readers_context() -> None:
    sub = parse(body(watchedAttributes=["level"]), CITY)
    shown = represent_subscription(sub, CORE, now_us=NOW_US, counters=None)
    assert shown["watchedAttributes"] == ["https://city.example/level"]
    assert shown["entities"] == [{"type": "https://city.example/Lamp"}]
    assert represent_subscription(sub, CITY, now_us=NOW_US, counters=None)["watchedAttributes"] == ["level"]


def test_counters_are_shown_when_there_are_any() -> None:
    counted = SubscriptionProgress("", ID, START, 3, 1, "n", "s", "f", "failed", 1)
    shown = represent_subscription(parse(body()), CORE, now_us=NOW_US, counters=counted, sys_attrs=True)
    assert shown["notification"]["timesSent"] == 3
    assert shown["notification"]["timesFailed"] == 1
    assert shown["notification"]["status"] == "failed"
    assert shown["createdAt"].startswith("2027-01-15T08:00:00")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_names = st.sampled_from(
    sorted({*body(), "q", "geoQ", "throttling", "datasetId", "expiresAt", "lang", "csf"})
)


@settings(max_examples=100)
@given(st.dictionaries(_names, _json, max_size=4))
def test_no_body_breaks_the_parser(members: dict[str, Any]) -> None:
    try:
        sub = parse({**body(), **members})
    except NgsiLdError:
        return
    assert restore_subscription(stored_content(sub)).id == sub.id
