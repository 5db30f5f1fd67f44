"""What a subscriber is told, once, and what it refuses to take for a notification."""

from __future__ import annotations

import orjson
import pytest

from samstad_ngsild.client import Notified, parse_notification
from samstad_ngsild.errors import BadRequestData, ResourceNotFound

LAMPS = "urn:ngsi-ld:Subscription:lamps"


def body(number: int = 1, subscription: str = LAMPS, **changes) -> bytes:
    told = {
        "id": f"urn:ngsi-ld:Notification:{number}",
        "type": "Notification",
        "subscriptionId": subscription,
        "notifiedAt": "2026-11-25T12:00:00Z",
        "data": [{"id": f"urn:lamp:{number}", "type": "Lamp"}],
    }
    return orjson.dumps({**told, **changes})


class Lamps:
    def __init__(self) -> None:
        self.seen: list[str] = []
        self.fails = False

    async def take(self, notification) -> None:
        if self.fails:
            raise RuntimeError("the store is away")
        self.seen += [entity["id"] for entity in notification.entities]


async def test_each_notification_is_handled_once_however_often_it_comes():
    lamps, notified = Lamps(), Notified()
    notified.on(LAMPS, lamps.take)
    for number in (1, 2, 1, 2, 3):
        await notified.take(body(number))
    assert lamps.seen == ["urn:lamp:1", "urn:lamp:2", "urn:lamp:3"]


async def test_what_a_handler_could_not_do_is_not_taken_for_done():
    lamps, notified = Lamps(), Notified()
    notified.on(LAMPS, lamps.take)
    lamps.fails = True
    with pytest.raises(RuntimeError, match="away"):
        await notified.take(body())
    lamps.fails = False
    await notified.take(body())
    assert lamps.seen == ["urn:lamp:1"]


async def test_what_is_remembered_is_bounded():
    lamps, notified = Lamps(), Notified(remembered=2)
    notified.on(LAMPS, lamps.take)
    for number in (1, 2, 3, 1):
        await notified.take(body(number))
    assert lamps.seen[-1] == "urn:lamp:1"


async def test_a_subscription_of_somebody_else_is_refused():
    with pytest.raises(ResourceNotFound, match="urn:other"):
        await Notified().take(body(subscription="urn:other"))


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (b"{", None),
        (b"[]", "/type"),
        (body(type="Alert"), "/type"),
        (body(data={}), "/data"),
        (body(data=[1]), "/data"),
        (body(subscriptionId=""), "/subscriptionId"),
        (body(notifiedAt=None), "/notifiedAt"),
    ],
)
def test_what_is_no_notification_is_refused_by_the_member_that_is_wrong(wrong, pointer):
    with pytest.raises(BadRequestData) as caught:
        parse_notification(wrong)
    assert caught.value.pointer == pointer
