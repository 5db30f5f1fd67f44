"""Who writes lifeCycle into an entity directly meets the same rules, after the fact."""

from __future__ import annotations

import pytest

from samstad_devices.service.alerts import Alerts, alert_id
from samstad_devices.service.life_guard import KIND, LifeGuard
from samstad_devices.service.registry import Registry
from samstad_devices.store.credentials import SqliteCredentials
from samstad_ngsild.client import Notification, Unreachable

DEVICE = "urn:ngsi-ld:Device:a:1"


@pytest.fixture
def credentials(database):
    return SqliteCredentials(database)


@pytest.fixture
def registry(directory, credentials, clock):
    return Registry(directory, credentials, heard={}.get, now_us=clock.now_us)


@pytest.fixture
def guard(directory, registry, city, clock):
    alerts = Alerts(city, now_us=clock.now_us)
    return LifeGuard(directory, registry, city=city, alerts=alerts, now_us=clock.now_us)


@pytest.fixture
def write(city, guard):
    """Write into an entity as anybody may, and let the broker tell of it."""

    async def write(life, **sub):
        entity = city.entities[DEVICE]
        entity["lifeCycle"] = {"type": "Property", "value": life, **sub}
        await guard.told(Notification("n", "s", "", [dict(entity)]))
        return city.entities[DEVICE]["lifeCycle"]

    return write


async def test_a_step_that_the_rules_forbid_is_set_back_and_told(write, directory, city):
    told = await write("planned")
    assert told["value"] == "inService"
    assert "cannot become planned" in told["reason"]["value"]
    assert directory.device(DEVICE).life == "inService"
    alert = city.entities[alert_id(DEVICE, KIND)]
    assert (alert["active"]["value"], alert["acknowledged"]["value"]) == (False, False)
    assert "planned was written, it stays inService" in alert["description"]["value"]


async def test_lost_is_allowed_and_ends_the_tokens_all_the_same(write, credentials, clock, city):
    token = await credentials.give(DEVICE, "device", now_us=clock.us, ends_us=clock.us + 10)
    assert (await credentials.judge(token, now_us=clock.us)).subject == DEVICE
    told = await write("lost")
    assert (told["value"], told["changedBy"]["value"]) == ("lost", "unknown")
    with pytest.raises(Exception, match="not known"):
        await credentials.judge(token, now_us=clock.us)
    assert alert_id(DEVICE, KIND) not in city.entities
    assert (await write("inService"))["value"] == "lost", "what is lost must be received first"


async def test_who_says_who_and_why_is_quoted(write):
    told = await write(
        "maintenance",
        changedBy={"type": "Property", "value": "bo"},
        reason={"type": "Property", "value": "loose"},
    )
    assert (told["changedBy"]["value"], told["reason"]["value"]) == ("bo", "loose")


async def test_old_news_change_nothing(guard, directory, city):
    entity = city.entities[DEVICE]
    old = {**entity, "lifeCycle": {"type": "Property", "value": "commissioned"}}
    await guard.told(Notification("n", "s", "", [old]))
    assert directory.device(DEVICE).life == "inService"
    assert city.entities[DEVICE]["lifeCycle"]["value"] == "inService"
    assert alert_id(DEVICE, KIND) not in city.entities


async def test_the_desks_own_steps_surprise_nobody(guard, registry, city, directory):
    written = city.append

    async def append(entity_id, fragment, **options):
        await written(entity_id, fragment, **options)
        # The broker is quicker to tell than to answer.
        await guard.told(Notification("n", "s", "", [dict(city.entities[entity_id])]))

    city.append = append
    await registry.move(city, DEVICE, "maintenance", who="anna", why="loose")
    assert directory.device(DEVICE).life == "maintenance"
    assert city.entities[DEVICE]["lifeCycle"]["changedBy"]["value"] == "anna"
    assert not registry.announced
    assert alert_id(DEVICE, KIND) not in city.entities


async def test_while_the_broker_is_away_nothing_is_believed_and_it_is_told_again(
    write, guard, city, directory
):
    city.is_away = True
    with pytest.raises(Unreachable):
        await write("planned")
    assert directory.device(DEVICE).life == "inService"
    city.is_away = False
    await guard.told(Notification("n", "s", "", [dict(city.entities[DEVICE])]))
    assert city.entities[DEVICE]["lifeCycle"]["value"] == "inService"


async def test_new_and_deleted_devices_are_taken_as_they_are(guard, directory, device_of):
    await guard.told(Notification("n", "s", "", [device_of(9)]))
    assert directory.device("urn:ngsi-ld:Device:a:9").life == "inService"
    await guard.told(
        Notification("n", "s", "", [{"id": DEVICE, "type": "Device", "deletedAt": "2025-01-01T00:00:00Z"}])
    )
    assert directory.device(DEVICE) is None
