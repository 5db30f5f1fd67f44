from __future__ import annotations

import pytest

from samstad_rsmp.messages import Alarm, StatusUpdate, StatusValue
from samstad_signals.domain.controller import Told
from samstad_signals.gateway.reading import alarm_seen, values_told

ID = "3d0c8f0e-5b0e-4c39-8a36-6a1f5f6f2a11"


def alarm(**told):
    return Alarm(message_id=ID, component_id="SG1", code="A0201", specialization="Issue", **told)


def test_words_of_older_versions_are_read_too():
    seen = alarm_seen(
        alarm(
            active="active",
            acknowledged="Acknowledged",
            suspended="notSuspended",
            timestamp="1970-01-01T00:00:01.500Z",
            priority="2",
        )
    )
    assert (seen.active, seen.acknowledged, seen.suspended) == (True, True, False)
    assert (seen.observed_us, seen.priority) == (1_500_000, 2)
    assert not alarm_seen(alarm(active="inActive", timestamp="1970-01-01T00:00:01.500Z")).active


def test_an_alarm_without_its_time_is_not_taken():
    with pytest.raises(ValueError, match="does not match"):
        alarm_seen(alarm(active="Active"))


def test_arrays_are_left_to_whoever_reads_them():
    values = [
        StatusValue("S0014", "status", "2", "recent"),
        StatusValue("S0033", "status", [{"r": "1"}], "old"),
    ]
    message = StatusUpdate(
        message_id=ID, component_id="TC", timestamp="1970-01-01T00:00:00.000Z", values=values
    )
    assert values_told(message) == [Told("S0014", "status", "2"), Told("S0033", "status", None)]
