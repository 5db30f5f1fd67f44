"""The demo shows sensors of four ways in, which arrive over real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import aiohttp
import pytest

pytestmark = [pytest.mark.system, pytest.mark.slow]
WAYS = {"lorawan", "http", "coap", "mqtt"}


async def told_by(process) -> dict:
    text = b""
    async with asyncio.timeout(90):
        while True:
            text += await process.stdout.readline()
            try:
                return json.loads(text)
            except ValueError:
                continue


async def shown(session, way: str) -> bool:
    path = f"/ngsi-ld/v1/entities/urn:ngsi-ld:WasteContainer:demo:{way}"
    async with session.get(path, params={"format": "simplified"}) as answer:
        assert answer.status == 200
        return any(name.endswith("fillingLevel") for name in await answer.json())


async def test_the_demo_hears_sensors_by_four_ways(tmp_path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "samstad_node.cli.main", "demo", "--port", "0", "--json"),
        *("--data", str(tmp_path / "demo")),
        env={**os.environ, "SAMSTAD_REFERENCE": ""},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        told = await told_by(process)
        async with aiohttp.ClientSession(told["url"], headers={"X-API-Key": told["key"]}) as session:
            silent = set(WAYS)
            async with asyncio.timeout(60):
                while silent:
                    silent -= {way for way in silent if await shown(session, way)}
                    await asyncio.sleep(0.2)
            async with session.get("/ngsi-ld/v1/entities/urn:ngsi-ld:WasteContainer:demo:smoke") as answer:
                assert answer.status == 404
    finally:
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 60) == 0
