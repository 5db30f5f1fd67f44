"""Filling-level sensors, one for each way in: LoRaWAN webhook, HTTP, CoAP, MQTT.

Run as ``python -m samstad_devices.simulation.boxes``: the first line of its standard input says which boxes
there are, as JSON; it ends when its standard input does. What a node does not take is gone, as with many a
sensor that keeps nothing.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

import aiocoap
import aiocoap.error
import msgspec
import orjson
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

__all__ = ["WAYS", "Box", "level_at", "lorawan_body", "run_boxes"]

_ANSWER_S = 30.0
_PAUSE_NS = 5_000_000_000


class Box(msgspec.Struct, frozen=True):
    """One box.

    Attributes:
        way: one of ``WAYS``.
        url: where it sends to.
        token: by which it proves itself.
        dev_eui: of a LoRaWAN device.
        start: level that it begins with, percent.
    """

    way: str
    url: str
    token: str
    dev_eui: str = ""
    start: int = 0


def level_at(box: Box, count: int) -> int:
    """Return the level of a box in percent: it fills, and is emptied when it is full."""
    return (box.start + 3 * count) % 100


def lorawan_body(box: Box, count: int) -> bytes:
    """Return what ChirpStack tells of an uplink in Cayenne LPP."""
    payload = bytes([1, 120, level_at(box, count)])
    return orjson.dumps(
        {
            "deduplicationId": f"{box.dev_eui}-{count}",
            "deviceInfo": {"devEui": box.dev_eui},
            "devAddr": "01a2b3c4",
            "fCnt": count,
            "fPort": 2,
            "data": base64.b64encode(payload).decode(),
            "rxInfo": [{"gatewayId": "00000000000000aa", "rssi": -95 - count % 9, "snr": 7.5}],
        }
    )


def _json_body(box: Box, count: int) -> bytes:
    return orjson.dumps({"level": level_at(box, count)})


def _post(url: str, token: str, body: bytes, key: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - the node's own address
    with urllib.request.urlopen(request, timeout=_ANSWER_S):  # noqa: S310 - as above
        pass


async def _by_lorawan(box: Box, count: int) -> None:
    await asyncio.to_thread(_post, box.url, box.token, lorawan_body(box, count), "")


async def _by_http(box: Box, count: int) -> None:
    await asyncio.to_thread(_post, box.url, box.token, _json_body(box, count), str(count))


async def _by_coap(box: Box, count: int) -> None:
    context = await aiocoap.Context.create_client_context(transports=["simple6"])
    try:
        uri = f"{box.url}?token={box.token}&key={count}"
        request = aiocoap.Message(code=aiocoap.POST, uri=uri, payload=_json_body(box, count))
        async with asyncio.timeout(_ANSWER_S):
            answer = await context.request(request).response
    finally:
        await context.shutdown()
    if not answer.code.is_successful():
        raise OSError(f"{answer.code.dotted} by CoAP")


def _publish(box: Box, count: int) -> None:
    place = urlsplit(box.url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set("me", box.token)
    client.connect(place.hostname or "", place.port or 1_883)
    client.loop_start()
    try:
        told = client.publish("d/me/up", _json_body(box, count), qos=1)
        told.wait_for_publish(_ANSWER_S)
        if not told.is_published():
            raise OSError("no PUBACK came")
    finally:
        client.disconnect()
        client.loop_stop()


async def _by_mqtt(box: Box, count: int) -> None:
    await asyncio.to_thread(_publish, box, count)


WAYS: Mapping[str, Callable[[Box, int], Awaitable[None]]] = {
    "lorawan": _by_lorawan,
    "http": _by_http,
    "coap": _by_coap,
    "mqtt": _by_mqtt,
}
"""Way in → what sends a box's n-th message by it."""
_FAULTS = (OSError, urllib.error.URLError, aiocoap.error.Error, TimeoutError, RuntimeError, ValueError)


async def run_boxes(boxes: list[Box], *, pause: timedelta, first: int = 1) -> None:
    """Let each box send, again and again, until cancelled; ``first`` is the number of its first message."""
    await asyncio.gather(*(_live(box, pause, first) for box in boxes))


async def _live(box: Box, pause: timedelta, first: int) -> None:
    for count in itertools.count(first):
        with contextlib.suppress(*_FAULTS):
            await WAYS[box.way](box, count)
        await asyncio.sleep(pause.total_seconds())


async def _main() -> None:
    told = await asyncio.to_thread(sys.stdin.buffer.readline)
    # Counters go on where a run before this one left them, or a node would take messages for repetitions.
    first = time.time_ns() // _PAUSE_NS
    boxes = msgspec.json.decode(told, type=list[Box])
    running = asyncio.create_task(
        run_boxes(boxes, pause=timedelta(microseconds=_PAUSE_NS // 1_000), first=first)
    )
    await asyncio.to_thread(sys.stdin.buffer.read)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_main())
