"""Keys from the command line: the first administrator of a node, and keys given and ended while it runs."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import aiohttp
import pytest

pytestmark = pytest.mark.system

ENTITIES = "/ngsi-ld/v1/entities"
LAMP = {"id": "urn:ngsi-ld:Lamp:1", "type": "Lamp"}


@pytest.fixture
def samstad(tmp_path):
    async def run(*words: str, **environment: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "samstad_node.cli.main", *words, "--data", str(tmp_path / "data"),
            env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, error = await process.communicate()
        return process.returncode, out.decode(), error.decode()

    return run


async def may_write(url: str, key: str) -> int:
    async with (
        aiohttp.ClientSession(headers={"X-API-Key": key}) as session,
        session.post(url + "/ngsi-ld/v1/entityOperations/upsert", json=[LAMP]) as answer,
    ):
        return answer.status


async def account_is_whole(samstad) -> None:
    """What was done to keys, before the node ran and while it does, stands in one chain, with the reasons."""
    code, out, _ = await samstad("audit", "check", "--json")
    assert (code, json.loads(out)["ok"]) == (0, True)
    _, out, _ = await samstad("audit", "list", "--what", "key.")
    begun, *_, ended = out.splitlines()
    assert "local key.create" in begun
    assert "anna key.revoke" in ended
    assert "för gammal" in ended


async def test_the_first_administrator_comes_from_the_data_directory_and_goes_on_from_there(
    tmp_path, samstad, start_again
):
    code, out, _ = await samstad("keys", "create", "anna", "--role", "administrator", "--person", "--json")
    assert code == 0
    admin = json.loads(out)["key"]
    assert (await samstad("keys", "create", "nobody"))[0] == 3
    plain = {name: value for name, value in os.environ.items() if name != "SAMSTAD_DEMO"}
    plain["SAMSTAD_ROLES_RUN"] = "broker"
    node = start_again(tmp_path / "data", environment=plain)
    await node.until_ready()
    assert await may_write(node.url, admin) in {201, 204}

    code, _, error = await samstad("keys", "create", "meter", "--role", "device-writer")
    assert code == 3
    assert "SAMSTAD_KEY" in error
    code, out, _ = await samstad(
        "keys", "create", "meter", "--role", "device-writer", "--days", "30", "--json", SAMSTAD_KEY=admin
    )
    assert code == 0
    made = json.loads(out)
    assert await may_write(node.url, made["key"]) in {201, 204}
    code, out, _ = await samstad("keys", "list", "--principal", "meter", SAMSTAD_KEY=admin)
    assert made["id"] in out
    assert made["key"] not in out

    code, out, _ = await samstad("keys", "rotate", made["id"], "--json", SAMSTAD_KEY=admin)
    successor = json.loads(out)
    assert await may_write(node.url, successor["key"]) in {201, 204}
    assert (await samstad("keys", "revoke", made["id"], "--reason", "för gammal", SAMSTAD_KEY=admin))[0] == 0
    assert await may_write(node.url, made["key"]) == 401
    assert await may_write(node.url, successor["key"]) in {201, 204}
    assert (await samstad("keys", "revoke", "nothing", SAMSTAD_KEY=admin))[0] == 3
    assert (await samstad("keys", "list", SAMSTAD_KEY=successor["key"]))[0] == 3
    await account_is_whole(samstad)


async def test_a_key_that_was_ended_while_the_node_stood_still_counts_no_more(tmp_path, samstad, start_again):
    _, out, _ = await samstad("keys", "create", "anna", "--role", "administrator", "--json")
    made = json.loads(out)
    assert (await samstad("keys", "revoke", made["id"]))[0] == 0
    node = start_again(tmp_path / "data")
    await node.until_ready()
    assert await may_write(node.url, made["key"]) == 401
    assert await may_write(node.url, node.key) in {201, 204}
