"""What asking another node as well costs a request, against asking each of the two alone.

Usage: .venv/bin/python benchmarks/federation.py. Two nodes on this machine hold 500 entities each; one client
asks one request after the other, the cases by turns. Told is the median of each case in its best round.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import orjson

ROOT = "/ngsi-ld/v1"
HELD = 500
ROUNDS = 8
REQUESTS = 60
BUDGET_MS = 5.0
CASES = {
    "GET entity of the other node": "/entities/urn:ngsi-ld:Bin:waste:7",
    "query by type, limit=20": "/entities?type=Bin&limit=20",
    "the same with q": "/entities?type=Bin&limit=20&q=fill>250",
    "query by type, limit=100": "/entities?type=Bin&limit=100",
    "the page where the other node's begin": "/entities?type=Bin&limit=20&offset=500",
    "a type that nobody registered": "/entities?type=Lamp",
}


class Node:
    """One node as its administrator asks it."""

    def __init__(self, data: Path) -> None:
        run = orjson.loads((data / "run.json").read_bytes())
        self.url = f"http://127.0.0.1:{run['roles']['broker']['ports']['http']}"
        self.key = (data / "admin.key").read_text().strip()

    def session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(self.url, headers={"X-API-Key": self.key})


@contextmanager
def started(directory: Path, name: str) -> Iterator[Path]:
    environment = {
        **os.environ,
        "SAMSTAD_DEMO": "1",
        "SAMSTAD_NODE_NAME": name,
        "SAMSTAD_ROLES_RUN": "broker",
        "SAMSTAD_NOTIFICATIONS_ALLOW_NETWORKS": "127.0.0.0/8",
    }
    data = directory / name
    command = [sys.executable, "-m", "samstad_node.cli.main", "serve", "--data", str(data), "--port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (data / "run.json").exists() or b'"http"' not in (data / "run.json").read_bytes():
            time.sleep(0.1)
        yield data
    finally:
        process.terminate()
        process.wait()


async def fill(node: Node, owner: str) -> None:
    entities = [
        {
            "id": f"urn:ngsi-ld:Bin:{owner}:{number}",
            "type": "Bin",
            "fill": {"type": "Property", "value": number, "unitCode": "P1"},
            "location": {
                "type": "GeoProperty",
                "value": {"type": "Point", "coordinates": [18 + number / 1000, 59.3]},
            },
        }
        for number in range(HELD)
    ]
    async with (
        node.session() as session,
        session.post(f"{ROOT}/entityOperations/upsert", json=entities) as got,
    ):
        got.raise_for_status()


async def register(node: Node, other: Node) -> None:
    body = {
        "type": "ContextSourceRegistration",
        "endpoint": other.url,
        "contextSourceAlias": "waste",
        "information": [{"entities": [{"type": "Bin"}]}],
        "contextSourceInfo": [{"key": "X-API-Key", "value": other.key}],
    }
    async with node.session() as session, session.post(f"{ROOT}/csourceRegistrations", json=body) as got:
        got.raise_for_status()


async def median_ms(session: aiohttp.ClientSession, path: str, status: tuple[int, ...] = (200,)) -> float:
    times = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        async with session.get(ROOT + path) as got:
            await got.read()
        times.append((time.perf_counter() - begun) * 1000)
        if got.status not in status:
            message = f"{path}: {got.status}"
            raise RuntimeError(message)
    return statistics.median(times)


async def measure(roads: Node, waste: Node) -> None:
    print("| request | here alone, ms | the other alone, ms | both as one, ms | allowed, ms |")
    print("| --- | ---: | ---: | ---: | ---: |")
    async with roads.session() as here, waste.session() as there:
        for title, path in CASES.items():
            alone = path + ("&" if "?" in path else "?") + "local=true"
            rounds = [
                (
                    await median_ms(here, alone, (200, 404)),
                    await median_ms(there, alone),
                    await median_ms(here, path),
                )
                for _ in range(ROUNDS)
            ]
            one, other, both = (min(column) for column in zip(*rounds, strict=True))
            allowed = 2 * max(one, other) + BUDGET_MS
            print(f"| {title} | {one:.2f} | {other:.2f} | {both:.2f} | {allowed:.2f} |")


async def main(first: Path, second: Path) -> None:
    roads, waste = Node(first), Node(second)
    await fill(roads, "roads")
    await fill(waste, "waste")
    await register(roads, waste)
    await measure(roads, waste)


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as base,
        started(Path(base), "roads") as first,
        started(Path(base), "waste") as second,
    ):
        asyncio.run(main(first, second))
