"""Measure a node over HTTP: requests per CPU-second of its process, with login, history and durability on.

Usage: make bench. Starts a node on a temporary directory, sends with 64 connections from this process, reads
the node's CPU time from /proc (Linux), and writes benchmarks/results.md.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONNECTIONS = 64
SECONDS = 3.0
ROUNDS = 3
PRELOADED = 1_000
ENTITIES = "/ngsi-ld/v1/entities"
TEMPORAL = "/ngsi-ld/v1/temporal/entities"
OBSERVED = "urn:ngsi-ld:Streetlight:bench:observed"
INSTANCES = 10_000
"""Of one attribute of one entity, one a minute: about 167 hours."""
TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: object) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ["Z", "0", *["0"] * 11]  # it has ended


def _children(pid: int) -> list[int]:
    numbers = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [number for number in numbers if _stat(number)[1] == str(pid)]


@dataclass
class Target:
    """The node under test."""

    host: str
    port: int
    key: str
    pid: int

    def cpu_s(self) -> tuple[float, float]:
        """The broker's with the processes that work for it alone, and the broker's own."""
        found = [_stat(pid) for pid in (self.pid, *_children(self.pid))]
        used = [(int(fields[11]) + int(fields[12])) / TICKS for fields in found]
        return sum(used), used[0]


def entity(number: int) -> dict[str, object]:
    """One of the 450-byte entities with five attributes that the figures speak of."""
    return {
        "id": f"urn:ngsi-ld:Streetlight:bench:{number:07}",
        "type": "Streetlight",
        "powerState": {"type": "Property", "value": "on" if number % 3 else "off"},
        "level": {"type": "Property", "value": number % 100, "observedAt": "2026-01-01T00:00:00Z"},
        "power": {"type": "Property", "value": 40 + number % 60, "unitCode": "WTT"},
        "refDevice": {"type": "Relationship", "object": f"urn:ngsi-ld:Device:bench:{number:07}"},
        "location": {
            "type": "GeoProperty",
            "value": {
                "type": "Point",
                "coordinates": [16.5 + number % 100 / 1e3, 59.6 + number // 100 / 1e3],
            },
        },
    }


def request(target: Target, method: str, path: str, body: object = None) -> bytes:
    """Return the bytes of a request."""
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: {target.host}\r\nX-API-Key: {target.key}\r\n"
    if content:
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return head.encode() + b"\r\n" + content


class Sender(asyncio.Protocol):
    """One connection that sends the next request when the answer is there."""

    def __init__(self, make: Callable[[], bytes], until: float) -> None:
        self._make = make
        self._until = until
        self._rest = b""
        self.answers = 0
        self.failures = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(self._make())

    def data_received(self, data: bytes) -> None:
        self._rest += data
        end = self._rest.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._rest[:end].lower()
        place = head.find(b"content-length:")
        length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
        if len(self._rest) < end + 4 + length:
            return
        self.answers += 1
        self.failures += head[9:10] != b"2"
        self._rest = b""
        if time.perf_counter() > self._until:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
        else:
            self._transport.write(self._make())

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self.done.done():
            self.done.set_result(None)


async def measure(target: Target, make: Callable[[], bytes]) -> tuple[float, float, float]:
    """Return answers per CPU-second of broker and workers, per second, and per CPU-second of the broker."""
    loop = asyncio.get_running_loop()
    (cpu, own), began = target.cpu_s(), time.perf_counter()
    until = began + SECONDS
    senders = [
        (await loop.create_connection(lambda: Sender(make, until), target.host, target.port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(sender.done for sender in senders))
    wall, (used, used_own) = time.perf_counter() - began, target.cpu_s()
    failures = sum(sender.failures for sender in senders)
    if failures:
        message = f"{failures} requests were not answered with 2xx"
        raise SystemExit(message)
    answers = sum(sender.answers for sender in senders)
    return answers / (used - cpu), answers / wall, answers / (used_own - own)


def cases(target: Target) -> dict[str, tuple[int, Callable[[], bytes]]]:
    """Return each case: how many entities an answer stands for, and what makes its next request."""
    count = iter(range(10**9))
    query = f"{ENTITIES}?type=Streetlight&limit=20"
    near = "&georel=near%3BmaxDistance==300&geometry=Point&coordinates=%5B16.55,59.605%5D"

    def patch() -> bytes:
        number = next(count)
        path = f"{ENTITIES}/urn:ngsi-ld:Streetlight:bench:{number % PRELOADED:07}/attrs/level"
        return request(target, "PATCH", path, {"value": number})

    def upsert() -> bytes:
        # One attribute of each entity differs every time: what is as it was is not written.
        turn, first = divmod(next(count) * 100, 10_000)
        changed = {"type": "Property", "value": turn, "observedAt": "2026-01-01T00:00:00Z"}
        items = [{**entity(number), "level": changed} for number in range(first, first + 100)]
        return request(target, "POST", "/ngsi-ld/v1/entityOperations/upsert", items)

    def get() -> bytes:
        return request(
            target, "GET", f"{ENTITIES}/urn:ngsi-ld:Streetlight:bench:{next(count) % PRELOADED:07}"
        )

    def aggregated() -> bytes:
        # Another beginning each time, so that nothing that is kept of an answer helps.
        query = f"timerel=after&timeAt=2019-12-31T00:00:00.{next(count) % 1_000_000:06}Z&attrs=level"
        aggregation = "format=aggregatedValues&aggrMethods=avg,max&aggrPeriodDuration=PT1H"
        return request(target, "GET", f"{TEMPORAL}/{OBSERVED}?{query}&{aggregation}")

    return {
        "GET entity by id": (1, get),
        "query by type, limit=20": (1, lambda: request(target, "GET", query)),
        "the same with q of two terms": (
            1,
            lambda: request(target, "GET", query + "&q=level%3E20%3Bpower%3C80"),
        ),
        "the same with georel=near": (1, lambda: request(target, "GET", query + near)),
        "PATCH one attribute": (1, patch),
        "batch upsert of 100 (entities), pool of 10 000": (100, upsert),
        "POST create": (
            1,
            lambda: request(target, "POST", ENTITIES, entity(1_000_000 + next(count))),
        ),
        "temporal: 10 000 instances, avg and max hourly, uncached": (1, aggregated),
    }


async def run(target: Target) -> list[str]:
    rows = []
    for name, (weight, make) in cases(target).items():
        found = [await measure(target, make) for _ in range(ROUNDS)]
        per_cpu = [weight * one for one, *_ in found]
        wall = statistics.median(weight * one for _, one, _ in found)
        own = statistics.median(weight * one for *_, one in found)
        spread = f"{min(per_cpu):,.0f}-{max(per_cpu):,.0f}"
        rows.append(f"| {name} | {statistics.median(per_cpu):,.0f} | {spread} | {own:,.0f} | {wall:,.0f} |")
        print(rows[-1], flush=True)
    return rows


def start(data: Path) -> tuple[subprocess.Popen[bytes], Target]:
    command = [sys.executable, "-m", "samstad_node.cli.main", "serve", "--data", str(data), "--port", "0"]
    process = subprocess.Popen(command, env={**os.environ, "SAMSTAD_DEMO": "1"}, stderr=subprocess.DEVNULL)
    for _ in range(400):
        time.sleep(0.05)
        try:
            role = json.loads((data / "run.json").read_text())["roles"]["broker"]
            key = (data / "admin.key").read_text().strip()
            return process, Target("127.0.0.1", role["ports"]["http"], key, role["pid"])
        except (OSError, KeyError, ValueError):
            continue
    message = "the node did not start"
    raise SystemExit(message)


def preload(target: Target) -> None:
    for first in range(0, PRELOADED, 500):
        send(
            target,
            "/ngsi-ld/v1/entityOperations/upsert",
            [entity(number) for number in range(first, first + 500)],
        )
    for first in range(0, INSTANCES, 2_000):
        instances = [observation(number) for number in range(first, first + 2_000)]
        send(target, TEMPORAL, {"id": OBSERVED, "type": "Streetlight", "level": instances})


def observation(number: int) -> dict[str, object]:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_577_836_800 + number * 60))
    return {"type": "Property", "value": number % 100 + 0.5, "observedAt": at}


def send(target: Target, path: str, body: object) -> None:
    url = f"http://{target.host}:{target.port}{path}"
    headers = {"X-API-Key": target.key, "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).read()


def main() -> None:
    load = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as directory:
        process, target = start(Path(directory) / "data")
        try:
            preload(target)
            rows = asyncio.run(run(target))
            load.append(os.getloadavg()[0])
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    head = [
        "# Figures",
        "",
        "Measured on {day} with `make bench`: {machine}; {connections} connections, login, history and "
        "durability on, {loaded} entities of 450 bytes preloaded; median and spread of {rounds} rounds of "
        "{seconds:.0f} s. The sender runs on the same machine, whose load average was {before:.1f} before "
        "and {after:.1f} after: what is more than 2 of it is the work of others, who share cores and caches "
        "and make every figure lower.".format(
            day=time.strftime("%Y-%m-%d"),
            machine=machine,
            connections=CONNECTIONS,
            loaded=PRELOADED,
            rounds=ROUNDS,
            seconds=SECONDS,
            before=load[0],
            after=load[-1],
        ),
        "",
        "| case | per CPU-second of broker and workers | spread | of the broker alone | per second |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    results = HERE / "results.md"
    _, heading, rest = results.read_text().partition("\n## ")
    results.write_text("\n".join([*head, *rows, ""]) + heading + rest)


if __name__ == "__main__":
    main()
