"""Tokens that are shown often are judged from memory, and never after their end."""

from __future__ import annotations

import asyncio

import pytest

from samstad_devices.spi.credentials import CredentialRefused
from samstad_devices.store.credentials import SqliteCredentials
from samstad_devices.store.database import DATABASE, Database

ONE, TWO = "urn:ngsi-ld:Device:a:1", "urn:ngsi-ld:Device:a:2"


@pytest.fixture
async def credentials(tmp_path):
    database = Database(tmp_path / DATABASE)
    await database.open()
    yield SqliteCredentials(database)
    await database.close()


async def test_a_token_is_known_again_until_its_time_is_over(credentials):
    token = await credentials.give(ONE, "device", now_us=10, ends_us=20)
    for _ in range(3):
        assert (await credentials.judge(token, now_us=15)).subject == ONE
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), "sd_", ""):
        with pytest.raises(CredentialRefused):
            await credentials.judge(wrong, now_us=15)
    with pytest.raises(CredentialRefused, match="over"):
        await credentials.judge(token, now_us=20)


async def test_a_revoked_token_is_forgotten_at_once_even_while_it_is_being_read(credentials):
    mine = await credentials.give(ONE, "device", now_us=1, ends_us=99)
    others = await credentials.give(TWO, "device", now_us=1, ends_us=99)
    await credentials.judge(mine, now_us=5)
    reading = asyncio.create_task(credentials.judge(others, now_us=5))
    assert await credentials.revoke(ONE) == 1
    assert (await reading).subject == TWO
    with pytest.raises(CredentialRefused):
        await credentials.judge(mine, now_us=5)
    reading = asyncio.create_task(credentials.judge(others, now_us=5))
    await asyncio.sleep(0)
    assert await credentials.revoke(TWO) == 1
    await asyncio.gather(reading, return_exceptions=True)
    with pytest.raises(CredentialRefused):
        await credentials.judge(others, now_us=5)
