import pytest

from samstad_rsmp.emulator.demand import Chance
from samstad_rsmp.emulator.monitor import SafetyMonitor
from samstad_signals.simulation.sumo.imported import NotImportable, Phase, Way, import_program
from samstad_signals.simulation.sumo.joined import JoinedJunction, Watch, characters_of

# north-south: 0 through, 1 left that yields to 2; 2 through from the other side; east-west: 3 and 4
WAYS = (
    Way("n_0", "s_0", frozenset({3, 4})),
    Way("n_1", "e_0", frozenset({2, 3, 4})),
    Way("s_0", "n_0", frozenset({1, 3, 4})),
    Way("e_0", "w_0", frozenset({0, 1, 2})),
    Way("w_0", "e_1", frozenset({0, 1, 2})),
)


def phase(state, seconds, least=None, longest=None):
    return Phase(state, seconds, least or seconds, longest or seconds)


PROGRAM = (
    phase("GgGrr", 30, 8, 50),
    phase("yyyrr", 3),
    phase("rrrrr", 2),
    phase("rrrGG", 20, 6, 40),
    phase("rrryy", 3),
    phase("rrrrr", 2),
)


@pytest.fixture
def imported():
    return import_program("J", PROGRAM, WAYS)


def test_a_program_tells_groups_stages_and_bounds(imported):
    assert imported.groups == ("SG1", "SG1", "SG1", "SG2", "SG2")
    assert [one.greens for one in imported.crossing.stages] == [{"SG1"}, {"SG2"}]
    assert imported.crossing.stages[0].weak == {1}
    assert imported.crossing.links[1].foes == {2}
    assert [one.min_green_s for one in imported.junction.groups] == [8, 6]
    assert imported.crossing.max_green_s == {"SG1": 50, "SG2": 40}
    assert not imported.findings


def test_intergreens_are_those_of_its_own_changes(imported):
    assert imported.junction.intergreen_s == {"SG1": {"SG2": 5}, "SG2": {"SG1": 5}}
    assert imported.crossing.change_s(0, 1) == 5
    assert imported.crossing.change_s(0, 0) == 0


def test_a_program_without_bounds_gets_those_of_the_house():
    plain = [Phase(one.state, one.duration_s, one.duration_s, one.duration_s) for one in PROGRAM]
    found = import_program("J", plain, WAYS)
    assert [one.min_green_s for one in found.junction.groups] == [5, 5]
    assert set(found.crossing.max_green_s.values()) == {120}


def test_two_rights_of_way_that_cross_are_told():
    unsafe = list(PROGRAM)
    unsafe[0] = phase("GGGrr", 30, 8, 50)
    assert import_program("J", unsafe, WAYS).findings == ("links 1 and 2 cross and both have right of way",)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ((phase("GGGGG", 60), phase("GGGGG", 30)), "no light ever changes"),
        (tuple(phase(one.state, one.duration_s * 30) for one in PROGRAM), "a cycle of 1800 s"),
        ((phase("GgGrr", 30), phase("yyyrr", 3)), "fewer than two stages"),
    ],
)
def test_what_no_controller_can_run_is_refused_with_its_reason(program, why):
    with pytest.raises(NotImportable, match=why):
        import_program("J", program, WAYS)


def test_a_program_without_yellow_gets_it_and_one_that_is_too_long_is_shortened():
    found = import_program("J", (phase("GgGrr", 400), phase("rrrGG", 100)), WAYS)
    assert [one.yellow_s for one in found.junction.groups] == [3, 3]
    assert found.junction.intergreen_s == {"SG1": {"SG2": 3}, "SG2": {"SG1": 3}}
    assert 200 < found.junction.plans[0].cycle_s <= 255
    assert watched(found, run(found, 600)) == []
    assert import_program("J", (phase("GgGrr", 4), phase("rrrGG", 4)), WAYS).junction.plans[0].cycle_s >= 20


def run(imported, seconds, *, wish=None):
    """Let a joined controller run for itself, or by wishes, and return the lights of each second."""
    joined = JoinedJunction(imported)
    found = []
    for second in range(seconds):
        if wish is not None:
            joined.controller.steer(wish(second), second * 1000)
        joined.feel({"SG2"} if second % 3 else set())
        joined.advance(second * 1000)
        found.append(joined.lights())
    return found


def watched(imported, lights):
    watch = Watch(imported)
    for second, one in enumerate(lights):
        watch.see(one, set(), second * 1000)
    return watch.violations


def test_the_emulated_controller_shows_the_same_program(imported):
    lights = run(imported, 300)
    assert set(lights) == {"GgGrr", "yyyrr", "rrrrr", "rrrGG", "rrryy"}
    assert watched(imported, lights) == []
    assert lights[120:180] == lights[180:240]


def test_any_wish_is_safe_in_the_street(imported):
    draw = Chance(5)
    lights = run(imported, 900, wish=lambda _second: {"SG1"} if draw.next() < 0.5 else {"SG2"})
    assert watched(imported, lights) == []
    assert {one[3] for one in lights} >= {"G", "y", "r"}


def test_the_watch_at_the_lights_catches_every_one_of_sixty_seeded_faults(imported):
    lights = run(imported, 600)
    missed = [number for number in range(60) if not watched(imported, _spoilt(lights, number))]
    assert missed == []
    assert watched(imported, lights) == []


def _spoilt(lights, number):
    """Put one of four faults in, at a begin of green that chance chooses."""
    begins = [n for n in range(100, 500) if lights[n] == "rrrGG" != lights[n - 1]]
    at = begins[int(Chance(number).next() * len(begins))]
    spoilt = list(lights)
    if number % 4 == 0:  # both green
        spoilt[at + 1] = "GgGGG"
    elif number % 4 == 1:  # the intergreen is cut short
        spoilt[at - 2 : at] = ["rrrGG"] * 2
    elif number % 4 == 2:  # the minimum green is not kept
        spoilt[at + 3 : at + 6] = ["rrryy"] * 3
        spoilt[at + 6 : at + 20] = ["rrrrr"] * 14
    else:  # no yellow
        end = next(n for n in range(at, 600) if spoilt[n] == "rrryy")
        spoilt[end : end + 3] = ["rrrrr"] * 3
    return spoilt


def test_lights_are_read_as_characters(imported):
    assert characters_of(imported, "GgGrr", {"SG2"}) == "4F"
    assert characters_of(imported, "yyyrr", set()) == "NB"
    assert SafetyMonitor(imported.junction).see("4F", 0) != []  # green straight after nothing at all
