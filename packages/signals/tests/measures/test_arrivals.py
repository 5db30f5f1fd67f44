from __future__ import annotations

import pytest

from samstad_signals.domain.measures.arrivals import (
    arrivals_on_green,
    estimate_queue,
    green_use,
    split_failures,
    uniform_delay_s,
)
from samstad_signals.domain.measures.greens import Green

CYCLES = [Green(10, 40), Green(100, 130)]
"""Two cycles of 90 s with a green of 30 s."""


def test_a_platoon_that_is_met_by_green_counts_above_its_share():
    passages = [5, 7, 9, 45, 95, 97, 181]  # 8 s upstream: 13, 15, 17 | 53 | 103, 105 | after the period
    arrivals = arrivals_on_green(passages, CYCLES, travel_s=8, period=(0, 180))
    assert (arrivals.total, arrivals.on_green) == (6, 5)
    assert arrivals.platoon_ratio == pytest.approx((5 / 6) / (60 / 180))  # 2.5
    assert arrivals_on_green([], CYCLES, travel_s=8, period=(0, 180)).share is None


def test_a_split_fails_only_where_the_stop_line_is_full_in_green_and_still_in_red():
    full, cleared = split_failures(CYCLES, [(5.0, 37.0), (38.0, 50.0), (90.0, 126.0)])
    assert full.green_occupancy == pytest.approx(29 / 30)
    assert full.red_occupancy == 1
    assert full.failed
    assert cleared.green_occupancy == pytest.approx(26 / 30)
    assert not cleared.failed


def test_a_green_of_thirty_seconds_that_served_six_was_used_for_twelve():
    assert green_use(CYCLES[0], [12, 14, 16, 18, 20, 39, 41]) == pytest.approx(0.4)
    assert green_use(Green(5, 5), [5]) == 0


def test_three_that_wait_leave_at_saturation():
    # They come at 0, 3 and 8; green at 10: they leave at 12, 14, 16, so they wait 12 + 11 + 8 = 31 s.
    # The fourth comes to a free road at 30 and does not wait; the fifth comes after the last green.
    estimate = estimate_queue([0, 3, 8, 30, 140], CYCLES)
    assert estimate.delay_s == 31
    assert (estimate.most_waiting, estimate.departed, estimate.left) == (3, 4, 1)


def test_who_does_not_get_through_waits_for_the_next_green():
    # A green of 5 s from 10: departures at 12 and 14; the third leaves at 102.
    estimate = estimate_queue([0, 0, 0], [Green(10, 15), Green(100, 130)])
    assert estimate.delay_s == 12 + 14 + 102
    assert estimate.left == 0


def test_uniform_delay_after_webster():
    # c = 90, g = 30, x = 0.9: 90 (2/3)² / (2 (1 - 0.3)) = 40 / 1.4 = 28.57 s
    assert uniform_delay_s(cycle_s=90, green_s=30, degree_of_saturation=0.9) == pytest.approx(
        28.571, abs=1e-3
    )
    assert uniform_delay_s(cycle_s=90, green_s=90, degree_of_saturation=1.2) == 0
    with pytest.raises(ValueError, match="does not fit"):
        uniform_delay_s(cycle_s=90, green_s=0, degree_of_saturation=0.5)
