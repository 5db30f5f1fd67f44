"""Measure devices: MQTT into the disk, idle connections, webhooks to places, silent devices, tables.

Usage: .venv/bin/python benchmarks/devices.py [mqtt] [idle] [silent] [uplinks] [places] [table]; none is all.
Senders run in processes of their own, so that the CPU time told is the role's alone. It prints a table, which
docs/reference/devices.md quotes.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import aiohttp
import uvloop

from samstad_devices.gateway.mqtt.endpoint import MqttEndpoint
from samstad_devices.service.directory import Directory
from samstad_devices.service.ingest import Ingest
from samstad_devices.service.silence import Silence
from samstad_devices.spi.frame_store import Heard
from samstad_devices.store.credentials import SqliteCredentials
from samstad_devices.store.database import Database
from samstad_devices.store.frames import SqliteFrames
from samstad_node.supervisor import RoleState, RunFile

MESSAGES, PUBLISHERS, WINDOW = 100_000, 100, 20
IDLE = 9_500
DEVICES = 200_000
UPLINKS, BINS, SENDERS = 20_000, 500, 16
ROWS = 10_000
PAYLOAD = b'{"level": 42, "battery": 3.61, "temperature": 17.4, "time": "2026-11-25T02:00:00Z"}'
CODEC = """function decodeUplink(input) {
  return {data: {level: input.bytes[0], battery: (input.bytes[1] << 8 | input.bytes[2]) / 1000,
                 temperature: ((input.bytes[3] << 8 | input.bytes[4]) << 16 >> 16) / 10}};
}"""
TICKS = os.sysconf("SC_CLK_TCK")
PROFILE = "https://w3id.org/samstad/deviceProfile"
IDENTIFIERS = "https://w3id.org/samstad/identifiers"


def now_us() -> int:
    return time.time_ns() // 1_000


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process and of the children that it has."""
    total = 0.0
    for one in (pid, *children(pid)):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - other processes and sockets change it
        await asyncio.sleep(0.02)


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(one) for one in task.read_text().split()]
    return found


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


# -- MQTT -------------------------------------------------------------------------------------------


def connect_packet(token: str) -> bytes:
    body = b"\x00\x04MQTT\x04\xc2\x00\x00\x00\x01c\x00\x01u" + len(token).to_bytes(2) + token.encode()
    return bytes((0x10, len(body))) + body


def publish_packet(number: int, *, is_binary: bool) -> bytes:
    payload = readings(number) if is_binary else PAYLOAD
    topic = b"\x00\x09d/me/up/2" if is_binary else b"\x00\x07d/me/up"
    body = topic + (number % 65_535 + 1).to_bytes(2) + payload
    if len(body) < 128:
        return b"\x32" + bytes((len(body),)) + body
    return b"\x32" + bytes((len(body) & 0x7F | 0x80, len(body) >> 7)) + body


async def publisher(port: int, token: str, count: int, *, is_binary: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(connect_packet(token))
    await reader.readexactly(4)
    sent = acknowledged = 0
    while acknowledged < count:
        more = min(WINDOW - (sent - acknowledged), count - sent)
        writer.write(b"".join(publish_packet(sent + one, is_binary=is_binary) for one in range(more)))
        sent += more
        acknowledged += len(await reader.read(65_536)) // 4
    writer.close()


def publish_all(port: int, tokens: list[str], count: int, is_binary: bool) -> None:
    async def work() -> None:
        await asyncio.gather(*(publisher(port, token, count, is_binary=is_binary) for token in tokens))

    uvloop.run(work())


def stay_connected(port: int, token: str, count: int, ready: multiprocessing.synchronize.Event) -> None:
    async def one() -> asyncio.StreamWriter:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(connect_packet(token))
        await reader.readexactly(4)
        return writer

    async def work() -> None:
        # One token each would be the same work for the endpoint; the last connection of a device stays.
        kept = []
        for first in range(0, count, 200):
            kept += await asyncio.gather(*(one() for _ in range(min(200, count - first))))
        ready.set()
        await asyncio.sleep(3_600)

    uvloop.run(work())


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[tuple[MqttEndpoint, Ingest, SqliteCredentials]]:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory:
        database = Database(Path(directory) / "devices.db")
        await database.open()
        frames, credentials = SqliteFrames(database), SqliteCredentials(database)
        ingest = Ingest(
            frames=frames,
            directory=Directory(),
            understanding=None,
            city=None,
            now_us=now_us,  # type: ignore[arg-type]
        )
        endpoint = MqttEndpoint(
            credentials, lambda one: ingest.offer("mqtt", one), now_us=now_us, connections=20_000
        )
        await endpoint.listen(host="127.0.0.1", port=0)
        yield endpoint, ingest, credentials
        await endpoint.close()
        await frames.close()
        await database.close()


async def tokens_of(credentials: SqliteCredentials, count: int) -> list[str]:
    names = (f"urn:ngsi-ld:Device:bench:{number}" for number in range(count))
    return [await credentials.give(one, "device", now_us=now_us() - 1, ends_us=now_us() * 2) for one in names]


async def measure_mqtt() -> list[str]:
    async with opened() as (endpoint, ingest, credentials):
        tokens = await tokens_of(credentials, PUBLISHERS)
        context = multiprocessing.get_context("spawn")
        sender = context.Process(
            target=publish_all, args=(endpoint.port, tokens, MESSAGES // PUBLISHERS, False)
        )
        sender.start()
        await until(lambda: endpoint.figures.accepted >= PUBLISHERS)
        began, cpu = time.perf_counter(), time.process_time()
        await until(lambda: not sender.is_alive())
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        count = ingest.figures.arrived
    return [f"| MQTT QoS 1, acknowledged after the disk | {count / used:,.0f} | {count / seconds:,.0f} |"]


async def measure_idle() -> list[str]:
    async with opened() as (endpoint, _, credentials):
        tokens = await tokens_of(credentials, 1)
        context = multiprocessing.get_context("spawn")
        ready = context.Event()
        before = resident_mib(os.getpid())
        # Takeover would end them: idle connections are counted before they say who they are.
        endpoint.took = lambda _connection, *, is_clean: not is_clean  # type: ignore[method-assign]
        sender = context.Process(target=stay_connected, args=(endpoint.port, tokens[0], IDLE, ready))
        sender.start()
        await until(ready.is_set)
        used = resident_mib(os.getpid())
        sender.kill()
        await until(lambda: not len(endpoint))
    return [f"| {IDLE:,} idle MQTT connections | {used:,.0f} MiB in all, {used - before:,.0f} more | |"]


# -- silent devices ---------------------------------------------------------------------------------


def measure_silent() -> list[str]:
    directory = Directory()
    profile = {"decoder": "json", "expectedIntervalS": 3600}
    directory.take_models([{"id": "urn:m", "type": "DeviceModel", PROFILE: {"json": profile}}])
    directory.take_devices(
        {
            "id": f"urn:ngsi-ld:Device:bench:{number}",
            "lifeCycle": {"value": "inService"},
            "refDeviceModel": {"object": "urn:m"},
            IDENTIFIERS: {"value": [f"devEUI:{number:016X}"]},
        }
        for number in range(DEVICES)
    )
    at = now_us()
    heard = {
        f"urn:ngsi-ld:Device:bench:{number}": Heard("", at - (number % 100) * 120_000_000)
        for number in range(0, DEVICES, 2)
    }
    silence = Silence(directory, heard, now_us=now_us, since_us=at - 10**12)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        found = len(silence.silent())
        times.append(time.perf_counter() - began)
    return [f"| {DEVICES:,} devices looked at, {found:,} of them silent | {min(times):.2f} s | |"]


# -- a whole node -----------------------------------------------------------------------------------


class Node:
    """A node in processes of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        command = [sys.executable, "-m", "samstad_node.cli.main", "serve", "--data", str(data), "--port", "0"]
        environment = {
            **os.environ,
            "SAMSTAD_DEMO": "1",
            "SAMSTAD_DEVICES_MQTT_PORT": "0",
            "SAMSTAD_DEVICES_COAP_PORT": "0",
        }
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def ready(self) -> RunFile:
        for _ in range(1_200):
            seen = RunFile.read(self.data)
            wanted = seen.roles if seen else {}
            if wanted and all(
                wanted[one].state is RoleState.READY for one in ("broker", "devices") if one in wanted
            ):
                return seen  # type: ignore[return-value]
            time.sleep(0.05)
        message = "the node did not start"
        raise SystemExit(message)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


@contextlib.contextmanager
def running() -> Iterator[tuple[Node, RunFile]]:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory:
        node = Node(Path(directory) / "data")
        try:
            yield node, node.ready()
        finally:
            node.stop()


def readings(number: int) -> bytes:
    return bytes((number % 100, 0x0E, 0x10 + number % 200, 0, number % 250))


def body(number: int) -> bytes:
    payload = readings(number)
    told = {
        "deduplicationId": f"d{number}",
        "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{number % 1_000_000:06d}Z",
        "deviceInfo": {"devEui": f"{number % BINS:016x}"},
        "devAddr": "01020304",
        "fCnt": number // BINS,
        "fPort": 2,
        "data": base64.b64encode(payload).decode(),
        "rxInfo": [{"gatewayId": "aa", "rssi": -90, "snr": 7.5}],
        "txInfo": {"frequency": 868_100_000, "modulation": {"lora": {"spreadingFactor": 7}}},
    }
    return json.dumps(told).encode()


def send_uplinks(url: str, token: str, numbers: range) -> None:
    async def work() -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        waiting = iter(numbers)
        async with aiohttp.ClientSession(headers=headers) as session:

            async def one() -> None:
                for number in waiting:
                    async with session.post(url, data=body(number)) as answer:
                        if answer.status != 204:
                            message = f"{answer.status}: {await answer.text()}"
                            raise SystemExit(message)

            await asyncio.gather(*(one() for _ in range(SENDERS)))

    uvloop.run(work())


async def furnish(session: aiohttp.ClientSession) -> str:
    async def post(path: str, told: object) -> dict[str, str]:
        async with session.post(path, json=told) as answer:
            text = await answer.text()
            if answer.status not in {201, 204}:
                raise SystemExit(text)
            found: dict[str, str] = json.loads(text) if text.startswith("{") else {}
            return found

    codec = await post("/devices/v1/codecs", {"name": "b", "source": CODEC, "licence": "MIT"})
    fields = [
        {"path": "level", "attribute": "fillingLevel", "unit": "C62", "givenIn": "P1", "most": 1},
        {"path": "temperature", "attribute": "temperature", "unit": "CEL"},
        {"path": "battery", "attribute": "batteryVoltage", "unit": "VLT", "of": "device"},
    ]
    profile = {"decoder": "javascript", "codec": codec["codec"], "fields": fields}
    model = {
        "id": "urn:ngsi-ld:DeviceModel:b",
        "type": "DeviceModel",
        PROFILE: {"type": "JsonProperty", "json": profile},
    }
    await post("/ngsi-ld/v1/entityOperations/upsert", [model])
    for number in range(BINS):
        bin_id = f"urn:ngsi-ld:WasteContainer:bench:{number}"
        device = {
            "id": f"urn:ngsi-ld:Device:bench:{number}",
            "type": "Device",
            "lifeCycle": {"type": "Property", "value": "inService"},
            "refDeviceModel": {"type": "Relationship", "object": model["id"]},
            "controlledAsset": {"type": "Relationship", "object": bin_id},
            IDENTIFIERS: {"type": "Property", "value": [f"devEUI:{number:016X}"]},
        }
        await post("/ngsi-ld/v1/entityOperations/upsert", [{"id": bin_id, "type": "WasteContainer"}, device])
    return (await post("/devices/v1/connections", {"name": "bench", "network": "chirpstack"}))["token"]


def session_to(node: Node, run: RunFile) -> aiohttp.ClientSession:
    key = (node.data / "admin.key").read_text().strip()
    link = '<https://w3id.org/samstad/context/v1/city.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
    url = f"http://127.0.0.1:{run.roles['broker'].ports['http']}"
    return aiohttp.ClientSession(url, headers={"X-API-Key": key, "Link": link})


async def published(session: aiohttp.ClientSession) -> int:
    """Return how many uplinks are in the entities and their history, by the role's own count."""
    async with session.get("/metrics") as answer:
        for line in (await answer.text()).splitlines():
            if line.startswith("samstad_devices_messages{") and 'outcome="published"' in line:
                return int(float(line.rpartition(" ")[2]))
    return 0


Start = Callable[[aiohttp.ClientSession, RunFile], Awaitable[BaseProcess]]


async def measured(start: Start, case: str) -> list[str]:
    with running() as (node, run):
        async with session_to(node, run) as session:
            sender = await start(session, run)
            pids = {name: run.roles[name].pid or 0 for name in ("broker", "devices")}
            before = {name: cpu_s(pid) for name, pid in pids.items()}
            began = time.perf_counter()
            sender.start()
            while await published(session) < UPLINKS:
                await asyncio.sleep(1)
                if sender.exitcode:
                    message = "the sender failed"
                    raise SystemExit(message)
            seconds = time.perf_counter() - began
            used = {name: cpu_s(pid) - before[name] for name, pid in pids.items()}
    total = sum(used.values())
    parts = ", ".join(f"{name} {value:.1f} s" for name, value in used.items())
    return [f"| {case} ({parts}) | {UPLINKS / total:,.0f} | {UPLINKS / seconds:,.0f} |"]


async def measure_uplinks() -> list[str]:
    async def start(session: aiohttp.ClientSession, run: RunFile) -> BaseProcess:
        token = await furnish(session)
        url = f"http://127.0.0.1:{run.roles['broker'].ports['http']}/devices/v1/lorawan/bench?event=up"
        context = multiprocessing.get_context("spawn")
        return context.Process(target=send_uplinks, args=(url, token, range(UPLINKS)))

    return await measured(start, "webhook to entity and history, JavaScript decoded")


async def measure_places() -> list[str]:
    async def start(session: aiohttp.ClientSession, run: RunFile) -> BaseProcess:
        await furnish(session)
        tokens = []
        for number in range(PUBLISHERS):
            path = f"/devices/v1/devices/urn:ngsi-ld:Device:bench:{number}/tokens"
            async with session.post(path, json={}) as answer:
                tokens.append((await answer.json())["token"])
        port = run.roles["devices"].ports["mqtt"]
        context = multiprocessing.get_context("spawn")
        return context.Process(target=publish_all, args=(port, tokens, UPLINKS // PUBLISHERS, True))

    return await measured(start, "MQTT to entity and history, JavaScript decoded")


async def measure_table() -> list[str]:
    lines = [f"urn:ngsi-ld:Device:lot:{n},{0xAA00000000000000 + n:016X},received,C-2" for n in range(ROWS)]
    table = "\n".join(["id,devEUI,state,contract", *lines]).encode()
    with running() as (node, run):
        async with session_to(node, run) as session:
            began = time.perf_counter()
            async with session.post("/devices/v1/onboarding", data=table) as answer:
                report = await answer.json()
            seconds = time.perf_counter() - began
    return [f"| a table of {ROWS:,} devices, {report['created']:,} of them created | {seconds:.1f} s | |"]


CASES = {
    "mqtt": lambda: uvloop.run(measure_mqtt()),
    "idle": lambda: uvloop.run(measure_idle()),
    "silent": measure_silent,
    "uplinks": lambda: asyncio.run(measure_uplinks()),
    "places": lambda: asyncio.run(measure_places()),
    "table": lambda: asyncio.run(measure_table()),
}


def main() -> None:
    wanted = sys.argv[1:] or list(CASES)
    print("| case | per CPU-second of the roles, or in all | per second |")
    print("| --- | ---: | ---: |")
    for name in wanted:
        print("\n".join(CASES[name]()), flush=True)


if __name__ == "__main__":
    main()
