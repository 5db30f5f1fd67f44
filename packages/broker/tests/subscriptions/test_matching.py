"""The index agrees with the rule: no change is missed, none told that should not be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_broker.domain.subscriptions import (
    SubscriptionIndex,
    TenantIndexes,
    change_event,
    matches,
    parse_subscription,
)
from samstad_ngsild.context import CORE

NOW_US = 1_800_000_000_000_000
V = "https://uri.etsi.org/ngsi-ld/default-context/"


def subscription(**members: Any) -> Any:
    body = {
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "notification": {"endpoint": {"uri": "http://receiver.example/"}},
        **members,
    }
    if "entities" not in body and "watchedAttributes" not in body:
        body["entities"] = [{"type": "Lamp"}]
    return parse_subscription(body, CORE, now_us=NOW_US, subscription_id=body["id"])


def lamp(entity_id: str = "urn:ngsi-ld:Lamp:1", *, kind: str = "Lamp", **values: Any) -> dict[str, Any]:
    document: dict[str, Any] = {"id": entity_id, "type": [V + kind], "createdAt": "t", "modifiedAt": "t"}
    for name, value in values.items():
        document[V + name] = [{"type": "Property", "value": value, "createdAt": "t", "modifiedAt": "t"}]
    return document


def touched(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    names = [*(before or {}), *(after or {})]
    return list(dict.fromkeys(name for name in names if ":" in name))


def told(sub: Any, before: dict[str, Any] | None, after: dict[str, Any] | None) -> bool:
    event = change_event(before, after, touched(before, after))
    index = SubscriptionIndex()
    index.add(sub)
    by_index = event is not None and index.match(event) == (sub.id,)
    assert by_index == (event is not None and matches(sub, event))
    return by_index


def test_by_default_new_and_changed_attributes_are_told_and_deleted_ones_not() -> None:
    sub = subscription()
    assert told(sub, None, lamp(level=1))
    assert told(sub, lamp(level=1), lamp(level=2))
    assert told(sub, lamp(), lamp(level=2))
    assert not told(sub, lamp(level=1), lamp())
    assert not told(sub, lamp(level=1), None)


def test_a_write_of_the_same_value_is_no_change_though_its_time_stamp_differs() -> None:
    sub = subscription()
    before, after = lamp(level=1), lamp(level=1)
    after[V + "level"][0]["modifiedAt"] = "later"
    after["modifiedAt"] = "later"
    assert not told(sub, before, after)
    after[V + "level"][0]["observedAt"] = "2026-11-25T00:00:00Z"
    assert told(sub, before, after)


def test_a_changed_subattribute_is_a_change_and_its_time_stamps_are_not() -> None:
    sub = subscription()
    before, after = lamp(level=1), lamp(level=1)
    before[V + "level"][0][V + "accuracy"] = [{"type": "Property", "value": 1, "modifiedAt": "a"}]
    after[V + "level"][0][V + "accuracy"] = [{"type": "Property", "value": 1, "modifiedAt": "b"}]
    assert not told(sub, before, after)
    after[V + "level"][0][V + "accuracy"][0]["value"] = 2
    assert told(sub, before, after)


def test_true_is_not_one() -> None:
    assert told(subscription(), lamp(level=1), lamp(level=True))
    assert not told(subscription(), lamp(level=1), lamp(level=1.0))


def test_watched_attributes_alone_trigger() -> None:
    sub = subscription(watchedAttributes=["level"])
    assert told(sub, lamp(level=1, power=1), lamp(level=2, power=1))
    assert not told(sub, lamp(level=1, power=1), lamp(level=1, power=2))


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("entityCreated", "c"),
        ("entityDeleted", "d"),
        ("entityUpdated", "cunx"),
        ("attributeCreated", "cn"),
        ("attributeUpdated", "u"),
        ("attributeDeleted", "x"),
    ],
)
def test_each_trigger_tells_its_own_kind_of_change(trigger: str, expected: str) -> None:
    changes = {
        "c": (None, lamp(level=1)),
        "d": (lamp(level=1), None),
        "u": (lamp(level=1), lamp(level=2)),
        "n": (lamp(), lamp(level=2)),
        "x": (lamp(level=1), lamp()),
    }
    sub = subscription(notificationTrigger=[trigger])
    assert "".join(name for name, change in changes.items() if told(sub, *change)) == "".join(
        name for name in changes if name in expected
    )


def test_ids_go_before_patterns_and_types_are_asked_in_any_case() -> None:
    sub = subscription(
        entities=[{"type": "Lamp", "id": "urn:ngsi-ld:Lamp:7", "idPattern": "^urn:ngsi-ld:Lamp:1"}]
    )
    assert told(sub, None, lamp("urn:ngsi-ld:Lamp:7", level=1))
    assert not told(sub, None, lamp("urn:ngsi-ld:Lamp:1", level=1))
    assert not told(sub, None, lamp("urn:ngsi-ld:Lamp:7", kind="Bin", level=1))


def test_a_condition_is_held_against_the_entity_after_the_change() -> None:
    sub = subscription(q="level>50")
    assert told(sub, lamp(level=10), lamp(level=51))
    assert not told(sub, lamp(level=51), lamp(level=50))


def test_paused_and_periodic_subscriptions_are_told_no_change() -> None:
    assert not told(subscription(isActive=False), None, lamp(level=1))
    assert not told(subscription(timeInterval=10), None, lamp(level=1))


def test_tenants_do_not_see_each_other_and_a_removed_subscription_is_gone() -> None:
    indexes = TenantIndexes()
    indexes.tenant("roads").add(subscription())
    after = lamp(level=1)
    assert indexes("roads", None, after, touched(None, after)) == ("urn:ngsi-ld:Subscription:1",)
    assert indexes("", None, after, touched(None, after)) == ()
    indexes.tenant("roads").remove("urn:ngsi-ld:Subscription:1")
    assert indexes("roads", None, after, touched(None, after)) == ()


_kinds = st.sampled_from(["Lamp", "Bin", "Lamp|Bin", "(Lamp;Bin)", "*"])
_ids = st.sampled_from(
    [f"urn:ngsi-ld:Lamp:{n}" for n in range(12)] + ["urn:x:urn:ngsi-ld:Lamp:1", "http://a/b"]
)
_patterns = st.sampled_from(
    [
        "^urn:ngsi-ld:Lamp:1",
        "urn:ngsi-ld:Lamp:1.*",
        "urn:ngsi-ld:Lamp:1$",
        "Lamp:.*1",
        "^urn:(ngsi|x)",
        "^http.?",
    ]
)
_queries = st.sampled_from(["a>1", "a>=2", "a<2", "a<=1", "a>0;b<2", "a>1|b>1", "b==2", "c>1", 'a~="x"', "a"])
_names = st.sampled_from(["a", "b", "c"])
_triggers = st.sampled_from(
    [
        "entityCreated",
        "entityUpdated",
        "entityDeleted",
        "attributeCreated",
        "attributeUpdated",
        "attributeDeleted",
    ]
)


@st.composite
def _selectors(draw: st.DrawFn) -> dict[str, Any]:
    selector: dict[str, Any] = {"type": draw(_kinds)}
    which = draw(st.integers(0, 3))
    if which == 1:
        selector["id"] = draw(st.lists(_ids, min_size=1, max_size=3))
    if which == 2:
        selector["idPattern"] = draw(_patterns)
    return selector


@st.composite
def _members(draw: st.DrawFn) -> dict[str, Any]:
    members: dict[str, Any] = {"entities": draw(st.lists(_selectors(), min_size=1, max_size=2))}
    if draw(st.booleans()):
        members["q"] = draw(_queries)
    if draw(st.booleans()):
        members["watchedAttributes"] = draw(st.lists(_names, min_size=1, max_size=2, unique=True))
    if draw(st.booleans()):
        members["notificationTrigger"] = draw(st.lists(_triggers, min_size=1, max_size=2, unique=True))
    return members


_values = st.one_of(
    st.integers(0, 3), st.floats(0, 3), st.booleans(), st.sampled_from(["x", [1, 2], {"k": 2}])
)


@st.composite
def _documents(draw: st.DrawFn, entity_id: str) -> dict[str, Any] | None:
    if draw(st.integers(0, 4)) == 0:
        return None
    document = lamp(entity_id, **draw(st.dictionaries(_names, _values, max_size=3)))
    document["type"] = [V + name for name in draw(st.sampled_from([["Lamp"], ["Bin"], ["Lamp", "Bin"]]))]
    if V + "a" in document and draw(st.booleans()):
        more = {"type": "Property", "value": draw(_values), "datasetId": "urn:d:1"}
        document[V + "a"].append(more)
    return document


@settings(max_examples=100)
@given(st.data())
def test_the_index_agrees_with_the_rule_through_adding_and_removing(data: st.DataObject) -> None:
    index = SubscriptionIndex()
    subs = {}
    for number, members in enumerate(data.draw(st.lists(_members(), min_size=1, max_size=12))):
        sub = subscription(id=f"urn:s:{number}", **members)
        subs[sub.id] = sub
        index.add(sub)
    for _ in range(4):
        entity_id = data.draw(_ids)
        before, after = data.draw(_documents(entity_id)), data.draw(_documents(entity_id))
        event = change_event(before, after, touched(before, after))
        if event is not None:
            assert sorted(index.match(event)) == sorted(s.id for s in subs.values() if matches(s, event))
        gone = data.draw(st.sampled_from(sorted(subs)))
        index.remove(gone)
        del subs[gone]
        if not subs:
            break
    for sub_id in list(subs):
        index.remove(sub_id)
    assert len(index) == 0
    assert index._types == {}
