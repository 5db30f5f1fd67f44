"""Data that earlier releases wrote open in this one: state, history, subscriptions, registrations, keys."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tarfile
from pathlib import Path

import aiohttp
import pytest

RELEASES = sorted((Path(__file__).parent / "releases").glob("*.tar.gz"))
API = "/ngsi-ld/v1"
LAMP = "urn:ngsi-ld:Streetlight:frozen"


async def get(session, url, path, **query):
    async with session.get(f"{url}{API}/{path}", params=query) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


def test_there_is_a_release_to_come_from():
    assert RELEASES


@pytest.mark.system
@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name.removesuffix(".tar.gz"))
async def test_what_a_release_wrote_is_there(release, tmp_path, start_again):
    with tarfile.open(release) as archive:
        archive.extractall(tmp_path / "frozen", filter="data")
    restore = ["restore", str(tmp_path / "frozen" / "backup"), "--data", str(tmp_path / "data")]
    command = [sys.executable, "-m", "samstad_node.cli.main", *restore]
    done = await asyncio.to_thread(subprocess.run, command, check=False)
    assert done.returncode == 0
    node = start_again(tmp_path / "data")
    await node.until_ready()
    key = (tmp_path / "frozen" / "admin.key").read_text()
    async with aiohttp.ClientSession(headers={"X-API-Key": key}) as session:
        lamp = await get(session, node.url, f"entities/{LAMP}")
        assert [instance["value"] for instance in lamp["power"]] == [50, 3]
        assert "name" not in lamp
        assert lamp["scope"] == "/Centre"
        evolution = await get(session, node.url, f"temporal/entities/{LAMP}")
        assert sorted(instance["value"] for instance in evolution["power"]) == [3, 50, 60, 70.5]
        near = {"georel": "near;maxDistance==100", "geometry": "Point", "coordinates": "[16.55,59.61]"}
        assert len(await get(session, node.url, "entities", type="Streetlight", **near)) == 1
        subscriptions = await get(session, node.url, "subscriptions")
        roles_own = "urn:ngsi-ld:Subscription:devices:"
        assert len([one for one in subscriptions if not one["id"].startswith(roles_own)]) == 1
        assert len(await get(session, node.url, "csourceRegistrations", type="WasteContainer")) == 1
        body = {"id": "urn:ngsi-ld:Streetlight:new", "type": "Streetlight"}
        async with session.post(f"{node.url}{API}/entities", json=body) as answer:
            assert answer.status == 201
    async with aiohttp.ClientSession() as nobody, nobody.get(f"{node.url}{API}/entities/{LAMP}") as answer:
        assert answer.status == 401
