"""Boxes are swapped and lives led without a place noticing; tokens end first; silence is seen."""

from __future__ import annotations

import pytest

from samstad_devices.domain.errors import CodecRefused, TransitionRefused
from samstad_devices.service.registry import DeviceUnknown, Registry, SwapRefused
from samstad_devices.service.silence import Silence
from samstad_devices.spi.credentials import CredentialRefused
from samstad_devices.spi.frame_store import Heard
from samstad_devices.store.codecs import SqliteCodecs
from samstad_devices.store.credentials import SqliteCredentials
from samstad_ngsild.client import Unreachable

NOW = 1_764_036_000_000_000
HOUR = 3_600_000_000
ONE, TWO = "urn:ngsi-ld:Device:a:1", "urn:ngsi-ld:Device:a:2"
BIN = "urn:ngsi-ld:WasteContainer:a:1"
WHO = {"who": "anna", "why": "water got in"}


@pytest.fixture
def credentials(database):
    return SqliteCredentials(database)


@pytest.fixture
def heard():
    return {}


@pytest.fixture
def registry(directory, credentials, heard, clock):
    return Registry(directory, credentials, heard=heard.get, now_us=clock.now_us)


@pytest.fixture
def spare(city, directory, device_of):
    spare = device_of(2, lifeCycle={"type": "Property", "value": "received"}, controlledAsset=None)
    city.put(spare)
    directory.take_devices([spare])


async def test_a_swap_keeps_the_place_and_sends_the_old_box_to_the_shelf(registry, city, directory, spare):  # noqa: ARG001
    await registry.swap(city, ONE, TWO, **WHO)
    place, old, new = (city.entities[one] for one in (BIN, ONE, TWO))
    assert place["refDevice"]["object"] == TWO
    assert place["refDevice"]["observedAt"] == "2025-11-25T02:00:00Z"
    assert new["controlledAsset"]["object"] == BIN
    assert new["lifeCycle"]["value"] == "inService"
    assert (old["lifeCycle"]["value"], old["lifeCycle"]["reason"]["value"]) == ("received", "water got in")
    assert "controlledAsset" not in old
    assert directory.device(TWO).asset == BIN
    assert directory.device(ONE).asset == ""


async def test_a_swap_speaks_the_places_own_word(registry, city, spare):  # noqa: ARG001
    city.entities[BIN]["waste:refDevice"] = {"type": "Relationship", "object": ONE}
    await registry.swap(city, ONE, TWO, **WHO)
    assert city.entities[BIN]["waste:refDevice"]["object"] == TWO
    assert "refDevice" not in city.entities[BIN]


async def test_what_cannot_be_swapped_is_refused_and_nothing_moves(registry, city, directory, device_of):
    before = {name: dict(entity) for name, entity in city.entities.items()}
    with pytest.raises(SwapRefused, match="already"):
        await registry.swap(city, ONE, TWO, **WHO)
    with pytest.raises(DeviceUnknown):
        await registry.swap(city, ONE, "urn:none", **WHO)
    directory.take_devices(
        [device_of(2, controlledAsset=None, lifeCycle={"type": "Property", "value": "planned"})]
    )
    with pytest.raises(TransitionRefused, match="must have been received"):
        await registry.swap(city, ONE, TWO, **WHO)
    with pytest.raises(SwapRefused, match="no place"):
        await registry.swap(city, TWO, ONE, **WHO)
    assert city.entities == before


async def test_a_swap_that_fails_half_way_is_mended_by_the_same_call(registry, city, spare, monkeypatch):  # noqa: ARG001
    whole = city.append
    calls = []

    async def failing(entity_id, fragment, **told):
        calls.append(entity_id)
        if len(calls) == 2:
            raise Unreachable("No answer came.")
        await whole(entity_id, fragment, **told)

    monkeypatch.setattr(city, "append", failing)
    with pytest.raises(Unreachable):
        await registry.swap(city, ONE, TWO, **WHO)
    assert city.entities[ONE]["controlledAsset"]["object"] == BIN, "the place is never without a box"
    await registry.swap(city, ONE, TWO, **WHO)
    assert city.entities[BIN]["refDevice"]["object"] == TWO
    assert "controlledAsset" not in city.entities[ONE]


async def test_a_life_goes_on_only_with_what_it_needs(registry, city, directory, device_of, heard):
    shelf = device_of(1, lifeCycle={"type": "Property", "value": "received"})
    directory.take_devices([shelf])
    with pytest.raises(TransitionRefused, match="no message"):
        await registry.move(city, ONE, "commissioned", **WHO)
    heard[ONE] = Heard(ONE, NOW, accepted_us=NOW)
    step = await registry.move(city, ONE, "commissioned", **WHO)
    assert (step.start, step.end) == ("received", "commissioned")
    assert city.entities[ONE]["lifeCycle"]["changedBy"]["value"] == "anna"
    with pytest.raises(DeviceUnknown):
        await registry.move(city, "urn:none", "lost", **WHO)


async def test_tokens_end_before_the_broker_is_told_that_a_device_is_lost(registry, city, credentials, clock):
    token = await registry.token(ONE, days=1)
    second = await registry.token(ONE, days=1)
    assert (await credentials.judge(token, now_us=NOW)).subject == ONE
    city.is_away = True
    with pytest.raises(Unreachable):
        await registry.move(city, ONE, "lost", **WHO)
    for one in (token, second):
        with pytest.raises(CredentialRefused, match="revoked"):
            await credentials.judge(one, now_us=clock.us)
    city.is_away = False
    await registry.move(city, ONE, "lost", **WHO)
    with pytest.raises(TransitionRefused, match="no token"):
        await registry.token(ONE, days=1)


@pytest.mark.parametrize("token", ["", "sd_", "sd_000000000000_" + "a" * 43, "x" * 10_000, "sd_é_é"])
async def test_what_is_no_token_proves_nothing(credentials, token):
    with pytest.raises(CredentialRefused):
        await credentials.judge(token, now_us=NOW)


async def test_a_token_is_good_for_its_time_and_its_secret_alone(credentials):
    token = await credentials.give(ONE, "device", now_us=NOW, ends_us=NOW + 5)
    assert await credentials.judge(token, now_us=NOW)
    for wrong, at in (
        (token, NOW + 5),
        (token, NOW - 1),
        (token[:-1] + ("a" if token[-1] != "a" else "b"), NOW),
    ):
        with pytest.raises(CredentialRefused):
            await credentials.judge(wrong, now_us=at)
    assert await credentials.revoke("urn:other") == 0


async def test_secrets_are_not_in_the_database(credentials, database):
    token = await credentials.give(ONE, "device", now_us=NOW, ends_us=NOW + 5)
    rows = await database.run(lambda: list(database.connection.execute("SELECT * FROM credential")))
    _, _, secret = token.split("_", 2)
    assert len(secret) > 20
    assert secret not in str(rows)


async def test_a_codec_is_kept_once_and_by_what_it_is(database):
    codecs = SqliteCodecs(database)
    digest = await codecs.bring("f()", name="a", licence="MIT", now_us=1)
    assert await codecs.bring("f()", name="b", licence="MIT", now_us=2) == digest
    assert (await SqliteCodecs(database).codec(digest)).source == "f()"
    assert await codecs.codec("0" * 64) is None
    for source in ("", "x" * 1_048_577):
        with pytest.raises(CodecRefused, match="bytes"):
            await codecs.bring(source, name="a", licence="", now_us=1)


def test_silence_is_judged_by_each_devices_own_interval(directory, device_of, clock):
    directory.take_devices(
        [
            device_of(3, expectedInterval={"type": "Property", "value": 60}),
            device_of(4, lifeCycle={"type": "Property", "value": "received"}),
            device_of(5, refDeviceModel=None),
        ]
    )
    heard = {ONE: Heard(ONE, NOW), "urn:ngsi-ld:Device:a:3": Heard("urn:ngsi-ld:Device:a:3", NOW)}
    silence = Silence(directory, heard, now_us=clock.now_us, since_us=NOW)
    assert silence.silent() == []
    clock.us = NOW + HOUR
    assert [(one.device[-1], one.state) for one in silence.silent()] == [("3", "silent")]
    clock.us = NOW + 3 * HOUR
    found = {one.device[-1]: one.state for one in silence.silent()}
    assert found == {"3": "silent", "1": "late", "2": "neverHeard"}
