"""Devices are claimed by what stands on their boxes, and many boxes are changed by one table."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_devices.domain.claiming import claim_digest, is_claimed_by
from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.names import CLAIM
from samstad_devices.domain.swapping import read_swaps
from samstad_devices.service.bulk_swap import swap_many
from samstad_devices.service.claims import Claim, ClaimRefused, Claims, TooManyClaims
from samstad_devices.service.onboard import onboard
from samstad_devices.service.registry import Registry, SwapRefused
from samstad_devices.store.credentials import SqliteCredentials
from samstad_ngsild.client import Unreachable

OWNER = "urn:ngsi-ld:Organization:roads"
QR = "LW:D0:1122334455667788:70B3D57ED0000012:AABB1122:OSECRET12"
TABLE = f"""id,qr,claimCode
urn:d:1,,own-code-1
urn:d:2,{QR},
"""
DEVICE_1 = "serialNumber:X1"


@pytest.fixture
async def claims(city, directory, clock):
    table = TABLE.replace("id,qr,claimCode", "id,qr,claimCode,serialNumber").replace(
        "own-code-1", "own-code-1,X1"
    )
    await onboard(table.replace(f"{QR},", f"{QR},,"), city, directory, is_dry=False)
    directory.take_devices(list(city.entities.values())[-2:])
    return Claims(directory, now_us=clock.now_us)


async def test_a_box_is_claimed_once_by_the_code_on_it(claims, city):
    assert "SECRET12" not in str(city.entities["urn:d:2"])
    assert await claims.claim(city, Claim(OWNER, qr=QR), who="anna") == "urn:d:2"
    entity = city.entities["urn:d:2"]
    assert entity["owner"]["object"] == OWNER
    assert entity["owner"]["changedBy"]["value"] == "anna"
    assert CLAIM not in entity
    with pytest.raises(ClaimRefused):
        await claims.claim(city, Claim("urn:x:thief", qr=QR), who="berta")
    assert city.entities["urn:d:2"]["owner"]["object"] == OWNER


def slow(city):
    """Let others work while the broker is asked."""
    for name in ("append", "find", "delete_attribute"):
        quick = getattr(city, name)

        async def asked(*told, quick=quick):
            await asyncio.sleep(0)
            return await quick(*told)

        setattr(city, name, asked)


async def test_of_two_who_claim_a_box_together_one_gets_it(claims, city):
    slow(city)
    told = await asyncio.gather(
        claims.claim(city, Claim(OWNER, qr=QR), who="anna"),
        claims.claim(city, Claim("urn:x:other", qr=QR), who="berta"),
        return_exceptions=True,
    )
    assert told[0] == "urn:d:2"
    assert isinstance(told[1], ClaimRefused)
    assert city.entities["urn:d:2"]["owner"]["object"] == OWNER


async def test_of_two_who_swap_one_box_together_one_does(registry, city, directory, fleet):  # noqa: ARG001
    box = "urn:ngsi-ld:Device:a:{}".format
    slow(city)
    told = await asyncio.gather(
        registry.swap(city, box(1), box(101), who="anna", why="worn out"),
        registry.swap(city, box(1), box(102), who="berta", why="worn out"),
        return_exceptions=True,
    )
    assert told[0] is None
    assert isinstance(told[1], SwapRefused)
    assert city.entities["urn:ngsi-ld:WasteContainer:a:1"]["refDevice"]["object"] == box(101)
    assert directory.device(box(102)).asset == ""
    assert registry.announced == set()


async def test_a_supplier_s_code_claims_its_own_device_alone(claims, city):
    for device, code in (
        (DEVICE_1, "own-code-2"),
        (DEVICE_1, ""),
        ("serialNumber:none", "own-code-1"),
        ("devEUI:70B3D57ED0000012", "own-code-1"),
    ):
        with pytest.raises(ClaimRefused):
            await claims.claim(city, Claim(OWNER, device=device, code=code), who="anna")
    assert await claims.claim(city, Claim(OWNER, device=DEVICE_1, code="own-code-1"), who="anna") == "urn:d:1"


async def test_who_tries_codes_must_wait(claims, city, clock):
    for _ in range(20):
        with pytest.raises(ClaimRefused):
            await claims.claim(city, Claim(OWNER, device=DEVICE_1, code="guess-123"), who="thief")
    with pytest.raises(TooManyClaims):
        await claims.claim(city, Claim(OWNER, device=DEVICE_1, code="own-code-1"), who="thief")
    clock.us += 60_000_000
    assert await claims.claim(city, Claim(OWNER, device=DEVICE_1, code="own-code-1"), who="thief")


async def test_a_claim_that_breaks_off_can_be_made_again(claims, city):
    city.is_away = True
    with pytest.raises(Unreachable):
        await claims.claim(city, Claim(OWNER, qr=QR), who="anna")
    city.is_away = False
    assert await claims.claim(city, Claim(OWNER, qr=QR), who="anna") == "urn:d:2"
    with pytest.raises(MessageRefused, match="owner"):
        await claims.claim(city, Claim("me", qr=QR), who="anna")


def test_a_code_proves_its_device_alone():
    digest = claim_digest("urn:d:1", "12345678")
    assert is_claimed_by("urn:d:1", " 12345678 ", digest)
    assert not is_claimed_by("urn:d:2", "12345678", digest)
    assert not is_claimed_by("urn:d:1", "12345678", "")
    with pytest.raises(MessageRefused):
        claim_digest("urn:d:1", "1234567")


@pytest.fixture
def registry(database, directory, clock):
    return Registry(directory, SqliteCredentials(database), heard={}.get, now_us=clock.now_us)


@pytest.fixture
def fleet(city, directory, device_of):
    """Twenty boxes at their places, and twenty that wait on the shelf."""
    boxes = [device_of(number) for number in range(1, 21)]
    spare = {"lifeCycle": {"type": "Property", "value": "received"}, "controlledAsset": None}
    boxes += [device_of(number, **spare) for number in range(101, 121)]
    for number in range(1, 21):
        city.put({"id": f"urn:ngsi-ld:WasteContainer:a:{number}", "type": "WasteContainer", "name": "kept"})
    for box in boxes:
        city.put(box)
    directory.take_devices(boxes)


async def test_a_table_changes_many_boxes_and_tells_of_each(registry, city, directory, fleet):  # noqa: ARG001
    box = "urn:ngsi-ld:Device:a:{}".format
    rows = [f"{box(n)};{box(100 + n)};worn out" for n in range(1, 21)]
    rows += [f"{box(1)};{box(101)};twice", f"{box(99)};{box(98)};unknown", f"{box(2)};;no box", "alone"]
    table = "\n".join(["old;new;reason", *rows])
    dry = await swap_many(table, city, registry, who="anna", is_dry=True)
    assert [one.outcome for one in dry] == ["would-swap"] * 20 + ["refused"] * 4
    assert directory.device(box(1)).asset
    done = await swap_many(table, city, registry, who="anna", is_dry=False)
    assert [one.outcome for one in done] == ["swapped"] * 20 + ["refused"] * 4
    assert [one.detail for one in done[20:]] == [
        "a box of it stands in line 2 already",
        "There is no Device urn:ngsi-ld:Device:a:99.",
        "new is empty",
        "the row has not three cells",
    ]
    for number in range(1, 21):
        place = city.entities[f"urn:ngsi-ld:WasteContainer:a:{number}"]
        assert (place["refDevice"]["object"], place["name"]) == (box(100 + number), "kept")
        assert "controlledAsset" not in city.entities[box(number)]
    again = await swap_many(table, city, registry, who="anna", is_dry=False)
    assert {one.outcome for one in again} == {"refused"}


async def test_a_table_while_the_broker_is_away_is_told_row_by_row(registry, city, fleet):  # noqa: ARG001
    table = "old,new,reason\nurn:ngsi-ld:Device:a:1,urn:ngsi-ld:Device:a:101,worn out\n"
    city.is_away = True
    (row,) = await swap_many(table, city, registry, who="anna", is_dry=False)
    assert row.outcome == "refused"
    city.is_away = False
    (row,) = await swap_many(table, city, registry, who="anna", is_dry=False)
    assert row.outcome == "swapped"


@given(st.text(max_size=200))
def test_any_text_is_a_table_of_swaps_or_is_refused(text):
    for table in (text, f"old,new,reason\n{text}"):
        try:
            rows = read_swaps(table)
        except MessageRefused:
            continue
        assert all(row.fault or (row.old and row.new and row.reason) for row in rows)
