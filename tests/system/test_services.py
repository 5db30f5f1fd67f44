"""A service of somebody else's in a node: found, let in, told, asked through the gate, alone in its falls."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

pytestmark = pytest.mark.system

TALLY = Path(__file__).parent / "tally"
LAMP = "urn:ngsi-ld:TallyLamp:roads:1"
COUNT = "/tally/v1/count"


def install(directory: Path) -> dict[str, str]:
    """Put the service where Python finds it, as its installer would; return the environment for that."""
    metadata = directory / "samstad_tally-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: samstad-tally\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[samstad.plugins]\ntally = samstad_tally.plugin:plugin\n")
    path = os.pathsep.join([str(directory), str(TALLY)])
    own = {"PYTHONPATH": path, "SAMSTAD_ROLES_RUN": "broker,tally"}
    return {**os.environ, **own, "SAMSTAD_DEMO": "1", "SAMSTAD_ROLES_BACKOFF_MOST_S": "0.3"}


@pytest.fixture
async def city(tmp_path, start_again):
    running = start_again(tmp_path / "data", environment=install(tmp_path / "installed"))
    await running.until_ready()
    return running


async def until(condition: Callable, *, within_s: float = 20):
    """Return what a condition gives once it is true."""
    async with asyncio.timeout(within_s):
        while not (found := await condition()):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.05)
    return found


@pytest.fixture
async def admin(city):
    async with aiohttp.ClientSession(city.url, headers={"X-API-Key": city.key}) as session:
        yield session


async def put_lamp(admin, level: float, lamp: str = LAMP) -> None:
    body = [{"id": lamp, "type": "TallyLamp", "litLevel": {"type": "Property", "value": level}}]
    async with admin.post("/ngsi-ld/v1/entityOperations/upsert", json=body) as answer:
        assert answer.status in {201, 204}


async def counted(admin) -> dict:
    async with admin.get(COUNT) as answer:
        return await answer.json() if answer.status == 200 else {}


async def test_a_service_is_told_of_entities_and_answers_whom_the_policy_lets_in(city, admin):
    await put_lamp(admin, 80)

    async def lit():
        return (await counted(admin)).get("lit") == 1

    await until(lit)
    assert await counted(admin) == {"lit": 1, "known": 1, "asked_by": "admin"}
    async with aiohttp.ClientSession(city.url) as stranger:
        async with stranger.get(COUNT) as answer:
            assert answer.status == 401
        async with stranger.get(COUNT, headers={"Samstad-Caller": "admin", "Samstad-Gate": ""}) as answer:
            assert answer.status == 401
        async with stranger.get("/tally/v1/hello") as answer:
            assert await answer.json() == {"hello": "whoever you are"}
        port = city.run["roles"]["tally"]["ports"]["gate"]
        for path in ("/v1/count", "/table", "/metrics", "/health"):
            async with stranger.get(f"http://127.0.0.1:{port}{path}") as answer:
                assert answer.status == 401, path
        async with stranger.post(f"http://127.0.0.1:{port}/notifications", data=b"{}") as answer:
            assert answer.status == 401


async def test_what_a_subscription_tells_of_secrets_opens_no_service(city, admin):
    path = "/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:tally:lamps"

    async def subscribed():
        async with admin.get(path) as answer:
            return await answer.json() if answer.status == 200 else None

    endpoint = (await until(subscribed))["notification"]["endpoint"]
    told = {one["key"]: one["value"] for one in endpoint["receiverInfo"]}
    gate = (city.data / "roles" / "tally.gate").read_text().strip()
    assert gate not in json.dumps(endpoint)
    port = city.run["roles"]["tally"]["ports"]["gate"]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=told) as holder:
        for way in ("/v1/count", "/table", "/metrics", "/health"):
            async with holder.get(way) as answer:
                assert answer.status == 401, way


async def test_a_service_acts_with_the_rights_of_who_asked_and_no_others(city, admin):
    await put_lamp(admin, 80)

    async def known():
        return (await counted(admin)).get("known")

    await until(known)
    async with admin.post(f"/tally/v1/lamps/{LAMP}/level", json={"level": 0}) as answer:
        assert answer.status == 204

    async def dark():
        return (await counted(admin)).get("lit") == 0

    await until(dark)
    principal = {"id": "reader", "bindings": [{"role": "reader", "tenants": ["*"]}]}
    async with admin.post("/access/v1/principals", json=principal) as answer:
        assert answer.status == 201
    async with admin.post("/access/v1/keys", json={"principal": "reader"}) as answer:
        key = (await answer.json())["key"]
    async with aiohttp.ClientSession(city.url, headers={"X-API-Key": key}) as reader:
        assert (await counted(reader))["asked_by"] == "reader"
        async with reader.post(f"/tally/v1/lamps/{LAMP}/level", json={"level": 50}) as answer:
            assert answer.status == 403
            assert (await answer.json())["type"] == "/problems/forbidden"


async def test_problems_of_a_service_are_told_and_explained(admin):
    async with admin.post("/tally/v1/lamps/urn:none/level", json={"level": 1}) as answer:
        problem = await answer.json()
        assert (answer.status, problem["type"]) == (404, "/problems/tally-unknown-lamp")
        assert "urn:none" in problem["detail"]
    async with admin.get(problem["type"], headers={"Accept-Language": "sv"}) as answer:
        assert answer.status == 200
        assert "Okänd lampa" in await answer.text()
    async with admin.get("/tally/v1/nothing") as answer:
        assert answer.status == 404
    async with admin.delete(COUNT) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET")
    async with admin.post(f"/tally/v1/lamps/{LAMP}/level", data=b"{") as answer:
        assert answer.status in {400, 404, 500}


async def test_a_service_that_falls_costs_nobody_else_anything_and_catches_up(city, admin):
    await put_lamp(admin, 80)
    broker_pid = city.run["roles"]["broker"]["pid"]
    async with admin.post("/tally/v1/die") as answer:
        assert answer.status == 503
        assert (await answer.json())["type"] == "/problems/service-away"
        assert "Retry-After" in answer.headers
    await put_lamp(admin, 80, LAMP + "2")

    async def both():
        return (await counted(admin)).get("lit") == 2

    await until(both)
    run = city.run["roles"]
    assert run["tally"]["restarts"] == 1
    assert (run["broker"]["pid"], run["broker"]["restarts"]) == (broker_pid, 0)


async def test_a_service_that_hangs_is_bounded_and_the_node_answers_on(admin):
    async def hang():
        async with admin.post("/tally/v1/hang") as answer:
            return answer.status

    waiting = [asyncio.create_task(hang()) for _ in range(70)]
    done, still = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result() for task in done} == {503}
    assert len(still) >= 60
    async with admin.get("/ready") as answer:
        assert answer.status == 200
    await put_lamp(admin, 1)
    for task in still:
        task.cancel()
    await asyncio.gather(*still, return_exceptions=True)

    async def free():
        return await counted(admin)

    assert await until(free)


async def test_the_service_finds_a_broker_that_was_started_anew(city):
    city.kill_role("broker")
    await asyncio.sleep(0.2)
    await city.until_ready()
    async with aiohttp.ClientSession(city.url, headers={"X-API-Key": city.key}) as session:
        await put_lamp(session, 90)

        async def lit():
            return (await counted(session)).get("lit") == 1

        await until(lit)
    assert city.run["roles"]["tally"]["restarts"] == 0


async def run(command: list[str], environment: dict[str, str]) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    told, _ = await process.communicate()
    return process.returncode, told


async def test_health_and_settings_and_commands_know_the_service(admin, tmp_path):
    async def well():
        async with admin.get("/health") as answer:
            return (await answer.json())["roles"]["tally"]["state"] == "ok"

    await until(well)
    async with admin.get("/metrics") as answer:
        assert "samstad_tally_lamps 0.0" in await answer.text()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "installed"), str(TALLY)])}
    command = [sys.executable, "-m", "samstad_node.cli.main"]
    code, told = await run([*command, "tally", "about"], environment)
    assert code == 0
    assert b"lamps" in told
    wrong = {**environment, "SAMSTAD_TALLY_LIT_AT_PERCENT": "many"}
    code, told = await run([*command, "settings", "check"], wrong)
    assert code == 3
    assert b"tally.lit_at_percent" in told
    assert json.loads((tmp_path / "data" / "run.json").read_text())["roles"]["tally"]["state"] == "ready"
    assert oct((tmp_path / "data" / "roles" / "tally.key").stat().st_mode & 0o777) == "0o600"


async def test_a_service_that_cannot_be_imported_keeps_no_other_from_starting(tmp_path, start_again):
    environment = install(tmp_path / "installed")
    (tmp_path / "installed" / "samstad_tally-1.0.dist-info" / "entry_points.txt").write_text(
        "[samstad.plugins]\ntally = samstad_tally.plugin:plugin\nlost = samstad_lost.plugin:plugin\n"
    )
    (tmp_path / "samstad.toml").write_text("[lost]\nanything = 1\n")
    environment["SAMSTAD_SETTINGS"] = str(tmp_path / "samstad.toml")
    environment["SAMSTAD_ROLES_RUN"] = "broker,lost,tally"
    city = start_again(tmp_path / "data", environment=environment)
    await city.until_ready()
    assert set(city.run["roles"]) == {"broker", "tally"}
    async with aiohttp.ClientSession(city.url, headers={"X-API-Key": city.key}) as admin:
        await until(lambda: counted(admin))
        async with admin.get("/health") as answer:
            health = await answer.json()
        assert (answer.status, health["ready"]) == (200, True)
        (check,) = health["roles"]["lost"]["checks"]
        assert check["state"] == "degraded"
        assert "samstad_lost" in check["detail"]
        async with admin.get("/lost/v1/anything") as answer:
            assert answer.status == 404
    assert "node.service_unusable" in (tmp_path / "node.log").read_text()
