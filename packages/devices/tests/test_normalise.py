"""What decoders say becomes typed, plausible measurements in known units, and never a wrong one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_devices.domain.errors import ProfileRefused
from samstad_devices.domain.identifiers import Identifier
from samstad_devices.domain.messages import Reception, Uplink
from samstad_devices.domain.normalise import normalise
from samstad_devices.domain.profile import read_profile
from samstad_devices.domain.units import UNITS, converter
from samstad_devices.mapping import Target, fragments, iso, joined

NOW = 1_764_036_000_000_000  # 2025-11-25T02:00:00Z


def profile(*fields, **told):
    return read_profile({"decoder": "json", "fields": list(fields), **told})


def measured(field, data, **told):
    return normalise(profile(field, **told), data, received_us=NOW)


def value(field, data):
    (one,) = measured(field, data).measurements
    return one.value


@pytest.mark.parametrize(
    ("field", "data", "expected"),
    [
        ({"path": "t", "attribute": "temperature", "unit": "CEL"}, {"t": 21.5}, 21.5),
        ({"path": "t", "attribute": "temperature", "unit": "CEL", "scale": 0.01}, {"t": 2145}, 21.45),
        ({"path": "t", "attribute": "temperature", "unit": "CEL", "givenIn": "FAH"}, {"t": 212}, 100),
        ({"path": "t", "attribute": "temperature", "unit": "CEL", "givenIn": "KEL"}, {"t": 273.15}, 0),
        ({"path": "b", "attribute": "batteryLevel", "unit": "C62", "givenIn": "P1"}, {"b": "87"}, 0.87),
        (
            {"path": "a.1.d", "attribute": "depth", "unit": "MTR", "givenIn": "MMT"},
            {"a": [0, {"d": 1234}]},
            1.234,
        ),
        ({"path": "a.b", "attribute": "x"}, {"a.b": 3}, 3),
        ({"path": "s", "attribute": "status", "words": {"1": "occupied", "0": "free"}}, {"s": 1}, "occupied"),
        ({"path": "s", "attribute": "status", "words": {"true": "occupied"}}, {"s": True}, "occupied"),
        ({"path": "open", "attribute": "open"}, {"open": False}, False),
        ({"path": "t", "attribute": "t", "unit": "CEL", "decimals": 1}, {"t": 21.449}, 21.4),
    ],
)
def test_a_field_becomes_a_value_in_its_unit(field, data, expected):
    assert value(field, data) == expected


@pytest.mark.parametrize(
    ("field", "data", "reason"),
    [
        (
            {"path": "t", "attribute": "t", "unit": "CEL", "least": -60, "most": 80},
            {"t": 327.67},
            "implausible",
        ),
        ({"path": "t", "attribute": "t", "unit": "CEL", "least": -60, "most": 80}, {"t": -61}, "implausible"),
        ({"path": "t", "attribute": "t", "unit": "CEL"}, {"t": "warm"}, "wrong-type"),
        ({"path": "t", "attribute": "t", "unit": "CEL"}, {"t": True}, "wrong-type"),
        ({"path": "t", "attribute": "t", "unit": "CEL"}, {"t": float("nan")}, "wrong-type"),
        ({"path": "t", "attribute": "t", "unit": "CEL"}, {"t": 10**400}, "wrong-type"),
        ({"path": "t", "attribute": "t"}, {"t": {"deep": 1}}, "wrong-type"),
        ({"path": "t", "attribute": "t"}, {"t": "x" * 3_000}, "wrong-type"),
        ({"path": "s", "attribute": "s", "words": {"0": "free"}}, {"s": 7}, "unknown-word"),
    ],
)
def test_what_cannot_be_right_is_told_and_not_published(field, data, reason):
    found = measured(field, data)
    assert found.measurements == ()
    assert [doubt.reason for doubt in found.doubts] == [reason]


@pytest.mark.parametrize("data", [{}, {"t": None}, None, [], "text", 7, {"x": 1}])
def test_a_field_that_is_not_there_is_no_fault(data):
    found = measured({"path": "t", "attribute": "t", "unit": "CEL"}, data)
    assert (found.measurements, found.doubts) == ((), ())


@pytest.mark.parametrize(
    ("told", "expected_us"),
    [
        ("2025-11-25T01:59:00Z", NOW - 60_000_000),
        ("2025-11-25T01:59:00", NOW - 60_000_000),
        (1_764_035_940, NOW - 60_000_000),
        (1_764_035_940_000, NOW - 60_000_000),
        (None, NOW),
    ],
)
def test_the_device_says_when_it_measured(told, expected_us):
    found = measured({"path": "t", "attribute": "t"}, {"t": 1, "at": told}, timePath="at")
    assert (found.time_us, found.doubts) == (expected_us, ())


@pytest.mark.parametrize(
    "told", ["yesterday", 0, 12, "1970-01-01T00:00:00Z", "2035-01-01T00:00:00Z", [], True]
)
def test_a_clock_that_was_never_set_does_not_count(told):
    found = measured({"path": "t", "attribute": "t"}, {"t": 1, "at": told}, timePath="at")
    assert found.time_us == NOW
    assert [doubt.reason for doubt in found.doubts] == ["time"]
    assert found.measurements


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"decoder": "javascript"}, "/codec"),
        ({"decoder": "json", "codec": "abc"}, "/codec"),
        ({"decoder": "json", "grace": 0.5}, "/grace"),
        ({"decoder": "json", "fields": [{"path": "", "attribute": "a"}]}, "/fields/0/path"),
        ({"decoder": "json", "fields": [{"path": "a..b", "attribute": "a"}]}, "/fields/0/path"),
        ({"decoder": "json", "fields": [{"path": "a", "attribute": ""}]}, "/fields/0/attribute"),
        (
            {"decoder": "json", "fields": [{"path": "a", "attribute": "a", "least": 2, "most": 1}]},
            "/fields/0/least",
        ),
        (
            {"decoder": "json", "fields": [{"path": "a", "attribute": "a", "unit": "CEL", "givenIn": "MTR"}]},
            "/fields/0/givenIn",
        ),
    ],
)
def test_a_profile_that_cannot_work_is_refused_with_its_place(told, pointer):
    with pytest.raises(ProfileRefused) as refused:
        read_profile(told)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize("told", [None, [], "json", {}, {"decoder": "perl"}, {"decoder": "json", "more": 1}])
def test_what_is_no_profile_is_refused(told):
    with pytest.raises(ProfileRefused, match="not one"):
        read_profile(told)


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)), st.floats(-1e6, 1e6))
def test_units_convert_there_and_back_and_never_between_quantities(start, end, number):
    if UNITS[start].quantity != UNITS[end].quantity:
        with pytest.raises(ValueError, match="is of"):
            converter(start, end)
        return
    factor, offset = converter(start, end)
    back, shift = converter(end, start)
    assert math.isclose((number * factor + offset) * back + shift, number, rel_tol=1e-9, abs_tol=1e-6)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("tab"), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_no_data_break_it_and_numbers_stay_within_what_is_plausible(data):
    fields = [
        {"path": "t", "attribute": "t", "unit": "CEL", "least": -60, "most": 80},
        {"path": "a.0", "attribute": "a"},
    ]
    found = normalise(profile(*fields, timePath="b"), data, received_us=NOW)
    for one in found.measurements:
        if one.unit:
            assert -60 <= one.value <= 80


def test_fragments_tell_place_and_device_apart():
    found = normalise(
        profile(
            {"path": "level", "attribute": "fillingLevel", "unit": "C62", "givenIn": "P1"},
            {"path": "bat", "attribute": "batteryLevel", "of": "device", "unit": "C62", "givenIn": "P1"},
        ),
        {"level": 62, "bat": 88},
        received_us=NOW + 1,
    )
    heard = (Reception(gateway="A", rssi_dbm=-110), Reception(gateway="B", rssi_dbm=-90))
    uplink = Uplink(device=Identifier("devEUI", "0" * 16), payload=b"", receptions=heard, battery_percent=10)
    asset, device = fragments(found, Target("urn:d", "urn:bin", "WasteContainer"), uplink=uplink)
    observed = "2025-11-25T02:00:00.000001Z"
    level = {"type": "Property", "value": 0.62, "unitCode": "C62", "observedAt": observed}
    assert asset == {"id": "urn:bin", "type": "WasteContainer", "fillingLevel": level}
    assert device["batteryLevel"]["value"] == 0.88, "what the device says counts before the network"
    assert device["rssi"]["value"] == -90
    assert device["dateLastValueReported"]["value"]["@value"] == observed
    assert "fillingLevel" not in device


def test_a_device_on_the_shelf_touches_no_place():
    found = measured({"path": "t", "attribute": "temperature"}, {"t": 1})
    assert fragments(found, Target("urn:d")).asset is None
    assert (
        fragments(measured({"path": "x", "attribute": "x"}, {}), Target("urn:d", "urn:p", "T")).asset is None
    )
    with pytest.raises(ValueError, match="joined to nothing"):
        joined(Target("urn:d"), at_us=NOW)


def test_place_and_device_are_joined_from_a_time_on():
    asset, device = joined(Target("urn:d", "urn:p"), at_us=NOW)
    assert asset["refDevice"] == {"type": "Relationship", "object": "urn:d", "observedAt": iso(NOW)}
    assert device["controlledAsset"]["object"] == "urn:p"
    assert iso(NOW) == "2025-11-25T02:00:00Z"
