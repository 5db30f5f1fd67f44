"""Plain peers that share no code with this package: sockets, json, the sequence as the standard has it.

The site's Version carries members that newer test tools send (``step``, ``SXLS``), and one that nobody knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid

import pytest

from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.emulator.device import EmulatedDevice
from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.session.link import Identity
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.session.supervisor import Wish
from samstad_rsmp.shell.client import Pace, SiteClient, Supervisor
from samstad_rsmp.shell.clock import new_message_id
from samstad_rsmp.shell.server import ServerTerms, SupervisorServer

pytestmark = pytest.mark.system
SITE = "RN+SI0001"
AT = "2026-11-23T07:00:00.000Z"
VERSION = {"RSMP": [{"vers": "3.1.5"}, {"vers": "3.2.2"}], "siteId": [{"sId": SITE}], "SXL": "1.2.1"}


class Plain:
    """A peer that reads and writes one message at a time."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def hear(self):
        packet = await asyncio.wait_for(self.reader.readuntil(b"\x0c"), 3)
        message = json.loads(packet[:-1])
        assert message["mType"] == "rSMsg"
        return message

    def say(self, kind, **members):
        message = {"mType": "rSMsg", "type": kind, **members}
        if not kind.startswith("Message"):
            message["mId"] = str(uuid.uuid4())
        self.writer.write(json.dumps(message, indent=1).encode() + b"\x0c")
        return message.get("mId")

    async def hear_and_ack(self, kind):
        message = await self.hear()
        assert message["type"] == kind, message
        self.say("MessageAck", oMId=message["mId"])
        return message

    async def say_and_wait(self, kind, **members):
        message_id = self.say(kind, **members)
        answer = await self.hear()
        assert (answer["type"], answer["oMId"]) == ("MessageAck", message_id), answer


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # it looks from outside
            await asyncio.sleep(0.005)


async def test_a_plain_site_is_served():
    server = SupervisorServer(ServerTerms())
    server.wishes_for = lambda _site: [Wish("TC", "S0014", "status")]
    port = await server.start(port=0)
    site = Plain(*await asyncio.open_connection("127.0.0.1", port))
    await site.say_and_wait(
        "Version", **VERSION, step="Request", SXLS=[{"name": "tlc"}], unheardOf={"a": [None]}
    )
    assert (await site.hear_and_ack("Version"))["siteId"] == [{"sId": SITE}]
    await site.say_and_wait("Watchdog", wTs=AT)
    await site.hear_and_ack("Watchdog")
    subscribe = await site.hear_and_ack("StatusSubscribe")
    assert subscribe["sS"] == [{"sCI": "S0014", "n": "status", "uRt": "0", "sOc": True}]
    bits = [False] * 8
    where = {"ntsOId": "", "xNId": "", "cId": "TC"}
    await site.say_and_wait("AggregatedStatus", **where, aSTS=AT, fP=None, fS=None, se=bits)
    value = {"sCI": "S0014", "n": "status", "s": "4", "q": "recent"}
    await site.say_and_wait("StatusUpdate", **where, sTs=AT, sS=[value])
    assert server.book(SITE).statuses["TC", "S0014", "status"].value == "4"
    site.say("StatusUpdate", **where, sTs=AT, sS=[{**value, "s": 4}])
    refusal = await site.hear()
    assert refusal["type"] == "MessageNotAck"
    assert "/sS/0/s" in refusal["rea"]
    server.speak(SITE, lambda s, now: s.wish_of_alarm("Acknowledge", "TC", "A0001", now_ms=now))
    assert (await site.hear_and_ack("Alarm"))["aSp"] == "Acknowledge"
    site.writer.close()
    await until(lambda: server.connected == [])
    await server.stop()


@contextlib.asynccontextmanager
async def emulated(port):
    device = EmulatedDevice(Controller(example_junction(SITE)))
    session = SiteSession(device, SiteTerms(Identity((SITE,))), new_id=new_message_id)
    client = SiteClient(device, [Supervisor(session, port=port)], pace=Pace(first_s=0.02, most_s=0.1))
    task = asyncio.create_task(client.run())
    try:
        yield device
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def come_up(centre):
    assert (await centre.hear_and_ack("Version"))["siteId"] == [{"sId": SITE}]
    await centre.say_and_wait("Version", **VERSION)
    await centre.hear_and_ack("Watchdog")
    await centre.say_and_wait("Watchdog", wTs=AT)
    await centre.hear_and_ack("AggregatedStatus")


async def test_a_plain_centre_rules_an_emulated_controller():
    arrived = asyncio.Queue()
    listener = await asyncio.start_server(lambda r, w: arrived.put_nowait(Plain(r, w)), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with emulated(port) as device:
        centre = await asyncio.wait_for(arrived.get(), 3)
        await come_up(centre)
        alarms = [await centre.hear_and_ack("Alarm") for _ in device.alarms]
        assert {alarm["aS"] for alarm in alarms} == {"inActive"}
        where = {"ntsOId": "", "xNId": "", "cId": "TC"}
        order = {"status": "True", "securityCode": "2222", "timeplan": "3"}
        argument = [{"cCI": "M0002", "n": name, "cO": "setPlan", "v": value} for name, value in order.items()]
        await centre.say_and_wait("CommandRequest", **where, arg=argument)
        response = await centre.hear_and_ack("CommandResponse")
        assert {one["n"]: one["v"] for one in response["rvs"]} == order
        await until(lambda: device.controller.plan.value == 3)
        await centre.say_and_wait("StatusRequest", **where, sS=[{"sCI": "S0014", "n": "status"}])
        assert (await centre.hear_and_ack("StatusResponse"))["sS"][0]["s"] == "3"
        centre.say("StatusRequest", **where, sS=[{"sCI": "S0014", "n": "plan"}])
        assert (await centre.hear())["type"] == "MessageNotAck"
        centre.writer.close()
        again = await asyncio.wait_for(arrived.get(), 3)  # thrown out, it comes back
        await come_up(again)
        again.writer.close()
    listener.close()
    await listener.wait_closed()
