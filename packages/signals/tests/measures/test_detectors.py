from __future__ import annotations

from samstad_signals.domain.measures.detectors import Interval, find_fault

QUIET = Interval(300, 0, 0.0, expected=0.1)


def test_an_empty_road_at_night_is_no_fault():
    assert find_fault([QUIET] * 50) is None


def test_silence_where_traffic_was_expected_is():
    assert find_fault([Interval(300, 0, 0.0, expected=6.0)] * 2) == "stuckOff"
    assert find_fault([Interval(300, 0, 0.0, expected=6.0), Interval(300, 1, 0.01, expected=6.0)]) is None


def test_a_detector_that_is_full_for_ten_minutes_is_stuck_on():
    assert find_fault([Interval(300, 0, 1.0)] * 2) == "stuckOn"
    assert find_fault([Interval(300, 0, 1.0), Interval(300, 4, 0.9)]) is None


def test_counts_that_no_lane_carries_and_vehicles_without_length():
    assert find_fault([Interval(60, 50, 0.9)]) == "implausible"
    assert find_fault([Interval(60, 40, 0.03)]) == "chattering"
    assert find_fault([Interval(60, 40, 0.3)]) is None


def test_no_data_is_no_verdict():
    assert find_fault([]) is None
    assert find_fault([Interval(300, None, None, expected=90.0)] * 9) is None
