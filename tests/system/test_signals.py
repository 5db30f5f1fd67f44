"""Traffic signals in a running node: emulated controllers over real sockets, operators, kills."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from zoneinfo import ZoneInfo

import aiohttp
import msgspec
import pytest

from samstad_rsmp.emulator.controller import Controller, Mode
from samstad_rsmp.emulator.device import EmulatedDevice
from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.session.link import Identity
from samstad_rsmp.session.site import SiteSession, SiteTerms
from samstad_rsmp.shell.client import Pace, SiteClient, Supervisor
from samstad_rsmp.shell.clock import new_message_id

pytestmark = pytest.mark.system

CITY = '<https://w3id.org/samstad/context/v1/city.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
PACE = Pace(tick_ms=50, first_s=0.1, most_s=0.5)
VERSIONS = {
    "3.1.2": "1.0.7", "3.1.3": "1.0.10", "3.1.4": "1.0.14", "3.1.5": "1.0.15",
    "3.2.0": "1.1.0", "3.2.1": "1.2.1", "3.2.2": "1.2.1",
}  # fmt: skip
ONE = "RN+SI0001"
LAMP = {"component": "DL1", "code": "A0302"}
ALERT = f"urn:ngsi-ld:Alert:roads:{ONE}-DL1-A0302"
CONTROLLER = f"urn:ngsi-ld:SignalController:roads:{ONE}"


class Street:
    """Emulated controllers that run in this process, whatever becomes of the node."""

    def __init__(self, port):
        self.port = port
        self.devices = {}
        self._tasks = {}

    def open(self, site_id, core="3.2.2", sxl="1.2.1"):
        junction = msgspec.structs.replace(example_junction(site_id), start_s=(1, 1, 1))
        device = EmulatedDevice(Controller(junction, zone=ZoneInfo("Europe/Stockholm")))
        session = SiteSession(device, SiteTerms(Identity((site_id,), (sxl,), (core,))), new_id=new_message_id)
        client = SiteClient(device, [Supervisor(session, port=self.port)], pace=PACE)
        self.devices[site_id] = device
        self._tasks[site_id] = asyncio.create_task(client.run())
        return device.controller

    def counter(self, site_id):
        told = self.devices[site_id].read_status("TC", "S0001", now_ms=time.time_ns() // 1_000_000)
        return told["cyclecounter"]

    async def close(self):
        for task in self._tasks.values():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
async def street():
    street = Street(free_port())
    yield street
    await street.close()


@pytest.fixture
async def city(tmp_path, start_again, street):
    (tmp_path / "codes.toml").write_text('"" = "2222"\n')
    environment = {
        **os.environ,
        "SAMSTAD_DEMO": "1",
        "SAMSTAD_ROLES_BACKOFF_MOST_S": "0.3",
        "SAMSTAD_ROLES_RUN": "broker,signals",
        "SAMSTAD_SIGNALS_PORT": str(street.port),
        "SAMSTAD_SIGNALS_CODES_FILE": str(tmp_path / "codes.toml"),
        "SAMSTAD_SIGNALS_TURN_MS": "100",
    }
    running = start_again(tmp_path / "data", environment=environment)
    await running.until_ready()
    return running


@pytest.fixture
async def admin(city):
    async with aiohttp.ClientSession(city.url, headers={"X-API-Key": city.key, "Link": CITY}) as session:
        yield session


async def until(condition, *, within_s=60):
    async with asyncio.timeout(within_s):
        while not (found := await condition()):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.05)
    return found


async def ask(session, method, path, body=None, *, status=200):
    async with session.request(method, path, json=body) as answer:
        text = await answer.text()
        assert answer.status == status, text
        return await answer.json() if text else None


async def entity(session, entity_id):
    async with session.get(f"/ngsi-ld/v1/entities/{entity_id}?format=simplified") as answer:
        return await answer.json() if answer.status == 200 else {}


async def history(session, entity_id, name):
    query = {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z", "attrs": name, "options": "temporalValues"}
    async with session.get(f"/ngsi-ld/v1/temporal/entities/{entity_id}", params=query) as answer:
        return [value for value, _ in (await answer.json())[name]["values"]] if answer.status == 200 else []


async def put(session, *sites):
    places = {site: {"name": f"Junction {site}", "location": [16.5, 59.6]} for site in sites}
    assert await ask(session, "POST", "/signals/v1/sites", {"sites": places}) == {"sites": len(sites)}


async def until_up(session, *sites):
    async def is_up():
        async with session.get("/signals/v1/junctions") as answer:
            if answer.status != 200:
                return False
            found = {one["site"]: one for one in (await answer.json())["junctions"]}
        return all(found[site]["connected"] and found[site]["groups"] for site in sites)

    await until(is_up)


async def operator(session, name):
    """Make an operator and return its key."""
    bindings = [{"role": "operator", "tenants": [""]}]
    await ask(session, "POST", "/access/v1/principals", {"id": name, "bindings": bindings}, status=201)
    return (await ask(session, "POST", "/access/v1/keys", {"principal": name, "name": "k"}, status=201))[
        "key"
    ]


async def give(session, name, arguments, **more):
    body = {"site": ONE, "name": name, "arguments": arguments, "reason": "trial", **more}
    return (await ask(session, "POST", "/signals/v1/commands", body, status=201))["command"]


async def test_controllers_of_every_version_are_served_side_by_side_and_strangers_are_not(street, admin):
    sites = {f"SI{core}": (core, sxl) for core, sxl in VERSIONS.items()}
    for site, (core, sxl) in sites.items():
        street.open(site, core, sxl)
    street.open("stranger")
    await put(admin, *sites)
    await until_up(admin, *sites)
    for site in sites:

        async def is_told(site=site):
            found = await entity(admin, f"urn:ngsi-ld:SignalController:roads:{site}")
            return found if found.get("controllerStatus") == "ok" else None

        found = await until(is_told)
        assert found["name"] == f"Junction {site}"
        assert found["location"]["coordinates"] == [16.5, 59.6]
    known = {one["site"] for one in (await ask(admin, "GET", "/signals/v1/junctions"))["junctions"]}
    assert known == set(sites)
    assert await entity(admin, "urn:ngsi-ld:SignalController:roads:stranger") == {}
    await ask(admin, "DELETE", "/signals/v1/sites/SI3.1.2", status=204)
    await ask(admin, "GET", "/signals/v1/junctions/SI3.1.2", status=404)


async def test_an_alarm_is_seen_silenced_and_acknowledged_in_the_street_too(street, admin):
    controller = street.open(ONE)
    await put(admin, ONE)
    await until_up(admin, ONE)
    alarms = f"/signals/v1/junctions/{ONE}/alarms"
    problem = await ask(admin, "POST", alarms, {**LAMP, "do": "acknowledge"}, status=404)
    assert problem["type"] == "/problems/signals-unknown"
    controller.inputs.see(7, active=True)

    async def is_active():
        return (await entity(admin, ALERT)).get("active")

    await until(is_active)
    told = await ask(admin, "POST", alarms, {**LAMP, "do": "acknowledge", "text": "Bo drives out"})
    assert (told["acknowledged"], told["acknowledgedBy"]) == (True, "admin")
    state = controller.alarms.find("DL1", "A0302")

    async def street_knows(name, value):
        return getattr(controller.alarms.find("DL1", "A0302"), name) is value

    assert state is not None
    await until(lambda: street_knows("acknowledged", value=True))
    await ask(admin, "POST", alarms, {**LAMP, "do": "suspend", "minutes": 30})
    await until(lambda: street_knows("suspended", value=True))
    await ask(admin, "POST", alarms, {**LAMP, "do": "resume"})
    await until(lambda: street_knows("suspended", value=False))
    controller.inputs.see(7, active=False)

    async def is_over():
        return (await entity(admin, ALERT)).get("active") is False

    await until(is_over)
    found = await entity(admin, ALERT)
    comments = found["comments"] if isinstance(found["comments"], list) else [found["comments"]]
    assert [one["text"] for one in comments] == ["Bo drives out"]
    problem = await ask(admin, "POST", alarms, {**LAMP, "do": "suspend"}, status=409)
    assert problem["type"] == "/problems/signals-not-now"


async def test_two_operators_at_once_and_a_plan_that_the_street_confirms(city, street, admin):  # noqa: PLR0915 - one story
    street.open(ONE)
    await put(admin, ONE)
    await until_up(admin, ONE)
    anna, bo = await operator(admin, "anna"), await operator(admin, "bo")
    lease = f"/signals/v1/junctions/{ONE}/lease"
    async with (
        aiohttp.ClientSession(city.url, headers={"X-API-Key": anna, "Link": CITY}) as first,
        aiohttp.ClientSession(city.url, headers={"X-API-Key": bo, "Link": CITY}) as second,
        aiohttp.ClientSession(city.url) as nobody,
    ):
        answers = await asyncio.gather(
            first.post(lease, json={"reason": "roadworks"}), second.post(lease, json={"reason": "a match"})
        )
        assert sorted(one.status for one in answers) == [200, 409]
        holder = "anna" if answers[0].status == 200 else "bo"
        ours, other = (first, second) if holder == "anna" else (second, first)
        detail = (await next(one for one in answers if one.status == 409).json())["detail"]
        assert detail.startswith(f"{holder} controls {ONE} for another")
        body = {"site": ONE, "name": "selectPlan", "arguments": {"plan": 3}, "reason": "trial"}
        problem = await ask(other, "POST", "/signals/v1/commands", body, status=409)
        assert f"{holder} controls" in problem["detail"]
        await ask(nobody, "POST", "/signals/v1/commands", body, status=401)
        await ask(other, "POST", f"/signals/v1/junctions/{ONE}/takeover", {"reason": "x"}, status=403)

        command = await give(ours, "selectPlan", {"plan": 2})

        async def is_confirmed():
            return (await entity(admin, command)).get("status") == "confirmed"

        await until(is_confirmed)
        assert street.devices[ONE].controller.plan.value == 2
        assert (await entity(admin, command))["issuedBy"] == holder
        forged = {"id": "urn:ngsi-ld:Command:roads:forged", "type": "Command"}
        told = {"commandName": "selectPlan", "status": "queued", "issuedBy": holder, "reason": "trial"}
        forged |= {name: {"type": "Property", "value": value} for name, value in told.items()}
        forged["target"] = {"type": "Relationship", "object": CONTROLLER}
        await ask(other, "POST", "/ngsi-ld/v1/entities", forged, status=201)

        async def is_rejected():
            return (await entity(admin, forged["id"])).get("status") == "rejected"

        await until(is_rejected)
        taken = await ask(admin, "POST", f"/signals/v1/junctions/{ONE}/takeover", {"reason": "a fire"})
        assert taken["from"]["operator"] == holder
        problem = await ask(ours, "POST", "/signals/v1/commands", body, status=409)
        assert "admin controls" in problem["detail"]
        assert street.devices[ONE].controller.plan.value == 2


async def is_told_of_lamp(admin):
    return (await entity(admin, ALERT)).get("active")


async def live_on(controller):
    """Let things happen in the street: plans by the operator's panel, a lamp that goes, comes and goes."""
    for plan in (3, 1, 3):
        controller.orders.plan = plan
        await asyncio.sleep(0.3)
    controller.inputs.see(7, active=False)
    await asyncio.sleep(0.3)
    controller.inputs.see(7, active=True)
    await asyncio.sleep(0.3)


async def test_a_killed_role_takes_over_again_and_nothing_is_lost(city, street, admin):  # noqa: PLR0915 - one story
    controller = street.open(ONE)
    controller.orders.plan = 2
    await put(admin, ONE)
    await until_up(admin, ONE)
    await ask(admin, "POST", f"/signals/v1/junctions/{ONE}/lease", {"reason": "trial"})
    controller.inputs.see(7, active=True)
    await until(lambda: is_told_of_lamp(admin))

    async def is_running():
        return controller.mode is Mode.NORMAL

    await until(is_running)
    alarms = f"/signals/v1/junctions/{ONE}/alarms"
    await ask(admin, "POST", alarms, {**LAMP, "do": "comment", "text": "seen from the car"})
    first = next(one for one in (await ask(admin, "GET", alarms))["alarms"] if one["code"] == "A0302")
    pid = city.run["roles"]["signals"]["pid"]
    os.kill(pid, signal.SIGSTOP)  # nothing is taken in, and nothing is acknowledged
    counter = street.counter(ONE)
    await live_on(controller)
    os.kill(pid, signal.SIGKILL)
    assert controller.mode is Mode.NORMAL
    assert street.counter(ONE) != counter
    await until_up(admin, ONE)

    async def is_complete():
        plans = [int(one) for one in await history(admin, CONTROLLER, "activePlanNumber")]
        return plans if plans[-3:] == [3, 1, 3] or plans[-4:-1] == [3, 1, 3] else None

    assert (await until(is_complete))[0] == 2
    found = await ask(admin, "GET", alarms)
    (alarm,) = [one for one in found["alarms"] if one["code"] == "A0302"]
    assert alarm["active"]
    assert alarm["lastSeen"] > first["lastSeen"]
    assert [one["text"] for one in alarm["comments"]] == ["seen from the car"]
    shown = await ask(admin, "GET", f"/signals/v1/junctions/{ONE}")
    assert (shown["heldBy"]["operator"], shown["plan"]) == ("admin", 3)
    command = await give(admin, "selectPlan", {"plan": 2})

    async def is_confirmed():
        return (await entity(admin, command)).get("status") == "confirmed"

    await until(is_confirmed)


async def test_timetables_temporary_changes_and_parameters_over_http(street, admin):  # noqa: PLR0915 - one story
    controller = street.open(ONE)
    await put(admin, ONE)
    await until_up(admin, ONE)
    table = "/signals/v1/timetables/"
    every_day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    lines = [{"days": every_day, "begins": "00:00:00", "plan": 3}]
    problem = await ask(admin, "PUT", f"{table}junction:nowhere", {"lines": lines}, status=404)
    assert problem["type"] == "/problems/signals-unknown"
    wrong = [{**lines[0], "days": ["someday"]}]
    problem = await ask(admin, "PUT", f"{table}city", {"lines": wrong}, status=400)
    assert "no day is called someday" in problem["detail"]
    await ask(admin, "PUT", f"{table}city", {"lines": lines}, status=204)

    async def follows():
        return (await ask(admin, "GET", f"/signals/v1/junctions/{ONE}"))["plan"] == 3

    await until(follows)
    assert controller.orders.plan == 3

    await ask(admin, "POST", f"/signals/v1/junctions/{ONE}/lease", {"reason": "a match"})
    change = {"site": ONE, "name": "setOffset", "plan": 3, "value": 9, "reason": "a match", "minutes": 10}
    told = await ask(admin, "POST", "/signals/v1/amendments", change, status=201)
    assert (told["before"], told["by"]) == (0, "admin")

    async def holds(offset):
        return controller.programs[3].offset_s == offset

    await until(lambda: holds(9))
    path = f"/signals/v1/amendments/{ONE}/setOffset/3"
    await ask(admin, "DELETE", path, status=204)
    await until(lambda: holds(0))

    async def is_over():
        return not (await ask(admin, "GET", "/signals/v1/amendments"))["amendments"]

    await until(is_over)
    await ask(admin, "DELETE", path, status=400)

    async def versions():
        return (await ask(admin, "GET", f"/signals/v1/junctions/{ONE}/parameters"))["versions"]

    first = (await until(versions))[0]["checksum"]
    assert b"SG1" in await body_of(admin, f"/signals/v1/junctions/{ONE}/parameters/{first}")
    same = f"/signals/v1/junctions/{ONE}/parameters/difference?from={first}&to={first}"
    assert (await ask(admin, "GET", same))["same"] is True
    await ask(admin, "GET", f"/signals/v1/junctions/{ONE}/parameters/none", status=404)


async def body_of(session, path):
    async with session.get(path) as answer:
        assert answer.status == 200
        return await answer.read()
