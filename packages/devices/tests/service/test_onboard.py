"""Tables of devices and codes on boxes: good rows are created, bad ones told, line by line."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_devices.domain.errors import IdentifierRefused, MessageRefused
from samstad_devices.domain.names import IDENTIFIERS
from samstad_devices.domain.onboarding import MAX_ROWS, read_table
from samstad_devices.domain.qr import BoxCode, read_qr
from samstad_devices.service.onboard import onboard
from samstad_ngsild.client import Unreachable

TABLE = """id;name;state;contract;devEUI;qr;latitude;longitude;interval;model
urn:d:1;First;received;C-1;70-B3-D5-7E-D0-00-00-11;;59,3;18,0;3600;urn:m:1
urn:d:2;Second;;;;LW:D0:1122334455667788:70B3D57ED0000012:AABB1122:SYZ;;;;
"""


async def test_a_table_is_tried_then_brought_in_and_may_come_again(city, directory):
    dry = await onboard(TABLE, city, directory, is_dry=True)
    assert [one.outcome for one in dry.rows] == ["would-create", "would-create"]
    assert "urn:d:1" not in city.entities
    done = await onboard(TABLE, city, directory, is_dry=False)
    assert (done.created, done.refused) == (2, 0)
    first, second = city.entities["urn:d:1"], city.entities["urn:d:2"]
    assert first[IDENTIFIERS]["value"] == ["devEUI:70B3D57ED0000011"]
    assert first["location"]["value"]["coordinates"] == [18.0, 59.3]
    assert first["expectedInterval"] == {"type": "Property", "value": 3600, "unitCode": "SEC"}
    assert (second["lifeCycle"]["value"], second[IDENTIFIERS]["value"]) == (
        "planned",
        ["devEUI:70B3D57ED0000012"],
    )
    again = await onboard(TABLE, city, directory, is_dry=False)
    assert [one.outcome for one in again.rows] == ["known", "known"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("lamp,,,,,", "id is a URI"),
        ("urn:d:1,zz,,,,", "no EUI-64"),
        ("urn:d:1,,inService,,,", "step by step"),
        ("urn:d:1,,received,,,", "has a contract"),
        ("urn:d:1,,,,91,18", "latitude is a number"),
        ("urn:d:1,,,,59,", "stand together"),
        ("urn:d:1,,,,nan,18", "latitude is a number"),
        ("urn:d:1", "not as many cells"),
        ("urn:d:1,,,,,,,,", "not as many cells"),
        ("urn:d:1,0000000000000001,,,,", "belongs to urn:ngsi-ld:Device:a:1"),
    ],
)
async def test_a_bad_row_is_told_and_the_others_are_brought_in(city, directory, row, told):
    table = f"id,devEUI,state,contract,latitude,longitude\n{row}\nurn:d:9,,,,,\n"
    report = await onboard(table, city, directory, is_dry=False)
    assert (report.rows[0].line, report.rows[0].outcome) == (2, "refused")
    assert told in report.rows[0].detail
    assert report.rows[1].outcome == "created"
    assert "urn:d:1" not in city.entities


async def test_what_stands_twice_in_a_table_is_created_once(city, directory):
    table = "id,devEUI\nurn:d:1,70B3D57ED0000011\nurn:d:1,\nurn:d:2,70b3d57ed0000011\n"
    report = await onboard(table, city, directory, is_dry=False)
    assert [one.outcome for one in report.rows] == ["created", "refused", "refused"]
    assert "line 2" in report.rows[1].detail
    assert "line 2" in report.rows[2].detail


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("", "column id is missing"),
        ("name\nx\n", "column id is missing"),
        ("id,colour\n", "'colour' is no column"),
        ('id\n"urn:d:1\n', "no CSV"),
        ("id\n" + "urn:x:1\n" * (MAX_ROWS + 1), "more than"),
    ],
)
async def test_what_is_no_table_is_refused_whole(city, directory, table, told):
    with pytest.raises(MessageRefused, match=told):
        await onboard(table, city, directory, is_dry=False)


async def test_a_broker_that_is_away_is_told(city, directory):
    city.is_away = True
    with pytest.raises(Unreachable):
        await onboard(TABLE, city, directory, is_dry=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("70b3d57ed0000001", BoxCode("70B3D57ED0000001")),
        (" 70-B3-D5-7E-D0-00-00-01\n", BoxCode("70B3D57ED0000001")),
        (
            "LW:D0:1122334455667788:AABBCCDDEEFF0011:AABB1122:OAABBCCDDEEFF:SYYWWNNNNNN:PFOOBAR:CAF2C",
            BoxCode(
                "AABBCCDDEEFF0011", "1122334455667788", "AABB1122", "AABBCCDDEEFF", "YYWWNNNNNN", "FOOBAR"
            ),
        ),
    ],
)
def test_codes_on_boxes(text, expected):
    assert read_qr(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://maker.example/1",
        "LW:D1:1122334455667788:AABBCCDDEEFF0011:AABB1122",
        "LW:D0:1122334455667788:AABBCCDDEEFF0011",
        "LW:D0:1122334455667788:AABBCCDDEEFF0011:AABB",
        "LW:D0:1122334455667788:AABBCCDDEEFF001:AABB1122",
        "LW:D0:1122334455667788:AABBCCDDEEFF0011:AABB1122:Xa",
        "LW:D0:1122334455667788:AABBCCDDEEFF0011:AABB1122:Sa:Sb",
        "x" * 5_000,
    ],
)
def test_codes_of_something_else_are_refused(text):
    with pytest.raises(IdentifierRefused):
        read_qr(text)


@given(st.text(max_size=80))
def test_no_text_breaks_them(text):
    with suppress(IdentifierRefused):
        read_qr(text)
    with suppress(MessageRefused):
        read_table("id,qr\n" + text)
