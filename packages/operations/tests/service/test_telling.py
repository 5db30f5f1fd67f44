"""From alerts to messages that were sent, over failures, full disks and kills."""

from __future__ import annotations

import asyncio
import tomllib

import pytest

from samstad_operations.domain.alert import Alert
from samstad_operations.domain.errors import NotSent, StoreFull
from samstad_operations.domain.reading import read_book
from samstad_operations.service.desk import Desk
from samstad_operations.service.sending import Sender, backoff_us

S = 1_000_000
M = 60 * S
NOON = 1_795_604_400 * S  # Wednesday 2026-11-25 12:00 in Stockholm
NIGHT = NOON + 11 * 60 * M


class Post:
    """A way that keeps what it sends, and fails when it is told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.fails: NotSent | None = None

    def place(self, _) -> str:
        return "post"

    async def send(self, contact, message) -> None:
        del contact
        if self.fails:
            raise self.fails
        self.sent.append((message.contact, message.subject))


class Street:
    """A desk and a sender on one clock, as the role wires them."""

    def __init__(self, book, keeping, texts) -> None:
        self.now_us = NOON
        self.post, self.hook = Post(), Post()
        self.hook.place = lambda _: "hook"
        self.keeping = keeping
        self.parts = (book, keeping, texts)
        self.restart()

    def restart(self) -> None:
        self.desk = Desk(*self.parts)
        ways = {"email": self.post, "webhook": self.hook}
        self.sender = Sender(self.desk, self.keeping, ways, now_us=lambda: self.now_us)

    async def take(self, *alerts, gone=()) -> None:
        await self.desk.take(alerts, gone, now_us=self.now_us)

    async def wait(self, for_us: int) -> None:
        self.now_us += for_us
        await self.desk.look(now_us=self.now_us)
        while await self.sender.send_due():
            pass


@pytest.fixture
async def street(book, keeping, texts):
    return Street(book, keeping, texts)


def fault(number: int = 1, severity: int = 3, **more) -> Alert:
    return Alert(f"a:{number}", "power", "lampFault", severity, f"lamp:{number}", **more)


async def test_a_storm_is_one_message_that_counts(street):
    await street.take(*(fault(number) for number in range(60)))
    assert await street.keeping.listed(state=None, limit=10) == []
    await street.wait(10 * S)
    assert street.post.sent == [("anna", "[High] 60 alerts: lampFault")]
    await street.wait(5 * M)
    assert len(street.post.sent) == 1


async def test_nobody_acknowledges_and_the_chief_is_told_but_not_where_somebody_has(street):
    await street.take(fault())
    await street.wait(10 * S)
    await street.wait(20 * M)
    assert [name for name, _ in street.post.sent] == ["anna", "chief"]
    await street.take(fault(2)._replace(kind="other"))
    await street.wait(10 * S)
    await street.take(fault(2)._replace(kind="other", waits=False))
    await street.wait(60 * M)
    assert [name for name, _ in street.post.sent] == ["anna", "chief", "anna"]


async def test_quiet_hours_hold_back_all_but_the_critical(street):
    street.now_us = NIGHT
    await street.take(fault())
    await street.wait(10 * S)
    assert street.post.sent == []
    assert [name for name, _ in street.hook.sent] == ["desk"]
    await street.take(fault(2, severity=4))
    await street.wait(10 * S)
    assert street.post.sent == [("anna", "[Critical] 2 alerts: lampFault")]


async def test_what_was_held_back_and_acknowledged_meanwhile_is_dropped(street):
    street.now_us = NIGHT
    await street.take(fault())
    await street.wait(10 * S)
    await street.take(gone=["a:1"])
    await street.wait(8 * 60 * M)
    assert street.post.sent == []
    dropped = await street.keeping.listed(state="dropped", limit=10)
    assert [one.contact for one in dropped] == ["anna"]
    assert "acknowledged" in dropped[0].why


async def test_a_server_that_is_away_is_tried_again_and_nothing_is_lost(street):
    street.post.fails = NotSent("away", is_away=True)
    await street.take(fault())
    await street.wait(10 * S)
    await street.wait(4 * S)
    assert street.sender.failures == 1
    waiting = await street.keeping.listed(state="waiting", limit=10)
    assert [(one.tries, one.why) for one in waiting] == [(1, "away")]
    street.post.fails = None
    await street.wait(2 * S)
    assert [name for name, _ in street.post.sent] == ["anna"]
    assert await street.keeping.listed(state="waiting", limit=10) == []


async def test_one_way_that_is_away_does_not_hold_up_the_other(street):
    street.now_us = NIGHT
    street.post.fails = NotSent("away", is_away=True)
    await street.take(*(fault(number, severity=4)._replace(kind=f"k{number}") for number in range(120)))
    await street.wait(10 * S)
    assert len(street.hook.sent) == 120
    assert street.post.sent == []
    assert street.sender.failures == 1


async def test_a_kill_loses_nothing_and_tells_nobody_twice(street):
    await street.take(fault())
    street.restart()
    await street.desk.load()
    await street.take(fault())
    await street.wait(10 * S)
    assert len(street.post.sent) == 1
    street.restart()
    await street.desk.load()
    await street.take(fault())
    await street.wait(10 * M)
    assert len(street.post.sent) == 1
    await street.wait(10 * M)
    assert [name for name, _ in street.post.sent] == ["anna", "chief"]


async def test_a_kill_while_a_message_is_on_its_way_repeats_that_one_alone(street):
    await street.take(fault(), fault(2)._replace(kind="other"))
    send = street.post.send

    async def killed(contact, message):
        await send(contact, message)
        raise asyncio.CancelledError

    street.post.send = killed
    with pytest.raises(asyncio.CancelledError):
        await street.wait(10 * S)
    street.post.send = send
    street.restart()
    await street.desk.load()
    await street.wait(1 * S)
    subjects = [subject for _, subject in street.post.sent]
    assert sorted(subjects) == ["[High] lampFault", "[High] lampFault", "[High] other"]
    assert (await street.keeping.counts()) == {"sent": 2}


async def test_when_rules_change_what_no_longer_fits_is_forgotten(street, rules):
    await street.take(fault())
    await street.wait(10 * S)
    changed = read_book(tomllib.loads(rules.replace("[rules.faults]", '[rules.faults]\ngroup = ["source"]')))
    street.parts = (changed, *street.parts[1:])
    street.restart()
    await street.desk.load()
    assert len(street.desk) == 0
    assert await street.keeping.incidents() == []
    await street.take(fault())
    await street.wait(10 * S)
    assert len(street.post.sent) == 2


async def test_a_disk_that_is_full_after_sending_does_not_send_again(street, monkeypatch):
    await street.take(fault())

    async def full(*_, **__):
        raise StoreFull("full")

    settle = street.keeping.settle
    monkeypatch.setattr(street.keeping, "settle", full)
    with pytest.raises(StoreFull):
        await street.wait(10 * S)
    assert len(street.post.sent) == 1
    monkeypatch.setattr(street.keeping, "settle", settle)
    await street.wait(1 * S)
    assert len(street.post.sent) == 1
    assert (await street.keeping.counts()) == {"sent": 1}


async def test_a_disk_that_is_full_takes_nothing_in(street, monkeypatch):
    keep = street.keeping.keep

    async def full(*_, **__):
        raise StoreFull("full")

    monkeypatch.setattr(street.keeping, "keep", full)
    with pytest.raises(StoreFull):
        await street.take(fault())
    assert len(street.desk) == 0
    monkeypatch.setattr(street.keeping, "keep", keep)
    await street.take(fault())
    await street.wait(10 * S)
    assert len(street.post.sent) == 1


async def test_an_alert_cannot_forge_a_header(street):
    await street.take(fault(text="dark\r\nBcc: all@city.example\x00"))
    await street.wait(10 * S)
    assert street.post.sent == [("anna", "[High] dark Bcc: all@city.example")]


async def test_old_messages_are_forgotten_and_waiting_ones_are_not(street):
    await street.take(fault())
    await street.wait(10 * S)
    street.post.fails = NotSent("away", is_away=True)
    await street.take(fault(2)._replace(kind="other"))
    await street.wait(10 * S)
    assert await street.keeping.forget(before_us=street.now_us + 1) == 1
    assert (await street.keeping.counts()) == {"waiting": 1}


def test_tries_become_rarer_but_never_end():
    assert [backoff_us(tries) // S for tries in (1, 2, 3, 8, 10_000)] == [5, 10, 20, 600, 600]
