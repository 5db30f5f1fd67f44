"""Keys of devices: wrapped on the disk, several at once, and ended for good."""

from __future__ import annotations

import stat

import pytest

from samstad_devices.spi.credentials import CredentialRefused
from samstad_devices.spi.frame_store import StoreUnavailable
from samstad_devices.spi.keys import KeyFacts
from samstad_devices.store.database import DATABASE, Database
from samstad_devices.store.keys import Reading, SqliteKeys
from samstad_devices.store.sealing import Seal, new_key_file, read_key_file

DEVICE = "urn:ngsi-ld:Device:a:1"
SECRET = bytes(range(100, 132))


def facts(name="k1", *, kind="hmac", begins_us=100, ends_us=200):
    return KeyFacts(name, DEVICE, kind, begins_us, ends_us)


@pytest.fixture
async def database(tmp_path):
    database = Database(tmp_path / DATABASE)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def keys(database):
    return SqliteKeys(database, Seal(bytes(32)))


async def test_a_key_is_used_and_never_lies_open_on_the_disk(keys, tmp_path):
    await keys.give(facts(), SECRET)
    assert (await keys.use("k1", "hmac", now_us=150)).secret == SECRET
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"k1" in on_disk
    assert SECRET not in on_disk
    assert SECRET.hex().encode() not in on_disk


async def test_two_keys_overlap_while_a_device_changes_from_one_to_the_other(keys):
    await keys.give(facts("old"), SECRET)
    await keys.give(facts("new", begins_us=150, ends_us=300), SECRET[::-1])
    for name, now_us in (("old", 160), ("new", 160), ("new", 250)):
        assert await keys.use(name, "hmac", now_us=now_us)
    for name, now_us in (("old", 200), ("new", 149)):
        with pytest.raises(CredentialRefused, match="time is over"):
            await keys.use(name, "hmac", now_us=now_us)
    assert await keys.revoke(DEVICE, "old") == 1
    assert [one.id for one in await keys.of(DEVICE)] == ["new"]
    assert await keys.revoke("urn:ngsi-ld:Device:a:2") == 0


async def test_a_key_serves_its_own_kind_alone(keys):
    await keys.give(facts(kind="appKey"), SECRET[:16])
    with pytest.raises(CredentialRefused):
        await keys.use("k1", "psk", now_us=150)
    with pytest.raises(CredentialRefused):
        await keys.use("k2", "appKey", now_us=150)


async def test_a_meter_s_keys_are_those_that_are_valid_now_the_newest_first(keys):
    await keys.give(facts("old", kind="wmbus"), SECRET[:16])
    await keys.give(facts("new", kind="wmbus", begins_us=150, ends_us=300), SECRET[16:])
    assert await keys.secrets(DEVICE, "wmbus", now_us=160) == [SECRET[16:], SECRET[:16]]
    assert await keys.secrets(DEVICE, "wmbus", now_us=250) == [SECRET[16:]]
    assert await keys.secrets(DEVICE, "hmac", now_us=160) == []


async def test_under_another_wrapping_key_nothing_opens_and_nothing_is_lost(keys, database):
    await keys.give(facts(), SECRET)
    for other in (SqliteKeys(database, Seal(bytes([1] * 32))), SqliteKeys(database, None)):
        assert await other.foreign() == 1
        with pytest.raises(StoreUnavailable, match="bring back the key file"):
            await other.use("k1", "hmac", now_us=150)
    assert await keys.foreign() == 0
    assert (await keys.use("k1", "hmac", now_us=150)).secret == SECRET


async def test_a_wrapped_key_opens_only_as_what_it_is(keys, database):
    await keys.give(facts(), SECRET)
    await database.run(lambda: database.connection.execute("UPDATE device_key SET subject = 'urn:x:thief'"))
    with pytest.raises(StoreUnavailable, match="does not open"):
        await keys.use("k1", "hmac", now_us=150)


async def test_who_reads_keys_is_written_down_before_he_gets_them(keys, database):
    await keys.give(facts(), SECRET)
    reading = Reading("roads", "leaving", 170)
    assert [(one.facts.id, one.secret) for one in await keys.all(reading)] == [("k1", SECRET)]
    assert await keys.readings() == [reading]
    with pytest.raises(StoreUnavailable):
        await SqliteKeys(database, Seal(bytes([1] * 32))).all(Reading("thief", "", 180))
    assert len(await keys.readings()) == 2


def test_a_key_file_is_its_owners_alone_and_is_never_written_over(tmp_path):
    path = tmp_path / "wrap.key"
    made = new_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key_file(path).name == made.name
    with pytest.raises(FileExistsError):
        new_key_file(path)
    for wrong in ("zz", "00" * 31):
        path.write_text(wrong)
        with pytest.raises(StoreUnavailable, match=r"wrap\.key"):
            read_key_file(path)
    with pytest.raises(StoreUnavailable):
        read_key_file(tmp_path / "none.key")
