from __future__ import annotations

import orjson
import pytest

ATTRS = "/entities/urn:ngsi-ld:Lamp:1/attrs"
MISSING = "/entities/urn:ngsi-ld:Lamp:8/attrs"
LAMP = "/entities/urn:ngsi-ld:Lamp:1"


def _property(value):
    return {"type": "Property", "value": value}


async def test_appending_overwrites_unless_told_not_to_and_then_says_what_was_left(lamps):
    body = {"power": _property(1), "colour": _property("red")}
    answer = await lamps.ask(f"{ATTRS}?options=noOverwrite", "POST", body)
    assert answer.status == 207
    result = orjson.loads(answer.body)
    assert [item["attributeName"].rpartition("/")[2] for item in result["notUpdated"]] == ["power"]
    assert (await lamps.read(LAMP))["power"]["value"] == 40
    assert (await lamps.ask(ATTRS, "POST", body)).status == 204
    assert (await lamps.read(LAMP))["power"]["value"] == 1


async def test_updating_replaces_attributes_whole_adds_new_ones_and_deletes_by_null(lamps):
    body = {"power": _property(2), "colour": _property("red"), "pole": "urn:ngsi-ld:null"}
    assert (await lamps.ask(ATTRS, "PATCH", body)).status == 204
    lamp = await lamps.read(LAMP)
    assert lamp["power"] == _property(2)
    assert lamp["colour"] == _property("red")
    assert "pole" not in lamp


async def test_a_partial_update_keeps_the_members_that_are_not_given(lamps):
    assert (await lamps.ask(f"{ATTRS}/power", "PATCH", {"value": 5})).status == 204
    assert (await lamps.read(LAMP))["power"] == {"type": "Property", "value": 5, "unitCode": "WTT"}


async def test_replacing_an_attribute_takes_its_other_members_away(lamps):
    assert (await lamps.ask(f"{ATTRS}/power", "PUT", _property(6))).status == 204
    assert (await lamps.read(LAMP))["power"] == {"type": "Property", "value": 6}


async def test_a_deleted_attribute_is_gone_and_the_others_stay(lamps):
    assert (await lamps.ask(f"{ATTRS}/power", "DELETE")).status == 204
    lamp = await lamps.read(LAMP)
    assert "power" not in lamp
    assert "pole" in lamp
    assert (await lamps.problem(f"{ATTRS}/power", "DELETE"))[:2] == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"power": _property(1)}),
        ("PATCH", "", {"power": _property(1)}),
        ("PATCH", "/power", {"value": 1}),
        ("PUT", "/power", _property(1)),
        ("DELETE", "/power", None),
    ],
)
async def test_who_may_not_gets_nothing_done(lamps, method, path, body):
    assert (await lamps.problem(MISSING + path, method, body))[:2] == (404, "ResourceNotFound")
    secret = "/entities/urn:ngsi-ld:Secret:1/attrs" + path
    assert (await lamps.problem(secret, method, body, authorization="guest"))[0] == 404
    assert (await lamps.problem(ATTRS + path, method, body, authorization="reader"))[0] == 403
    assert (await lamps.problem(f"{ATTRS}{path}?type=Pole", method, body))[0] == 404
    assert (await lamps.problem(ATTRS + path, method, body, ngsild_tenant="elsewhere"))[0] == 404
    assert (await lamps.read(LAMP))["power"]["value"] == 40
