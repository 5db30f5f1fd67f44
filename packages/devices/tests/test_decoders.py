"""Cayenne LPP, SenML and CBOR: the standards' own examples, and garbage that is refused with its place."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_devices.domain.cayenne import read_cayenne
from samstad_devices.domain.cbor import read_cbor
from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.senml import Record, fields_of, read_senml_cbor, read_senml_json


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("03670110056700ff", {"temperature_3": 27.2, "temperature_5": 25.5}),
        ("0167ffd7", {"temperature_1": -4.1}),
        ("067104d2fb2e0000", {"accelerometer_6": {"x": 1.234, "y": -1.234, "z": 0.0}}),
        (
            "018806765ff2960a0003e8",
            {"location_1": {"latitude": 42.3519, "longitude": -87.9094, "altitude": 10.0}},
        ),
        ("02687b0373279d", {"relative_humidity_2": 61.5, "barometric_pressure_3": 1014.1}),
        ("", {}),
    ],
)
def test_cayenne_reads_the_examples_of_its_makers(payload, expected):
    assert read_cayenne(bytes.fromhex(payload)) == expected
    if payload:
        with pytest.raises(MessageRefused):
            read_cayenne(bytes.fromhex(payload) + b"\x01")


@pytest.mark.parametrize(
    ("payload", "told"),
    [("03", "ends at byte 0"), ("0367ff", "1 bytes of 2"), ("01ff00", "no type of Cayenne")],
)
def test_cayenne_that_is_cut_or_unknown_is_refused(payload, told):
    with pytest.raises(MessageRefused, match=told):
        read_cayenne(bytes.fromhex(payload))


RFC_8428_5_1_2 = b"""[
 {"bn":"urn:dev:ow:10e2073a01080063:","bt":1.276020076001e+09,"bu":"A","bver":5,
  "n":"voltage","u":"V","v":120.1},
 {"n":"current","t":-5,"v":1.2},
 {"n":"current","t":-4,"v":1.3}
]"""


def test_senml_resolves_the_example_of_its_rfc():
    records = read_senml_json(RFC_8428_5_1_2)
    name = "urn:dev:ow:10e2073a01080063:"
    assert records == [
        Record(name + "voltage", 120.1, "V", 1276020076.001),
        Record(name + "current", 1.2, "A", 1276020071.001),
        Record(name + "current", 1.3, "A", 1276020072.001),
    ]
    assert fields_of(records) == {name + "voltage": 120.1, name + "current": 1.3, "time": 1276020076.001}


def test_senml_in_cbor_is_the_same():
    pack = bytes.fromhex(
        "82a3216b75726e3a6465763a6f773a0067766f6c7461676502f95780a2006763757272656e7402f93e00"
    )
    assert [(one.name, one.value) for one in read_senml_cbor(pack)] == [
        ("urn:dev:ow:voltage", 120.0),
        ("urn:dev:ow:current", 1.5),
    ]


@pytest.mark.parametrize(
    ("pack", "pointer"),
    [
        (b"{}", ""),
        (b"[1]", ""),
        (b'[{"n":"a","v":"1"}]', "/0/v"),
        (b'[{"n":"a","v":true}]', "/0/v"),
        (b'[{"n":"a","v":1},{"n":"b","vb":1}]', "/1/vb"),
        (b'[{"bn":7,"v":1}]', "/0/bn"),
        (b'[{"v":1}]', "/0"),
        (b'[{"bver":11,"n":"a","v":1}]', "/0/bver"),
        (b'[{"n":"a","v":1,"new_":1}]', "/0"),
        (b"[", ""),
    ],
)
def test_a_pack_that_is_none_is_refused_with_its_place(pack, pointer):
    with pytest.raises(MessageRefused) as refused:
        read_senml_json(pack)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("1bffffffffffffffff", 2**64 - 1),
        ("3903e7", -1000),
        ("fb3ff199999999999a", 1.1),
        ("f90001", 5.960464477539063e-08),
        ("f4", False),
        ("f6", None),
        ("c11a514b67b0", 1363896240),
        ("6449455446", "IETF"),
        ("4401020304", b"\x01\x02\x03\x04"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ],
)
def test_cbor_reads_the_examples_of_its_rfc(raw, expected):
    assert read_cbor(bytes.fromhex(raw)) == expected


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("", "1 bytes are expected"),
        ("8201", "1 bytes are expected"),
        ("0101", "something follows"),
        ("ff", "break"),
        ("82ff01", "break"),
        ("1f", "indefinite"),
        ("1c", "means nothing"),
        ("62c328", "UTF-8"),
        ("7f4101ff", "another kind"),
        ("bf6161ff", "key without"),
        ("a18001", "neither a number"),
        ("81" * 40 + "01", "nested too deep"),
        ("9b7fffffffffffffff", "bytes are expected"),
        ("5b7fffffffffffffff", "bytes are expected"),
    ],
)
def test_cbor_that_is_broken_or_hostile_is_refused(raw, told):
    with pytest.raises(MessageRefused, match=told):
        read_cbor(bytes.fromhex(raw))


@pytest.mark.parametrize("read", [read_cayenne, read_cbor, read_senml_cbor, read_senml_json])
@given(payload=st.binary(max_size=64))
def test_garbage_is_refused_and_nothing_else_happens(read, payload):
    with suppress(MessageRefused):
        read(payload)
