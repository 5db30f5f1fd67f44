"""Backup while serving, restore, export and import again: nothing acknowledged before is missing (I10)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ENTITIES = "/ngsi-ld/v1/entities"
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"


def samstad(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "samstad_node.cli.main", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def lamp(number: int) -> dict:
    return {
        "id": f"urn:ngsi-ld:Streetlight:{number}",
        "type": "Streetlight",
        "power": {"type": "Property", "value": number, "observedAt": "2026-11-25T02:00:00Z"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [16.5, 59.6]}},
        "name": {"type": "LanguageProperty", "languageMap": {"sv": "lykta", "en": "lamp"}},
    }


async def create(node, client, number: int) -> None:
    async with client.post(f"{node.url}{ENTITIES}", json=lamp(number)) as answer:
        assert answer.status == 201, await answer.text()


async def count(node, client) -> int:
    query = {"type": "Streetlight", "limit": "0", "count": "true"}
    async with client.get(f"{node.url}{ENTITIES}", params=query) as answer:
        return int(answer.headers["NGSILD-Results-Count"])


async def evolution(node, client, number: int) -> dict:
    async with client.get(f"{node.url}/ngsi-ld/v1/temporal/entities/{lamp(number)['id']}") as answer:
        return await answer.json()


@pytest.mark.system
async def test_a_backup_made_under_load_is_a_node_again(node, client, tmp_path, start_again):
    for number in range(50):
        await create(node, client, number)
    going = True

    async def load() -> int:
        number = 1000
        while going:
            await create(node, client, number)
            number += 1
        return number - 1000

    writing = asyncio.create_task(load())
    made = await asyncio.to_thread(samstad, "backup", tmp_path / "backup", "--data", node.data, "--json")
    going = False
    written_meanwhile = await writing
    assert made.returncode == 0, made.stderr
    assert written_meanwhile > 0
    note = json.loads(made.stdout)
    before = await evolution(node, client, 7)
    # The same key works at the restored node: its hash came along, in clear text it stands nowhere.
    assert not list((tmp_path / "backup").rglob("admin.key"))
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "backup").glob("*.db"))

    restored = samstad("restore", tmp_path / "backup", "--data", tmp_path / "again")
    assert restored.returncode == 0, restored.stderr
    other = start_again(tmp_path / "again")
    await other.until_ready()
    other_count = await count(other, client)
    assert 50 <= other_count <= 50 + written_meanwhile
    assert int(note["position"].split(".")[1]) >= 50
    assert await evolution(other, client, 7) == before
    await create(other, client, 99_999)
    assert await count(other, client) == other_count + 1


def is_a_services(subscription: str) -> bool:
    """Whether a role of the node keeps the subscription for itself."""
    return subscription.startswith("urn:ngsi-ld:Subscription:devices:")


@pytest.mark.system
async def test_an_export_is_read_by_others_and_imported_again(node, client, tmp_path, start_again):
    for number in range(30):
        await create(node, client, number)
    subscription = {
        "id": "urn:ngsi-ld:Subscription:s1",
        "type": "Subscription",
        "entities": [{"type": "Streetlight"}],
        "notification": {"endpoint": {"uri": "http://192.0.2.1/", "accept": "application/json"}},
    }
    async with client.post(f"{node.url}/ngsi-ld/v1/subscriptions", json=subscription) as answer:
        assert answer.status == 201, await answer.text()
    made = await asyncio.to_thread(samstad, "export", tmp_path / "out", "--data", node.data, "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["counts"]["entities"] == 30
    assert json.loads(made.stdout)["counts"]["documents"] >= 1
    assert not (tmp_path / "out.backup").exists()

    told = (tmp_path / "out" / "README.txt").read_text()
    assert CORE in told
    documents = json.loads((tmp_path / "out/documents/default/subscriptions.json").read_text())
    assert [one for one in documents if not is_a_services(one)] == ["urn:ngsi-ld:Subscription:s1"]
    history = duckdb.read_parquet(f"{tmp_path}/out/history/*/*.parquet")
    rows = history.filter("attribute LIKE '%power'").select("number")
    assert sorted(number for (number,) in rows.fetchall()) == list(range(30))
    principals = (tmp_path / "out/tables/access").glob("*.ndjson")
    assert any("admin" in path.read_text() for path in principals)
    assert node.key not in "".join(p.read_text(errors="ignore") for p in (tmp_path / "out").rglob("*.ndjson"))

    other = start_again(tmp_path / "other")
    await other.until_ready()
    file = tmp_path / "out/entities/default/00001.json"
    taken = samstad("import", file, "--url", other.url, "--key", other.key, "--context", CORE)
    assert taken.returncode == 0, taken.stderr + taken.stdout
    client.headers["X-API-Key"] = other.key
    async with client.get(f"{other.url}{ENTITIES}/{lamp(7)['id']}") as answer:
        assert await answer.json() == lamp(7)


def test_what_cannot_be_copied_is_said_with_what_to_do(tmp_path):
    nothing = samstad("backup", tmp_path / "b", "--data", tmp_path / "nowhere")
    assert nothing.returncode == 3
    assert "holds no node's data" in nothing.stderr
    assert not (tmp_path / "b").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    refused = samstad("restore", tmp_path / "full", "--data", tmp_path / "new")
    assert refused.returncode == 3
    assert "is no backup" in refused.stderr
    assert (tmp_path / "full" / "x").read_text() == "mine"
    assert not Path(tmp_path / "new").exists()
