"""What notifications cost a node, and what ten thousand subscriptions cost a write.

Usage: .venv/bin/python benchmarks/subscriptions.py. Everything is told per CPU-second of the node's process,
or in microseconds of its processor time; senders and receivers are processes of their own.
"""

from __future__ import annotations

import asyncio
import http.client
import multiprocessing
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import run
from run import ENTITIES, Target, entity, request

RECEIVERS = 20
"""Subscriptions that each change is told to, every one with an endpoint of its own."""
MANY = 10_000
BATCH = 500
LAMPS = 1_000
SECONDS = 4.0
ROUNDS = 3
WRITES_PER_S = 100
"""Slow enough that each change is told by itself: under more of them one request tells of many."""


class Receiver(asyncio.Protocol):
    """Counts requests and says that each was fine."""

    def __init__(self, requests: Synchronized[int], entities: Synchronized[int]) -> None:
        self.requests = requests
        self.entities = entities
        self.data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end].lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            if len(self.data) < end + 4 + length:
                return
            body, self.data = self.data[end + 4 : end + 4 + length], self.data[end + 4 + length :]
            self.requests.value += 1
            self.entities.value += body.count(b'"type":"Streetlight"')
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")  # type: ignore[attr-defined]


def receive(ports: Synchronized[int], requests: Synchronized[int], entities: Synchronized[int]) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Receiver(requests, entities), "127.0.0.1", 0, backlog=1024)
        ports.value = server.sockets[0].getsockname()[1]
        await asyncio.Event().wait()

    asyncio.run(serve())


def subscription(number: int, **members: object) -> dict[str, object]:
    return {
        "id": f"urn:ngsi-ld:Subscription:bench:{number}",
        "type": "Subscription",
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/"}},
        **members,
    }


def of_others(number: int) -> dict[str, object]:
    """A subscription that no change of the measured lamps concerns, of one of five kinds."""
    kinds: list[dict[str, object]] = [
        {"entities": [{"type": "Streetlight", "id": f"urn:ngsi-ld:Streetlight:other:{number}"}]},
        {"entities": [{"type": f"Other{number % 500}"}]},
        {"entities": [{"type": "Streetlight"}], "watchedAttributes": [f"attribute{number}"]},
        {"entities": [{"type": "Streetlight"}], "watchedAttributes": ["level"], "q": f"level>{1e6 + number}"},
        {"entities": [{"type": "Streetlight", "idPattern": f"^urn:ngsi-ld:Streetlight:x{number}"}]},
    ]
    return subscription(number, **kinds[number % len(kinds)])


def subscribe(target: Target, wanted: list[dict[str, object]]) -> None:
    for one in wanted:
        run.send(target, "/ngsi-ld/v1/subscriptions", one)


def start(data: Path) -> tuple[subprocess.Popen[bytes], Target]:
    os.environ["SAMSTAD_NOTIFICATIONS_ALLOW_NETWORKS"] = "127.0.0.0/8"
    process, target = run.start(data)
    for first in range(0, LAMPS, BATCH):
        items = [entity(number) for number in range(first, first + BATCH)]
        run.send(target, "/ngsi-ld/v1/entityOperations/upsert", items)
    return process, target


def patch(target: Target) -> tuple[float, float]:
    numbers = count()

    def make() -> bytes:
        number = next(numbers)
        path = f"{ENTITIES}/urn:ngsi-ld:Streetlight:bench:{number % LAMPS:07}/attrs/level"
        return request(target, "PATCH", path, {"value": number})

    run.SECONDS = SECONDS
    return asyncio.run(run.measure(target, make))


def paced(target: Target, values: Iterator[int]) -> None:
    """Change one lamp after another, so many in a second, each to a value of its own."""
    connection = http.client.HTTPConnection(target.host, target.port)
    headers = {"X-API-Key": target.key, "Content-Type": "application/json"}
    began = time.perf_counter()
    for number in range(int(SECONDS * WRITES_PER_S)):
        path = f"{ENTITIES}/urn:ngsi-ld:Streetlight:bench:{number % LAMPS:07}/attrs/level"
        connection.request("PATCH", path, b'{"value": %d}' % next(values), headers)
        connection.getresponse().read()
        time.sleep(max(0.0, began + number / WRITES_PER_S - time.perf_counter()))
    connection.close()


def notifications(requests: Synchronized[int], entities: Synchronized[int], port: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        process, target = start(Path(directory) / "data")
        wanted = [
            subscription(
                number,
                entities=[{"type": "Streetlight"}],
                watchedAttributes=["level"],
                notification={"endpoint": {"uri": f"http://127.0.0.1:{port}/{number}"}},
            )
            for number in range(RECEIVERS)
        ]
        subscribe(target, wanted)
        found, values = [], count(1_000)
        for _ in range(ROUNDS):
            time.sleep(1.0)
            before, told, cpu = requests.value, entities.value, target.cpu_s()
            paced(target, values)
            time.sleep(0.5)
            used = target.cpu_s() - cpu
            found.append(((requests.value - before) / used, (entities.value - told) / used))
        process.terminate()
        process.wait()
    per_request, per_entity = (statistics.median(column) for column in zip(*found, strict=True))
    spread = f"{min(one for one, _ in found):,.0f}-{max(one for one, _ in found):,.0f}"
    print(f"| notifications, {RECEIVERS} to each change (requests) | {per_request:,.0f} | {spread} |")
    print(f"| the same (entities in them) | {per_entity:,.0f} | |")


def writes() -> None:
    with tempfile.TemporaryDirectory() as directory:
        process, target = start(Path(directory) / "data")
        without = [1e6 / patch(target)[0] for _ in range(ROUNDS)]
        subscribe(target, [of_others(number) for number in range(MANY)])
        time.sleep(2.0)
        within = [1e6 / patch(target)[0] for _ in range(ROUNDS)]
        process.terminate()
        process.wait()
    rows = {"PATCH without subscriptions": without, f"PATCH among {MANY:,} of others": within}
    for name, found in rows.items():
        print(f"| {name}, µs | {statistics.median(found):.1f} | {min(found):.1f}-{max(found):.1f} |")


def main() -> None:
    port, requests, entities = (multiprocessing.Value("q", 0) for _ in range(3))
    receiver = multiprocessing.Process(target=receive, args=(port, requests, entities), daemon=True)
    receiver.start()
    while not port.value:
        time.sleep(0.01)
    print("| case | measured | spread |\n| --- | ---: | ---: |")
    notifications(requests, entities, port.value)
    writes()
    receiver.terminate()


if __name__ == "__main__":
    main()
