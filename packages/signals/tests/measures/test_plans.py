from __future__ import annotations

import pytest

from samstad_signals.domain.measures.compliance import check_compliance
from samstad_signals.domain.measures.corridor import Bar, Stop, band_s, time_space
from samstad_signals.domain.measures.greens import Green
from samstad_signals.domain.plan import PlanTimes, Window, cycle_second
from samstad_signals.domain.prediction import TimeToGreen, predict_from_history, predict_from_plan

PLAN = PlanTimes(1, 90, 10, {1: (Window(0, 38),), 2: (Window(46, 82),), 3: (Window(80, 20),)})


def test_the_cycle_counter_is_that_of_the_exchange_list():
    assert cycle_second(PLAN, 900) == 10  # (base + offset) mod cycle
    assert cycle_second(PLAN, 980) == 0


def test_greens_in_their_windows_comply():
    assert check_compliance(PLAN, 1, [Green(890, 928), Green(980, 1017)]).deviations == ()
    assert check_compliance(PLAN, 3, [Green(970, 1000)]).deviations == ()  # over the end of the cycle


def test_what_deviates_is_told_with_its_seconds():
    kinds = {d.kind: d.seconds for d in check_compliance(PLAN, 1, [Green(880, 934)]).deviations}
    assert kinds == {"earlyStart": 10, "lateEnd": 6}
    short = check_compliance(PLAN, 2, [Green(945, 960)])
    assert [(d.kind, d.seconds) for d in short.deviations] == [("lateStart", 9), ("earlyEnd", 12)]
    assert check_compliance(PLAN, 2, [Green(945, 960)], is_actuated=True).deviations == ()
    assert check_compliance(PLAN, 9, [Green(945, 960)]).deviations[0].kind == "notPlanned"


def test_a_wave_at_fifty_passes_two_junctions_with_the_right_offset():
    # 500 m at 12.5 m/s are 40 s; the second junction begins its green 40 s later, so all 30 s pass.
    first = Stop(0, PlanTimes(1, 80, 0, {1: (Window(0, 30),)}), 1)
    second = Stop(500, PlanTimes(1, 80, 40, {1: (Window(0, 30),)}), 1)
    assert band_s([first, second], speed_m_s=12.5) == 30
    late = second._replace(plan=second.plan._replace(offset_s=50))
    assert band_s([first, late], speed_m_s=12.5) == 20
    assert band_s([first, second._replace(plan=late.plan._replace(offset_s=0))], speed_m_s=12.5) == 0
    with pytest.raises(ValueError, match="one cycle"):
        band_s([first, Stop(500, PLAN, 1)], speed_m_s=12.5)


def test_bars_are_cut_at_both_ends():
    stop = Stop(120, PlanTimes(1, 60, 0, {1: (Window(50, 10),)}), 1)
    assert time_space([stop], begin_s=600, end_s=655) == [Bar(120, 600, 610), Bar(120, 650, 655)]
    assert time_space([stop._replace(group=2)], begin_s=600, end_s=655) == []


def test_a_fixed_plan_is_certain():
    assert predict_from_plan(PLAN, 2, at_s=900) == TimeToGreen(36, 36, 36, 1)
    assert predict_from_plan(PLAN, 1, at_s=900).likely_s == 0
    assert predict_from_plan(PLAN, 2, at_s=980 + 85).likely_s == 51
    assert predict_from_plan(PLAN, 7, at_s=900) is None


def test_actuated_green_is_predicted_from_what_was_seen():
    told = predict_from_history([40, 41, 42, 46, 41], cycle_s=90, now_s=30)
    assert told == TimeToGreen(10, 11, 16, 0.8)
    unsure = predict_from_history([40, 41, 42, None, None], cycle_s=90, now_s=30)
    assert unsure == TimeToGreen(10, 11, 102, 0.6)
    assert predict_from_history([40, 41], cycle_s=90, now_s=30) is None
    assert predict_from_history([40] * 6, cycle_s=90, now_s=50) is None
