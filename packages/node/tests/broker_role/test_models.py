"""What a tenant does about entities that break their models: look away, warn, or refuse."""

from __future__ import annotations

from typing import Any

import pytest

from samstad_node.supervisor.role import RoleRefused

ENTITIES = "/ngsi-ld/v1/entities"
ALERT = "https://w3id.org/samstad/Alert"
CONTEXT = {"Larm": ALERT, "allvar": "https://w3id.org/samstad/severity"}


def alert(number: int, **members: Any) -> dict[str, Any]:
    base = "https://w3id.org/samstad/"
    whole: dict[str, Any] = {
        "alertCategory": {"type": "Property", "value": "deviceFault"},
        "alertSource": {"type": "Relationship", "object": "urn:ngsi-ld:Device:1"},
        "active": {"type": "Property", "value": True},
        "acknowledged": {"type": "Property", "value": False},
        "suspended": {"type": "Property", "value": False},
        "firstSeen": {"type": "Property", "value": "2026-11-25T02:00:00Z"},
        "occurrenceCount": {"type": "Property", "value": 1},
        "lastSeen": {"type": "Property", "value": "2026-11-25T02:00:00Z"},
    }
    return {
        "@context": CONTEXT,
        "id": f"urn:ngsi-ld:Alert:{number}",
        "type": "Larm",
        "allvar": {"type": "Property", "value": "medium"},
        **{base + name: value for name, value in whole.items()},
        **members,
    }


async def send(node: Any, body: Any, path: str = ENTITIES, method: str = "POST", **headers: str) -> Any:
    return await node.ask(method, path, body, Content_Type="application/ld+json", **headers)


@pytest.fixture
def wrong() -> dict[str, Any]:
    return alert(2, allvar={"type": "Property", "value": 99})


async def test_without_a_word_nothing_is_checked(start, wrong):
    node = await start()
    assert (await send(node, wrong)).status == 201
    assert (await node.ask("GET", "/breaches")).body == []


async def test_warning_lets_the_write_through_and_says_so_to_those_who_may_read_it(start, wrong):
    node = await start({"models.warn": ["default"]})
    assert (await send(node, alert(1))).status == 201
    assert (await send(node, wrong)).status == 201
    (noted,) = (await node.ask("GET", "/breaches")).body
    assert noted["entityId"] == "urn:ngsi-ld:Alert:2"
    assert noted["outcome"] == "warned"
    assert "/severity" in noted["problems"][0]
    metrics = (await node.ask("GET", "/metrics")).body
    assert 'samstad_model_breaches_total{outcome="warned",tenant="default",type="Alert"} 1.0' in metrics
    page = await node.ask("GET", "/breaches?lang=sv", Accept="text/html")
    assert "urn:ngsi-ld:Alert:2" in page.body
    assert "urn:ngsi-ld:Alert:1" not in page.body
    assert (await node.ask("GET", "/breaches", key="")).status == 401
    stranger = await node.give("stranger")
    assert (await node.ask("GET", "/breaches", key=stranger)).body == []


async def test_refusing_names_the_member_as_the_caller_calls_it(start, wrong):
    node = await start({"models.refuse": ["default"]})
    refused = await send(node, wrong)
    assert refused.status == 400
    assert refused.body["type"].endswith("/BadRequestData")
    assert refused.body["pointer"] == "/allvar/value"
    assert "allvar" in refused.body["detail"]
    assert (await node.ask("GET", f"{ENTITIES}/urn:ngsi-ld:Alert:2")).status == 404
    assert (await send(node, alert(1))).status == 201
    (noted,) = (await node.ask("GET", "/breaches")).body
    assert noted["outcome"] == "refused"


async def test_a_change_that_would_break_the_model_leaves_the_entity_as_it_was(start):
    node = await start({"models.refuse": ["*"]})
    assert (await send(node, alert(1))).status == 201
    entity = f"{ENTITIES}/urn:ngsi-ld:Alert:1"
    for method, path, body in (
        ("PATCH", entity, {"allvar": {"type": "Property", "value": 1}}),
        ("PATCH", f"{entity}/attrs", {"allvar": {"type": "Property", "value": 1}}),
        ("POST", f"{entity}/attrs", {"allvar": {"type": "Property", "value": 1}}),
        ("PATCH", f"{entity}/attrs/allvar", {"type": "Property", "value": 1}),
        ("PUT", f"{entity}/attrs/allvar", {"type": "Property", "value": 1}),
    ):
        refused = await send(node, {"@context": CONTEXT, **body}, path, method)
        assert (refused.status, refused.body["pointer"]) == (400, "/allvar/value"), (method, path)
    missing = await node.ask("DELETE", f"{entity}/attrs/https%3A%2F%2Fw3id.org%2Fsamstad%2FalertCategory")
    assert missing.status == 400
    assert missing.body["pointer"] == "/https:~1~1w3id.org~1samstad~1alertCategory"
    kept = (await node.ask("GET", f"{entity}?format=simplified")).body
    assert kept["https://w3id.org/samstad/severity"] == "medium"


async def test_of_a_batch_only_the_wrong_are_refused(start, wrong):
    node = await start({"models.refuse": ["default"]})
    answer = await send(node, [alert(1), wrong], "/ngsi-ld/v1/entityOperations/create")
    assert answer.status == 207
    assert answer.body["success"] == ["urn:ngsi-ld:Alert:1"]
    (failed,) = answer.body["errors"]
    assert failed["entityId"] == "urn:ngsi-ld:Alert:2"
    assert failed["error"]["pointer"] == "/allvar/value"


async def test_each_tenant_has_its_own_will(start, wrong):
    node = await start({"node.tenants": ["strict"], "models.refuse": ["strict"], "models.warn": ["*"]})
    assert (await send(node, wrong)).status == 201
    assert (await send(node, wrong, NGSILD_Tenant="strict")).status == 400
    assert [noted["tenant"] for noted in (await node.ask("GET", "/breaches")).body] == ["strict", ""]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"models.warn": ["nowhere"]}, "nowhere is no tenant"),
        ({"models.warn": ["default"], "models.refuse": ["default"]}, "choose one"),
    ],
)
async def test_a_setting_that_means_nothing_refuses_to_start(start, settings, told):
    with pytest.raises(RoleRefused, match=told) as refused:
        await start(settings)
    assert refused.value.exit_code == 3


async def test_only_the_latest_breaches_are_kept(start):
    node = await start({"models.warn": ["default"], "models.kept_breaches": 3})
    for number in range(5):
        assert (await send(node, alert(number, allvar={"type": "Property", "value": 1}))).status == 201
    noted = (await node.ask("GET", "/breaches")).body
    assert [one["entityId"][-1] for one in noted] == ["4", "3", "2"]
