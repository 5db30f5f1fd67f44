"""What a service's test does with the source in memory: decide when it hears, let it fail, move the time."""

from __future__ import annotations

import orjson
import pytest

from samstad_ngsild.client import Ask, Client, Notified, Selection
from samstad_ngsild.errors import BadRequestData, InvalidRequest, LdContextNotAvailable, OperationNotSupported
from samstad_ngsild.memory import MemoryContextSource

LAMP = "urn:ngsi-ld:Lamp:1"
LAMPS = "urn:ngsi-ld:Subscription:lamps:all"
SERVICE = "http://service.example/told"
CONTEXT = "https://city.example/context.jsonld"


def lamp(level: float = 50, **members) -> dict:
    return {"id": LAMP, "type": "Lamp", "level": {"type": "Property", "value": level}, **members}


def following(**members) -> dict:
    notification = {"endpoint": {"uri": SERVICE}}
    return {"id": LAMPS, "type": "Subscription", "entities": [{"type": "Lamp"}], "notification": notification,
            **members}  # fmt: skip


class Service:
    def __init__(self, client: Client) -> None:
        self.client = client
        self.levels: list[float] = []
        self.fails = False
        self.answers = False

    async def take(self, notification) -> None:
        if self.fails:
            raise RuntimeError("the store is away")
        for entity in notification.entities:
            self.levels.append(entity["level"]["value"])
            if self.answers:
                await self.client.update(LAMP, {"level": {"type": "Property", "value": len(self.levels)}})


@pytest.fixture
async def source():
    return MemoryContextSource()


@pytest.fixture
async def service(source):
    client = Client(source)
    service = Service(client)
    notified = Notified()
    notified.on(LAMPS, service.take)
    source.at(SERVICE, notified.take)
    await client.ensure_subscription(following())
    return service


async def test_a_service_hears_when_the_test_wants_it_and_in_order(source, service):
    await service.client.create(lamp(1))
    for level in (2, 3):
        await service.client.update(LAMP, {"level": {"type": "Property", "value": level}})
    assert (service.levels, source.waiting) == ([], 3)
    assert await source.deliver() == 3
    assert (service.levels, source.waiting) == ([1, 2, 3], 0)
    assert await source.deliver() == 0


async def test_an_identical_write_tells_nobody(source, service):
    await service.client.create(lamp())
    await service.client.update(LAMP, {"level": {"type": "Property", "value": 50}})
    assert await source.deliver() == 1


async def test_what_a_service_could_not_take_stays_and_is_counted(source, service):
    await service.client.create(lamp())
    service.fails = True
    with pytest.raises(RuntimeError, match="away"):
        await source.deliver()
    assert source.waiting == 1
    service.fails = False
    assert await source.deliver() == 1
    answer = await service.client.send("GET", f"/subscriptions/{LAMPS}")
    notification = orjson.loads(answer.body)["notification"]
    assert (notification["timesSent"], notification["timesFailed"]) == (2, 1)


async def test_a_service_that_answers_itself_without_end_is_stopped(source, service):
    service.answers = True
    await service.client.create(lamp(0))
    with pytest.raises(RuntimeError, match="follow from each other"):
        await source.deliver()


async def test_what_nobody_takes_waits_on(source):
    client = Client(source)
    await client.ensure_subscription(following())
    await client.create(lamp())
    assert await source.deliver() == 0
    assert source.waiting == 1


async def test_a_paused_subscription_is_told_nothing(source, service):
    await service.client.ensure_subscription(following(isActive=False))
    await service.client.create(lamp())
    assert await source.deliver() == 0


async def test_a_watched_attribute_alone_is_told_of_and_its_end_too(source, service):
    triggers = ["attributeUpdated", "attributeDeleted"]
    notification = {"endpoint": {"uri": SERVICE}, "attributes": ["level"], "format": "keyValues"}
    members = {"watchedAttributes": ["level"], "notificationTrigger": triggers, "notification": notification}
    await service.client.ensure_subscription(following(**members))
    told = []

    async def receive(body: bytes) -> None:
        told.extend(orjson.loads(body)["data"])

    source.at(SERVICE, receive)
    await service.client.create(lamp(colour={"type": "Property", "value": "warm"}))
    await service.client.update(LAMP, {"colour": {"type": "Property", "value": "cold"}})
    await service.client.update(LAMP, {"level": {"type": "Property", "value": 60}})
    await service.client.delete_attribute(LAMP, "level")
    await source.deliver()
    assert told == [
        {"id": LAMP, "type": "Lamp", "level": 60},
        {"id": LAMP, "type": "Lamp", "level": "urn:ngsi-ld:null"},
    ]


async def test_time_is_the_tests_own_and_what_has_expired_is_gone():
    now_us = [1_767_225_600_000_000]
    source = MemoryContextSource(now_us=lambda: now_us[0])
    client = Client(source)
    await client.create(lamp(expiresAt="2026-01-01T00:01:00Z"))
    assert (await client.retrieve(LAMP, sys_attrs=True))["createdAt"] == "2026-01-01T00:00:00.000000Z"
    now_us[0] += 60_000_000
    assert await client.find(LAMP) is None


async def test_what_it_was_asked_can_be_looked_at(source):
    await Client(source).create(lamp())
    assert [(ask.method, ask.path) for ask in source.asked] == [("POST", "/entities")]


@pytest.mark.parametrize("member", ["throttling", "timeInterval", "csf"])
async def test_what_only_a_broker_does_is_refused_and_not_ignored(source, member):
    with pytest.raises(OperationNotSupported, match=member) as caught:
        await Client(source).ensure_subscription(following(**{member: 5}))
    assert caught.value.pointer == f"/{member}"


async def test_an_operation_that_it_does_not_have_is_refused(source):
    with pytest.raises(OperationNotSupported, match="GET /csourceRegistrations"):
        await Client(source).send("GET", "/csourceRegistrations")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"type": "Subscriptoin"}, "/type"),
        ({"entities": []}, "/entities"),
        ({"notification": {}}, "/notification/endpoint"),
        ({"notificationTrigger": ["entityMoved"]}, "/notificationTrigger"),
        ({"wachedAttributes": ["level"]}, "/wachedAttributes"),
    ],
)
async def test_a_subscription_that_a_broker_would_refuse_is_refused(source, wrong, pointer):
    with pytest.raises(BadRequestData) as caught:
        await Client(source).ensure_subscription(following(**wrong))
    assert caught.value.pointer == pointer


async def test_a_query_is_as_narrow_as_the_standard_wants_it(source):
    with pytest.raises(BadRequestData, match="too wide"):
        await Client(source).count(Selection())
    with pytest.raises(InvalidRequest) as caught:
        await Client(source).send("GET", "/entities", query=[("type", "Lamp"), ("tpye", "Bin")])
    assert caught.value.pointer == "tpye"


async def test_a_context_that_the_test_did_not_give_is_not_there(source):
    with pytest.raises(LdContextNotAvailable, match=CONTEXT):
        await Client(source, context=CONTEXT).create(lamp())


@pytest.mark.parametrize(("body", "error"), [(b"{", 400), (b"[]", 400), (b'"text"', 400), (b"", 400)])
async def test_a_body_that_is_none_is_a_problem_and_no_crash(source, body, error):
    for path in ("/entities", "/entityOperations/create", "/subscriptions", "/temporal/entities"):
        answer = await source.send(Ask("POST", path, body=body))
        assert answer.status == error, path
        assert answer.headers["content-type"] == "application/problem+json"
