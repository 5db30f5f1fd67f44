"""How memory, start and the cost of each operation grow with the number of entities.

Usage: .venv/bin/python benchmarks/growth.py [LARGEST], which is 200 000 unless told otherwise. Costs are
microseconds of the node's processor time for each request, so that they can be compared on a machine that
does other things.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import run
from run import ENTITIES, Target, entity, request

MIB = 1024 * 1024
SIZES = (1_000, 10_000, 50_000, 200_000, 1_000_000)
BATCH = 1_000
TYPE = "type=Streetlight&limit=20"
NEAR = "&georel=near%3BmaxDistance==300&geometry=Point&coordinates=%5B16.55,59.605%5D"


def resident(target: Target) -> int:
    """Return the bytes of memory that the node's process holds."""
    for line in Path(f"/proc/{target.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("the process is gone")


def load(target: Target, first: int, last: int) -> None:
    for begin in range(first, last, BATCH):
        items = [entity(number) for number in range(begin, min(begin + BATCH, last))]
        run.send(target, "/ngsi-ld/v1/entityOperations/create", items)


def settled(target: Target) -> None:
    """Wait until the history has taken everything in and the checkpoint is written."""
    for _ in range(600):
        with urllib.request.urlopen(f"http://{target.host}:{target.port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        lag = next(float(line.split()[-1]) for line in lines if line.startswith("samstad_history_lag_rows "))
        if lag == 0:
            time.sleep(6)
            return
        time.sleep(0.5)


def questions(target: Target, size: int) -> Iterator[tuple[str, Callable[[], bytes]]]:
    count = iter(range(10**9))

    def one(number: int) -> str:
        return f"{ENTITIES}/urn:ngsi-ld:Streetlight:bench:{number:07}"

    def patch() -> bytes:
        number = next(count)
        return request(target, "PATCH", one(number * 7919 % size) + "/attrs/level", {"value": number})

    def create() -> bytes:
        number = next(count)
        body = {**entity(number % size), "id": f"urn:ngsi-ld:Streetlight:new:{size}:{number}"}
        return request(target, "POST", ENTITIES, body)

    yield "GET by id", lambda: request(target, "GET", one(next(count) * 7919 % size))
    yield "by type, first page", lambda: request(target, "GET", f"{ENTITIES}?{TYPE}")
    yield "by type, last page", lambda: request(target, "GET", f"{ENTITIES}?{TYPE}&offset={size - 20}")
    yield "q of two terms", lambda: request(target, "GET", f"{ENTITIES}?{TYPE}&q=level%3E20%3Bpower%3C80")
    yield "georel=near", lambda: request(target, "GET", f"{ENTITIES}?{TYPE}{NEAR}")
    yield "PATCH", patch
    yield "create", create


def measured(target: Target, size: int) -> dict[str, float]:
    found = {}
    for name, make in questions(target, size):
        per_cpu, *_ = asyncio.run(run.measure(target, make))
        found[name] = 1e6 / per_cpu
    return found


def restarted(data: Path) -> tuple[float, subprocess.Popen[bytes], Target]:
    began = time.perf_counter()
    process, target = run.start(data)
    one = urllib.request.Request(
        f"http://{target.host}:{target.port}{ENTITIES}?type=Streetlight&limit=1",
        headers={"X-API-Key": target.key},
    )
    urllib.request.urlopen(one).read()  # noqa: S310 - the node on this machine
    return time.perf_counter() - began, process, target


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def main() -> None:
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    run.SECONDS = 2.0
    rows: dict[int, dict[str, float]] = {}
    told: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "data"
        told["empty node ready after, s"], process, target = restarted(data)
        told["memory of the empty node, MiB"] = resident(target) / MIB
        have = 0
        for size in [size for size in SIZES if size <= largest]:
            load(target, have, size)
            have = size
            settled(target)
            if size == 200_000:
                # As it is after a start: what loading left behind is not the entities' memory.
                stop(process)
                told["200 000 entities ready after, s"], process, target = restarted(data)
                settled(target)  # the places are taken in beside
                held = resident(target) / MIB - told["memory of the empty node, MiB"]
                told["memory of an entity, bytes"] = held * MIB / size
            rows[size] = measured(target, size)
            print(size, json.dumps({name: round(cost, 1) for name, cost in rows[size].items()}), flush=True)
        stop(process)
    print("\n| µs of processor time | " + " | ".join(f"{size:,}" for size in rows) + " |")
    print("| --- |" + " ---: |" * len(rows))
    for name in next(iter(rows.values())):
        print(f"| {name} | " + " | ".join(f"{row[name]:.0f}" for row in rows.values()) + " |")
    print("\n| size | measured |\n| --- | ---: |")
    for name, value in told.items():
        print(f"| {name} | {value:,.2f} |")


if __name__ == "__main__":
    main()
