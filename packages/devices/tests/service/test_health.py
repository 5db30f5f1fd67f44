"""Health: whose a silence is, batteries, loss, clones and storms, as alerts that people can trust."""

from __future__ import annotations

import pytest

from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import Joined, Reception, StatusReported, Uplink
from samstad_devices.domain.normalise import Doubt, Normalised
from samstad_devices.service.alerts import Alerts, alert_id
from samstad_devices.service.health import NODE, Health
from samstad_devices.service.silence import Silence
from samstad_devices.spi.frame_store import Heard
from samstad_devices.store.health import SqliteHealth
from samstad_ngsild.client import Notification

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
ALLOWED = 9_000 * SECOND  # an hour with the grace of two and a half


class World:
    """Devices that report hourly, and a health that watches them."""

    def __init__(self, directory, city, clock, store, device_of) -> None:
        self.directory, self.city, self.clock = directory, city, clock
        self.heard: dict[str, Heard] = {}
        self.device_of = device_of
        self.alerts = Alerts(city, now_us=clock.now_us)
        silence = Silence(directory, self.heard, now_us=clock.now_us, since_us=clock.us)
        self.health = Health(
            directory=directory,
            silence=silence,
            heard=self.heard,
            alerts=self.alerts,
            store=store,
            city=city,
            now_us=clock.now_us,
        )

    def id(self, number: int) -> str:
        return f"urn:ngsi-ld:Device:a:{number}"

    def add(self, *numbers: int) -> None:
        self.directory.take_devices([self.device_of(number) for number in numbers])

    def hear(self, *numbers, way="lorawan/city", gateways=(), snr=5.0, found=None, **told):
        for number in numbers:
            identifier = Identifier("devEUI", f"{number:016X}")
            receptions = tuple(Reception(gateway=one, snr_db=snr) for one in gateways)
            uplink = Uplink(device=identifier, payload=b"1", receptions=receptions, **told)
            self.take(number, uplink, found or Normalised(self.clock.us, (), ()), way=way)

    def take(self, number, message, found=None, *, way="lorawan/city"):
        device = self.directory.device(self.id(number))
        self.health.heard(device, message, found, received_us=self.clock.us)
        self.heard[device.id] = Heard(device.id, self.clock.us, way=way)

    async def scan(self) -> dict[str, str]:
        await self.health.scan()
        await self.alerts.write()
        return self.active()

    def active(self) -> dict[str, str]:
        """Return what is wrong: source → kind and whose fault it is."""
        found = {}
        for entity in self.city.entities.values():
            if entity["type"] == "Alert" and entity["active"]["value"]:
                cause = entity.get("https://w3id.org/samstad/attributedTo", {}).get("value")
                kind = entity["alertType"]["value"]
                found[entity["alertSource"]["object"].rpartition(":")[2]] = (
                    f"{kind} {cause}" if cause else kind
                )
        return found


@pytest.fixture
async def world(directory, city, clock, database, device_of):
    world = World(directory, city, clock, SqliteHealth(database), device_of)
    world.add(*range(1, 7))
    return world


async def test_one_silent_device_among_others_is_its_own_fault_and_clears_when_it_speaks(world, clock):
    world.hear(1, 2, 3, gateways=["aa"])
    assert await world.scan() == {}
    clock.us += ALLOWED * 2 // 3
    world.hear(2, 3, gateways=["aa"])
    clock.us += ALLOWED // 3 + SECOND
    assert await world.scan() == {
        "1": "silentDevice device",
        "4": "silentDevice device",
        "5": "silentDevice device",
        "6": "silentDevice device",
    }, "those that never spoke are found too"
    world.hear(*range(1, 7), gateways=["aa"])
    assert await world.scan() == {}
    alert = world.city.entities[alert_id(world.id(1), "silentDevice")]
    assert (alert["occurrenceCount"]["value"], alert["acknowledged"]["value"]) == (1, False)
    assert "clearedAt" in alert


async def test_a_silent_gateway_is_one_alert_and_its_devices_none(world, clock):
    world.hear(1, 2, 3, gateways=["aa"])
    world.hear(4, 5, 6, gateways=["bb"])
    clock.us += ALLOWED * 2 // 3
    world.hear(4, 5, 6, gateways=["bb"])
    clock.us += ALLOWED // 3 + SECOND
    assert await world.scan() == {"aa": "silentGateway gateway"}
    # It comes back: its devices have their whole interval before they count as silent.
    world.hear(1, gateways=["aa"])
    world.hear(4, 5, 6, gateways=["bb"])
    assert await world.scan() == {}
    clock.us += ALLOWED * 2 // 3
    world.hear(1, 3, gateways=["aa"])
    clock.us += ALLOWED // 3 + SECOND
    world.hear(1, 3, 4, 5, 6, gateways=["aa"])
    assert await world.scan() == {"2": "silentDevice device"}


async def test_a_device_that_another_gateway_could_hear_is_not_the_gateways_fault(world, clock):
    world.hear(1, 2, gateways=["aa", "bb"])
    world.hear(3, 4, 5, 6, gateways=["bb"])
    clock.us += ALLOWED * 2 // 3
    world.hear(3, 4, 5, 6, gateways=["bb"])
    clock.us += ALLOWED // 3 + SECOND
    assert await world.scan() == {"1": "silentDevice device", "2": "silentDevice device"}


async def test_a_network_that_says_nothing_is_the_links_fault(world, clock):
    world.hear(1, 2, 3, gateways=["aa"])
    world.hear(4, 5, 6, way="mqtt")
    clock.us += ALLOWED + SECOND
    world.hear(4, 5, 6, way="mqtt")
    assert await world.scan() == {"lorawan%2Fcity": "silentLink link"}


async def test_when_nothing_comes_by_any_way_it_is_the_nodes(world, clock):
    world.hear(1, 2, 3, gateways=["aa"])
    world.hear(4, 5, 6, way="mqtt")
    clock.us += ALLOWED + SECOND
    assert await world.scan() == {NODE.rpartition(":")[2]: "silentNode node"}


async def test_a_device_that_was_hardly_heard_is_the_radios(world, clock):
    for _ in range(40):
        world.hear(1, gateways=["aa"], snr=-18.0)
    world.hear(2, 3, 4, 5, 6, gateways=["aa"])
    clock.us += ALLOWED + SECOND
    world.hear(2, 3, 4, 5, 6, gateways=["aa"])
    assert await world.scan() == {"1": "silentDevice radio"}


async def test_an_alert_that_stays_is_told_once_a_day_and_one_that_was_closed_opens_anew(world, clock):
    world.hear(2, 3, 4, 5, 6)
    clock.us += ALLOWED + SECOND
    for _ in range(30):
        world.hear(2, 3, 4, 5, 6)
        await world.scan()
        clock.us += HOUR
    identity = alert_id(world.id(1), "silentDevice")
    alert = world.city.entities[identity]
    assert alert["occurrenceCount"]["value"] == 2
    seen = {**alert, "acknowledged": {"type": "Property", "value": True}}
    await world.alerts.told(Notification("n", "s", "", [seen]))
    world.hear(*range(1, 7))
    assert await world.scan() == {}
    assert world.city.entities[identity]["acknowledged"]["value"], "closed: gone, and seen by someone"
    clock.us += ALLOWED + SECOND
    world.hear(2, 3, 4, 5, 6)
    assert await world.scan() == {"1": "silentDevice device"}
    anew = world.city.entities[identity]
    assert (anew["acknowledged"]["value"], anew["occurrenceCount"]["value"]) == (False, 1)


async def test_a_falling_battery_is_told_with_its_last_day_and_a_new_one_clears_it(world, clock):
    for day in range(11):
        world.take(1, StatusReported(device=Identifier("devEUI", f"{1:016X}"), battery_percent=70 - 2 * day))
        world.take(2, StatusReported(device=Identifier("devEUI", f"{2:016X}"), battery_percent=70))
        clock.us += DAY
    await world.alerts.write()
    assert world.active() == {"1": "batteryLow"}
    told = world.city.entities[alert_id(world.id(1), "batteryLow")]["description"]["value"]
    assert "64% left, empty about 2025-12-30" in told, told
    world.take(1, StatusReported(device=Identifier("devEUI", f"{1:016X}"), battery_percent=100))
    await world.alerts.write()
    assert world.active() == {}


async def test_loss_is_raised_and_cleared_with_a_gap_between(world, clock):
    world.hear(1)
    for _ in range(12):
        world.health.counted(world.id(1), frames=1, lost=1, now_us=clock.us)
        clock.us += SECOND
    await world.alerts.write()
    assert world.active() == {"1": "frameLoss"}
    for _ in range(10):
        world.health.counted(world.id(1), frames=1, lost=0, now_us=clock.us)
        clock.us += SECOND
    await world.alerts.write()
    assert world.active() == {"1": "frameLoss"}, "better, and not yet good"
    for _ in range(40):
        world.health.counted(world.id(1), frames=1, lost=0, now_us=clock.us)
        clock.us += SECOND
    await world.alerts.write()
    assert world.active() == {}


async def test_values_that_cannot_be_and_frames_that_say_nothing(world, clock):
    odd = Normalised(clock.us, (), (Doubt("level", "implausible", "level is 900"),))
    for _ in range(2):
        world.hear(1, found=odd)
        world.health.failed(world.id(2), "codec", time_us=clock.us)
    await world.alerts.write()
    assert world.active() == {}, "once is no alert"
    world.hear(1, found=odd)
    world.health.failed(world.id(2), "codec", time_us=clock.us)
    await world.alerts.write()
    assert world.active() == {"1": "implausible", "2": "undecodable"}
    clock.us += DAY + SECOND
    world.hear(1, 2)
    await world.alerts.write()
    assert world.active() == {}


async def test_two_boxes_with_one_identity_and_a_new_session_that_is_none(world, clock):
    for address in ("aa", "aa", "bb", "bb", "cc"):
        world.hear(1, device_address=address)
    for address in ("aa", "bb", "aa", "bb"):
        world.hear(2, device_address=address)
    for _ in range(5):
        world.health.taken_over(world.id(3))
    world.health.taken_over(world.id(4))
    await world.alerts.write()
    assert world.active() == {"2": "clonedIdentity", "3": "clonedIdentity"}
    clock.us += 2 * DAY
    world.hear(2, device_address="bb")
    await world.alerts.write()
    assert world.active() == {"3": "clonedIdentity"}


async def test_a_device_that_joins_without_end(world, clock):
    joined = Joined(device=Identifier("devEUI", f"{1:016X}"))
    for _ in range(6):
        world.take(1, joined)
        clock.us += 60 * SECOND
    await world.alerts.write()
    assert world.active() == {"1": "joinStorm"}
    clock.us += 2 * HOUR
    world.take(1, joined)
    await world.alerts.write()
    assert world.active() == {}


async def test_what_is_known_of_health_outlives_the_process(world, clock, city, database):
    world.hear(1, 2, 3, gateways=["aa"])
    world.hear(4, 5, 6, gateways=["bb"])
    await world.health.save()
    again = World(world.directory, city, clock, SqliteHealth(database), world.device_of)
    again.heard.update(world.heard)
    await again.health.open()
    clock.us += ALLOWED + SECOND
    again.hear(4, 5, 6, gateways=["bb"])
    assert await again.scan() == {"aa": "silentGateway gateway"}
    fresh = Alerts(city, now_us=clock.now_us)
    entities = [one for one in city.entities.values() if one["type"] == "Alert"]
    await fresh.told(Notification("n", "s", "", entities))
    assert fresh.active("silentGateway") == ["urn:ngsi-ld:Gateway:aa"]
    assert fresh.active("silentDevice") == []


async def test_reachability_follows_and_is_written_only_when_it_changes(world, clock, city):
    def reach(number):
        return city.entities.get(world.id(number), {}).get("reachability", {}).get("value")

    for number in range(1, 7):
        city.put(world.device_of(number))
    world.hear(1, 2)
    await world.scan()
    assert [reach(one) for one in (1, 2, 3)] == [None, None, None], "who is heard in time needs no word"
    clock.us += ALLOWED + SECOND
    world.hear(1)
    await world.scan()
    assert [reach(one) for one in (1, 2, 3)] == [None, "late", "neverHeard"]
    assert world.health.causes[world.id(2)] == "device"
    written = len(city.updates)
    await world.scan()
    assert len(city.updates) == written
    world.hear(2)
    await world.scan()
    assert reach(2) == "online"
    assert world.id(2) not in world.health.causes


async def test_a_broker_that_is_away_gets_the_alerts_later(world, clock, city):
    clock.us += ALLOWED + SECOND
    city.is_away = True
    assert await world.scan() == {}
    city.is_away = False
    await world.alerts.write()
    assert set(world.active().values()) == {"silentDevice device"}
