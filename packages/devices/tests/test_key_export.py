"""Who leaves takes the keys along: under a key of his own, with his name and reason written down."""

from __future__ import annotations

import asyncio
import stat

import orjson
import pytest

from samstad_devices.plugin.key_export import ABOUT, keys
from samstad_devices.plugin.keys import KEY_FILE
from samstad_devices.spi.frame_store import StoreUnavailable
from samstad_devices.spi.keys import KeyFacts
from samstad_devices.store.database import DATABASE, Database
from samstad_devices.store.keys import SqliteKeys
from samstad_devices.store.sealing import new_key_file, read_key_file

FACTS = KeyFacts("k1", "urn:ngsi-ld:Device:a:1", "appKey", 0, 10**15)
SECRET = bytes(range(16))


@pytest.fixture
async def data(tmp_path):
    database = Database(tmp_path / DATABASE)
    await database.open()
    await SqliteKeys(database, new_key_file(tmp_path / KEY_FILE)).give(FACTS, SECRET)
    await database.close()
    return tmp_path


@pytest.fixture
def owner(tmp_path):
    new_key_file(tmp_path / "owner.key")
    return tmp_path / "owner.key"


async def readings(data):
    database = Database(data / DATABASE)
    await database.open()
    try:
        return await SqliteKeys(database, None).readings()
    finally:
        await database.close()


async def export(home, owner, out, **told):
    """Run the command as its own process would: with a loop of its own."""
    return await asyncio.to_thread(lambda: keys(owner, out, **{"why": "we leave", "data": home, **told}))


async def test_the_owner_opens_what_was_taken_along_and_the_node_s_own_key_does_not(data, owner, tmp_path):
    out = tmp_path / "keys.jsonl"
    assert await export(data, owner, out) == 0
    (line,) = out.read_text().splitlines()
    told = orjson.loads(line)
    assert SECRET.hex() not in line
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    about = ABOUT.format(**told)
    assert read_key_file(owner).unwrap(bytes.fromhex(told["wrapped"]), about) == SECRET
    with pytest.raises(StoreUnavailable):
        read_key_file(data / KEY_FILE).unwrap(bytes.fromhex(told["wrapped"]), about)


async def test_each_taking_is_written_down_and_none_that_did_not_happen(data, owner, tmp_path, capsys):
    out = tmp_path / "keys.jsonl"
    for wrong in (
        {"why": " "},
        {"data": tmp_path / "none"},
        {"key_file": tmp_path / "none.key"},
    ):
        assert await export(data, owner, out, **wrong) == 1
        assert not out.exists()
    assert "samstad devices keys:" in capsys.readouterr().err
    assert await readings(data) == []
    assert await export(data, owner, out) == 0
    assert await export(data, owner, out) == 1
    (reading,) = await readings(data)
    assert reading.why == "we leave"
