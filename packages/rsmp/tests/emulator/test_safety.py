import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_rsmp.emulator.controller import PoliceKey
from samstad_rsmp.emulator.demand import Chance
from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.emulator.monitor import SafetyMonitor

JUNCTION = example_junction()
GROUPS = len(JUNCTION.groups)
BOOLEAN = st.booleans().map(str)
PLAN = st.integers(1, 3)
ORDERS = st.one_of(
    st.tuples(st.just("M0001"), st.fixed_dictionaries({
        "status": st.sampled_from(["NormalControl", "YellowFlash", "Dark"]),
        "timeout": st.integers(0, 2), "intersection": st.just(0)})),
    st.tuples(st.just("M0002"), st.fixed_dictionaries({"status": BOOLEAN, "timeplan": st.integers(1, 3)})),
    st.tuples(st.just("M0004"), st.fixed_dictionaries({"status": st.just("True")})),
    st.tuples(st.just("M0005"), st.fixed_dictionaries({
        "status": BOOLEAN, "emergencyroute": st.integers(1, 2)})),
    st.tuples(st.just("M0006"), st.fixed_dictionaries({"status": BOOLEAN, "input": st.integers(1, 16)})),
    st.tuples(st.just("M0007"), st.fixed_dictionaries({"status": BOOLEAN})),
    st.tuples(st.just("M0014"), st.fixed_dictionaries({
        "plan": st.integers(1, 3), "status": st.integers(0, 10).map(lambda s: f"1-{s}")})),
    st.tuples(st.just("M0015"), st.fixed_dictionaries({"plan": PLAN, "status": st.integers(0, 255)})),
    st.tuples(st.just("M0018"), st.fixed_dictionaries({"plan": PLAN, "status": st.integers(20, 255)})),
    st.tuples(st.just("M0022"), st.fixed_dictionaries({
        "requestId": st.uuids().map(str), "type": st.just("new"),
        "signalGroupId": st.sampled_from(["SG1", "SG2", "SG3", "SG4"]), "level": st.integers(0, 14)})),
    st.tuples(st.just("key"), st.sampled_from(PoliceKey)),
    st.tuples(st.just("manual"), st.booleans()),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(ORDERS, st.integers(1, 200)), max_size=12), st.integers(0, 10_000))
def test_whatever_is_ordered_the_monitor_sees_nothing(street, orders, seed):
    one = street(example_junction(seed=seed)).started()
    for (code, values), tenths in orders:
        if code == "key":
            one.controller.orders.key = values
        elif code == "manual":
            one.controller.orders.manual = values
        else:
            one.order(code, **values)
        one.run(tenths / 10)  # it asserts that nothing was seen
    assert len(one.seen) > 0


def test_an_hour_of_traffic_is_safe_and_nobody_waits_for_ever(street):
    one = street()
    one.monitor = SafetyMonitor(JUNCTION, red_grace_s=30)
    one.run(3600)
    assert one.controller.traffic.queued() < 60


def test_a_group_that_has_waited_too_long_goes_before_the_plan(street):
    groups = tuple(msgspec.structs.replace(one, max_red_s=60) for one in JUNCTION.groups)
    one = street(msgspec.structs.replace(JUNCTION, groups=groups), traffic=False)
    one.monitor = SafetyMonitor(one.junction, red_grace_s=30)
    one.started()
    one.controller.programs[1].plan = msgspec.structs.replace(
        JUNCTION.plans[0], windows=JUNCTION.plans[0].windows[:1], bands=()
    )
    one.controller.programs[1].set_bands({})
    one.order("M0008", "DL2", status=True, mode=True)
    states = one.run(200)
    assert "1" in {state[1] for state in states}  # though the plan has no green for it


def safe_hour(street):
    one = street().started()
    one.run(400)
    return one.seen


FOES = {0: 1, 1: 0, 2: 0, 3: 1}


class Film:
    """States that a fault is put into, at the begin of a green chosen by chance."""

    def __init__(self, states, number, groups=range(GROUPS)):
        self.states = list(states)
        starts = [
            (i, g)
            for g in groups
            for i in range(200, len(states) - 200)
            if states[i][g] == "1" and states[i - 1][g] != "1"
        ]
        self.at, self.group = starts[int(Chance(number).next() * len(starts))]

    def put(self, begin, end, group, character):
        for i in range(begin, end):
            self.states[i] = self.states[i][:group] + character + self.states[i][group + 1 :]


def both_green(film):
    film.put(film.at, film.at + 5, FOES[film.group], "1")


def too_early(film):
    film.put(film.at - 80, film.at, film.group, "B")
    film.put(film.at - 80, film.at - 10, FOES[film.group], "1")
    film.put(film.at - 10, film.at, FOES[film.group], "B")


def without_red_yellow(film):
    film.put(film.at - 12, film.at, film.group, "B")


def without_yellow(film):
    end = next(i for i in range(film.at, len(film.states)) if film.states[i][film.group] == "N")
    film.put(end, end + 40, film.group, "B")


def cut_short(film):
    film.put(film.at + 15, film.at + 55, film.group, "N")
    film.put(film.at + 55, film.at + 120, film.group, "B")


def straight_from_dark(film):
    film.put(film.at - 30, film.at, film.group, "b")


def kept_waiting(film):
    film.states += ["4F44"] * 2200


def not_told(film):
    film.states[film.at] = film.states[film.at][:-1]


FAULTS = (
    both_green,
    too_early,
    without_red_yellow,
    without_yellow,
    cut_short,
    straight_from_dark,
    kept_waiting,
    not_told,
)
OF_VEHICLES = {without_red_yellow, without_yellow}


def seeded(states, number):
    fault = FAULTS[number % len(FAULTS)]
    film = Film(states, number, range(2) if fault in OF_VEHICLES else range(GROUPS))
    fault(film)
    return film.states


def test_the_monitor_catches_every_one_of_eighty_seeded_faults(street):
    states = safe_hour(street)
    missed = []
    for number in range(80):
        monitor = SafetyMonitor(JUNCTION, red_grace_s=30)
        for index, state in enumerate(seeded(states, number)):
            monitor.see(state, index * 100)
        if not monitor.violations:
            missed.append(number)
    assert missed == []
    clean = SafetyMonitor(JUNCTION, red_grace_s=30)
    assert not [seen for i, state in enumerate(states) for seen in clean.see(state, i * 100)]
