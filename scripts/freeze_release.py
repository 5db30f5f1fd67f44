"""Freeze the data that this release writes, so that later ones are tried on them.

Usage: scripts/freeze_release.py, once at each release. It runs a node, writes a little of everything, and
packs its backup into tests/system/releases. A file that is there is never written again: it says what that
release really wrote.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parent.parent
RELEASES = ROOT / "tests" / "system" / "releases"
API = "/ngsi-ld/v1"
LAMP = "urn:ngsi-ld:Streetlight:frozen"
ENTITY: dict[str, Any] = {
    "id": LAMP,
    "type": "Streetlight",
    "scope": "/Centre",
    "power": [
        {"type": "Property", "value": 70.5, "unitCode": "WTT", "observedAt": "2026-11-25T02:00:00Z"},
        {"type": "Property", "value": 3, "datasetId": "urn:ngsi-ld:Dataset:west"},
    ],
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [16.55, 59.61]}},
    "refDevice": {"type": "Relationship", "object": "urn:ngsi-ld:Device:7"},
    "name": {"type": "LanguageProperty", "languageMap": {"sv": "lykta", "en": "lamp"}},
}
SUBSCRIPTION: dict[str, Any] = {
    "id": "urn:ngsi-ld:Subscription:frozen",
    "type": "Subscription",
    "entities": [{"type": "Streetlight"}],
    "notification": {"endpoint": {"uri": "http://192.0.2.1/told", "accept": "application/json"}},
}
REGISTRATION: dict[str, Any] = {
    "id": "urn:ngsi-ld:ContextSourceRegistration:frozen",
    "type": "ContextSourceRegistration",
    "information": [{"entities": [{"type": "WasteContainer"}]}],
    "endpoint": "http://192.0.2.2",
}


async def fill(url: str, key: str) -> None:
    """Write a little of everything that a node keeps."""
    async with aiohttp.ClientSession(headers={"X-API-Key": key}) as session:
        posts = (
            ("entities", ENTITY),
            ("subscriptions", SUBSCRIPTION),
            ("csourceRegistrations", REGISTRATION),
        )
        for path, body in posts:
            async with session.post(f"{url}{API}/{path}", json=body) as answer:
                answer.raise_for_status()
        for value in (60, 50):
            change = {"value": value, "observedAt": f"2026-11-25T0{value // 20}:00:00Z"}
            async with session.patch(f"{url}{API}/entities/{LAMP}/attrs/power", json=change) as answer:
                answer.raise_for_status()
        async with session.delete(f"{url}{API}/entities/{LAMP}/attrs/name") as answer:
            answer.raise_for_status()


def running(data: Path) -> tuple[str, str]:
    """Return the URL and the administrator's key of a node, once it runs."""
    for _ in range(300):
        try:
            run = json.loads((data / "run.json").read_text())
            port = run["roles"]["broker"]["ports"]["http"]
            return f"http://127.0.0.1:{port}", (data / "admin.key").read_text().strip()
        except (OSError, ValueError, KeyError):
            asyncio.run(asyncio.sleep(0.1))
    raise TimeoutError("the node did not start")


def main() -> int:
    """Write the file of this release, if it is not there."""
    target = RELEASES / f"{version('samstad-node')}.tar.gz"
    if target.exists():
        print(f"{target.relative_to(ROOT)} is there already: a release is frozen once")
        return 1
    samstad = [sys.executable, "-m", "samstad_node.cli.main"]
    with tempfile.TemporaryDirectory() as place:
        data, backup, key = Path(place) / "data", Path(place) / "backup", Path(place) / "admin.key"
        serve = [*samstad, "serve", "--data", str(data), "--port", "0"]
        with subprocess.Popen(serve, env={**os.environ, "SAMSTAD_DEMO": "1"}) as node:
            try:
                url, text = running(data)
                asyncio.run(fill(url, text))
                subprocess.run([*samstad, "backup", str(backup), "--data", str(data)], check=True)
            finally:
                node.terminate()
        # The key opens nothing but these frozen data; the test logs in with it.
        key.write_text(text)
        RELEASES.mkdir(exist_ok=True)
        with tarfile.open(target, "w:gz") as archive:
            archive.add(backup, "backup")
            archive.add(key, "admin.key")
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
