"""Values of LwM2M: the specification's own example, every form of one value, and any bytes."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.lwm2m.objects import OBJECTS, kind_of
from samstad_devices.domain.lwm2m.registration import read_links, read_offer
from samstad_devices.domain.lwm2m.tlv import (
    INSTANCE,
    MULTIPLE,
    RESOURCE,
    RESOURCE_INSTANCE,
    Entry,
    read_tlv,
    write_tlv,
)
from samstad_devices.domain.lwm2m.values import FORMS, read_path, read_values, write_values

DEVICE = bytes.fromhex(
    "C800144F70656E204D6F62696C6520416C6C69616E6365C801164C69676874776569676874204D324D20436C69656E74"
    "C80209333435303030313233C303312E30860641000141010588070842000ED842011388870841007D42010384C10964"
    "C10A0F830B410000C40D5182428FC60E2B30323A3030C11055"
)
"""The example of LwM2M Core, clause 7.4.3: the object Device of one client."""


def test_the_specifications_own_example_says_what_it_says_there():
    told = read_values(DEVICE, content_format=11_542, path="/3/0")
    assert told["/3/0/0"] == "Open Mobile Alliance"
    assert (told["/3/0/6/0"], told["/3/0/6/1"], told["/3/0/7/0"], told["/3/0/7/1"]) == (1, 5, 3_800, 5_000)
    assert (told["/3/0/8/1"], told["/3/0/9"], told["/3/0/11/0"]) == (900, 100, 0)
    assert (told["/3/0/13"], told["/3/0/14"], told["/3/0/16"]) == (1_367_491_215, "+02:00", "U")
    assert "/3/0/4" not in told
    instance = write_tlv([Entry(INSTANCE, 0, entries=tuple(read_tlv(DEVICE)))])
    assert read_values(instance, content_format=11_542, path="/3") == told


@pytest.mark.parametrize(
    ("form", "payload"),
    [
        (11_542, bytes.fromhex("e4164441ac0000")),
        (110, b'[{"bn":"/3303/0/","n":"5700","v":21.5}]'),
        (112, bytes.fromhex("81a2006c2f333330332f302f3537303002f94d60")),
        (60, bytes.fromhex("f94d60")),
        (0, b"21.5"),
        (None, b"21.5"),
        (11_543, b'{"bn":"/3303/0/","e":[{"n":"5700","v":21.5}]}'),
    ],
)
def test_each_form_tells_the_same(form, payload):
    path = "/3303/0/5700"
    assert read_values(payload, content_format=form, path=path) == {path: 21.5}
    with pytest.raises(MessageRefused):
        read_values(payload[:-1] + b"\xff\xff\xff", content_format=form, path=path)


def test_an_unknown_resource_keeps_its_bytes_and_guesses_nothing():
    assert read_values(bytes.fromhex("c1630a"), content_format=11_542, path="/3431/0") == {"/3431/0/99": "0a"}
    assert read_values(bytes.fromhex("c10101"), content_format=11_542, path="/3431/0") == {"/3431/0/1": True}
    with pytest.raises(MessageRefused, match="type 'b'"):
        read_values(bytes.fromhex("c10102"), content_format=11_542, path="/3431/0")


@pytest.mark.parametrize(
    ("hexadecimal", "told"),
    [
        ("c3", "ends at byte 1"),
        ("c20141", "has 1 bytes of 2"),
        ("0402c30141", "has 3 bytes of 4"),
        ("03000000c1", "not held there"),
        ("8302c10041", "kind 3"),
    ],
)
def test_a_broken_tlv_is_told_by_its_byte(hexadecimal, told):
    with pytest.raises(MessageRefused, match=told):
        read_tlv(bytes.fromhex(hexadecimal))


@given(
    st.binary(max_size=200),
    st.sampled_from([*FORMS, None, 7]),
    st.sampled_from(["/3", "/3/0", "/3/0/9", "/9/1/2/3"]),
)
@example(b"\x80" * 100, 11_542, "/3/0")
def test_any_bytes_are_values_or_are_refused(payload, form, path):
    try:
        told = read_values(payload, content_format=form, path=path)
    except MessageRefused:
        return
    assert all(isinstance(name, str) for name in told)


numbers = st.integers(0, 65_535)
entry = st.tuples(numbers, st.binary(max_size=300)).map(lambda told: Entry(RESOURCE, *told))
held = st.tuples(numbers, st.binary(max_size=100)).map(lambda told: Entry(RESOURCE_INSTANCE, *told))
several = st.tuples(numbers, st.lists(held, max_size=4)).map(
    lambda told: Entry(MULTIPLE, told[0], entries=tuple(told[1]))
)


@given(st.lists(entry | several, max_size=5))
def test_what_is_written_is_read(told):
    assert read_tlv(write_tlv(told)) == told


def test_resources_are_written_in_their_types():
    written = write_values("/3416/0", {1: 50})
    assert read_values(written, content_format=11_542, path="/3416/0") == {"/3416/0/1": 50}
    assert write_values("/3416/0", {1: 50.0}) == written
    wrong = [("/3416/0", {1: told}) for told in (50.5, True, "50", 2**70)]
    for path, values in (*wrong, ("/3416", {1: 50}), ("/x", {})):
        with pytest.raises(MessageRefused):
            write_values(path, values)


def test_paths_are_paths():
    assert read_path("/3303/0/5700") == (3303, 0, 5700)
    for wrong in ("", "/", "3303", "/3303/", "/03303", "/1/2/3/4/5", "/70000", "/a"):
        with pytest.raises(MessageRefused):
            read_path(wrong)


def test_what_a_client_offers():
    links = '</>;rt="oma.lwm2m";ct="112 11542",</1/0>,</3/0>,</3303/0>;ver=1.1,</3303/1>,</5>'
    offer = read_offer({"ep": "node-1", "lt": "300", "lwm2m": "1.1", "b": "U", "Q": ""}, links)
    assert (offer.endpoint, offer.lifetime_s, offer.sleeps, offer.form) == ("node-1", 300, True, 112)
    assert offer.objects == ("/1/0", "/3/0", "/3303/0", "/3303/1", "/5")
    rooted = read_links('</lwm>;rt="oma.lwm2m";ct=11542,</lwm/3/0>,</other>')
    assert rooted == (("/3/0",), frozenset({11_542}))
    assert read_offer({"ep": "a"}, "</3/0>").form == 11_542
    assert read_offer({"ep": "a", "lt": "1"}, "").lifetime_s == 20
    for queries, text in (
        ({}, ""),
        ({"ep": "a", "lt": "x"}, ""),
        ({"ep": "a", "lwm2m": "9"}, ""),
        ({"ep": "a", "b": "S"}, ""),
        ({"ep": "a"}, "</3/0"),
        ({"ep": "a"}, "</3/0> </4/0>"),
        ({"ep": "a"}, ",".join(f"</3303/{n}>" for n in range(300))),
    ):
        with pytest.raises(MessageRefused):
            read_offer(queries, text)


@given(st.text(alphabet='</>;="ct,1 ', max_size=80))
def test_any_list_is_one_or_is_refused(text):
    try:
        objects, _ = read_links(text)
    except MessageRefused:
        return
    assert all(one.startswith("/") for one in objects)


@pytest.mark.skipif(
    "SAMSTAD_REFERENCE" not in os.environ, reason="SAMSTAD_REFERENCE names no directory of reference data"
)
def test_the_tables_say_what_the_published_objects_say():
    kinds = {
        "Boolean": "b",
        "Integer": "i",
        "Unsigned Integer": "u",
        "Float": "f",
        "String": "s",
        "Time": "t",
        "Opaque": "o",
    }
    compared = 0
    for path in sorted(Path(os.environ["SAMSTAD_REFERENCE"], "ucifi").glob("*.xml")):
        for published in ET.parse(path).getroot().iter("Object"):  # noqa: S314 - reference data of our own
            number = int(published.findtext("ObjectID"))
            assert OBJECTS[number].name == published.findtext("Name")
            for item in published.iter("Item"):
                is_run = item.findtext("Operations") == "E"
                kind = "e" if is_run else kinds[item.findtext("Type")]
                assert kind_of(number, int(item.get("ID"))) == kind, (number, item.get("ID"))
                compared += 1
    assert compared > 500
