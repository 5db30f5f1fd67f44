"""From entities of alerts; what cannot be read is not missed."""

from __future__ import annotations

from samstad_operations.domain.alert import FOREVER_US
from samstad_operations.mapping import alert_of, is_gone


def prop(value):
    return {"type": "Property", "value": value}


YES: dict = {"type": "Property", "value": True}
NO: dict = {"type": "Property", "value": False}


def entity(**more) -> dict:
    told = {
        "active": YES,
        "acknowledged": NO,
        "suspended": NO,
        "severity": prop("low"),
    }
    return {"id": "urn:a", "type": "Alert", **told, **more}


def test_what_decides_is_read():
    owner = {"type": "Relationship", "object": ["org:1", "org:2"]}
    place = {"type": "GeoProperty", "value": {"type": "Polygon", "coordinates": [[[16.5, 59.5], [17, 60]]]}}
    found = alert_of(entity(owner=owner, location=place, alertType=prop("dark")))
    assert (found.severity, found.kind, found.owners, found.place) == (
        1,
        "dark",
        ("org:1", "org:2"),
        (16.5, 59.5),
    )
    assert found.waits
    assert not is_gone(entity())


def test_what_is_handled_or_gone_waits_for_nobody():
    assert not alert_of(entity(acknowledged=YES)).waits
    assert not alert_of(entity(active=NO)).waits
    assert not alert_of({"id": "urn:a", "type": "Alert"}).waits
    assert is_gone({"id": "urn:a", "type": "Alert", "deletedAt": "2026-11-25T10:00:00Z"})


def test_a_suspension_ends_at_its_time_and_never_without_one():
    until = prop({"@type": "DateTime", "@value": "2026-11-25T10:00:00Z"})
    assert alert_of(entity(suspended=YES, suspendedUntil=until)).silent_until_us == 1_795_600_800_000_000
    assert alert_of(entity(suspended=YES)).silent_until_us == FOREVER_US
    assert alert_of(entity(suspended=YES, suspendedUntil=prop("soon"))).silent_until_us == FOREVER_US
    assert alert_of(entity(suspendedUntil=until)).silent_until_us == 0


def test_a_severity_that_nobody_knows_is_taken_for_high():
    assert alert_of(entity(severity=prop("catastrophic"))).severity == 3
    assert alert_of(entity(severity=prop(7))).severity == 3
    nonsense = entity(location=prop({"coordinates": ["x", "y"]}), owner=prop(7), description=prop([1]))
    assert alert_of(nonsense).place is None
    assert alert_of(nonsense).owners == ()
