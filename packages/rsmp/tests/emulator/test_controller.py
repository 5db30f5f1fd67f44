from itertools import groupby, pairwise

import msgspec
import pytest

from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.errors import RsmpError
from samstad_rsmp.session.alarms import AlarmEvent
from samstad_rsmp.sxl.table import get_sxl
from samstad_rsmp.timestamps import parse_timestamp


def shown(states, group):
    """The characters of one group, each once as long as it lasts."""
    return "".join(character for character, _ in groupby(state[group] for state in states))


def green_s(states, group):
    return [
        len(list(steps)) / 10
        for is_green, steps in groupby(state[group] in "134" for state in states)
        if is_green
    ]


def test_it_starts_by_e_f_g_and_then_controls(street):
    one = street()
    states = one.run(12)
    assert shown(states, 0)[:3] == "efg"
    assert one.status("S0005")["status"] == "False"
    assert [len([s for s in states if s == character * 4]) for character in "efg"] == [30, 30, 50]
    begun = street()
    begun.run(1)
    assert begun.status("S0005")["status"] == "True"
    assert begun.status("S0020")["controlmode"] == "startup"


def test_a_cycle_shows_both_streets_in_their_order(street):
    one = street(traffic=False).started()
    one.order("M0007", status=True)
    states = one.run(160)
    assert set(shown(states, 0)) == set("14NB0")
    assert "B014NB" in shown(states, 0) + "B"
    assert all(state[0] not in "134" or state[1] not in "134" for state in states)


def test_the_cycle_counter_is_base_plus_offset(street):
    one = street().started()
    for plan in (1, 2):
        one.order("M0002", status=True, timeplan=plan)
        one.order("M0015", plan=plan, status=17)
        one.run(1)
        told = one.status("S0001")
        cycle = dict(pair.split("-") for pair in one.status("S0028")["status"].split(","))[str(plan)]
        assert int(told["cyclecounter"]) == (int(told["basecyclecounter"]) + 17) % int(cycle)
    assert "2-17" in one.status("S0024")["status"]


def test_an_offset_moves_the_green(street):
    begins = []
    for offset in (0, 25):
        one = street(traffic=False).started()
        one.order("M0007", status=True)
        one.order("M0015", plan=1, status=offset)
        states = one.run(240)[1600:]
        begins.append(next(i for i in range(1, 800) if states[i][0] == "1" and states[i - 1][0] != "1") / 10)
    assert (begins[0] - begins[1]) % 80 == pytest.approx(25, abs=0.2)


def test_a_dynamic_band_lengthens_one_green_and_shortens_the_other(street):
    one = street(traffic=False).started()
    one.order("M0007", status=True)
    before = one.run(320)[1600:]
    one.order("M0014", plan=1, status="1-10")
    after = one.run(320)[1600:]
    assert max(green_s(after, 0)) - max(green_s(before, 0)) == pytest.approx(10, abs=0.2)
    assert max(green_s(after, 1)) < max(green_s(before, 1))
    assert one.status("S0023")["status"] == "1-1-10,2-1-0,3-1-0"


def test_bands_end_when_the_supervisor_has_been_gone_for_their_timeout(street):
    one = street(traffic=False).started()
    one.order("M0014", plan=1, status="1-10")
    one.order("M0023", status=1)
    one.run(59, connected=False)
    assert one.status("S0023")["status"].startswith("1-1-10")
    one.run(2, connected=False)
    assert one.status("S0023")["status"].startswith("1-1-0")


def test_a_cycle_time_is_in_effect(street):
    one = street(traffic=False).started()
    one.order("M0007", status=True)
    one.order("M0018", plan=1, status=60)
    states = one.run(300)[1200:]
    starts = [i for i in range(1, len(states)) if states[i][0] == "1" and states[i - 1][0] != "1"]
    assert {round((b - a) / 10) for a, b in pairwise(starts)} == {60}


def test_an_actuated_group_is_served_on_request_only(street):
    one = street(traffic=False).started()
    assert "1" not in shown(one.run(200), 1)
    one.order("M0008", "DL2", status=True, mode=True)
    states = one.run(100)
    assert "F" in shown(states, 1)
    assert max(green_s(states, 1)) > 10
    one.order("M0008", "DL2", status=False, mode=False)
    one.run(100)
    assert "1" not in shown(one.run(100), 1)


def test_yellow_flash_returns_by_itself_through_the_start_up_sequence(street):
    one = street().started()
    one.order("M0001", status="YellowFlash", timeout=1, intersection=0)
    assert set(one.run(59)[1:]) == {"cccc"}
    assert one.status("S0011") == {"intersection": "0", "status": "True", "source": "forced"}
    states = one.run(15)
    assert shown(states, 0)[:4] == "cefg"
    assert one.status("S0011")["status"] == "False"
    one.order("M0001", status="Dark", timeout=0, intersection=1)
    assert set(one.run(300)[1:]) == {"bbbb"}
    assert one.status("S0007")["status"] == "False"
    assert one.device.read_aggregated()[6] is True


def test_the_calendar_chooses_the_plan_and_an_order_overrules_it(street):
    one = street().started()
    assert one.status("S0014") == {"status": "1", "source": "calendar_clock"}
    one.now += 7 * 3_600_000
    one.run(1)
    assert one.status("S0014") == {"status": "2", "source": "calendar_clock"}
    one.order("M0002", status=True, timeplan=3)
    one.run(1)
    assert one.status("S0014") == {"status": "3", "source": "forced"}
    assert one.status("S0010")["status"] == "True"
    one.order("M0002", status=False, timeplan=3)
    one.run(2)
    assert one.status("S0014")["status"] == "2"
    one.order("M0016", status="0-2")
    one.order("M0017", status="2-3-0-0")
    one.run(2)
    assert one.status("S0014")["status"] == "3"
    assert one.status("S0026")["status"].startswith("0-2,1-1")
    assert one.status("S0027")["status"] == "2-3-0-0"


def test_an_input_raises_and_clears_its_alarm(street):
    one = street().started()
    one.order("M0019", status=True, input=7, inputValue=True)
    one.run(1)
    ((event, state),) = one.happened
    assert (event, state.component_id, state.code) == (AlarmEvent.ACTIVATE, "DL1", "A0302")
    assert one.status("S0003")["inputstatus"][6] == "1"
    assert one.status("S0029")["status"][6] == "1"
    assert one.device.read_aggregated()[4] is True
    one.order("M0019", status=False, input=7, inputValue=False)
    one.run(1)
    assert one.happened[-1][0] is AlarmEvent.CLEAR
    assert one.device.read_aggregated()[4] is False


def test_a_stuck_detector_and_a_lost_centre_are_alarms(street):
    plain = example_junction()
    detectors = tuple(msgspec.structs.replace(one, most_on_min=5, most_off_min=60) for one in plain.detectors)
    junction = msgspec.structs.replace(plain, detectors=detectors, link_alarm_s=30)
    one = street(junction, traffic=False).started()
    one.run(29, connected=False)
    one.order("M0008", "DL1", status=True, mode=True)
    assert one.happened == []
    one.run(2, connected=False)
    assert [(state.code, state.active) for _, state in one.happened] == [("A0007", True)]
    one.run(300)
    told = [(state.component_id, state.code, state.active) for _, state in one.happened]
    assert told[1:] == [("TC", "A0007", False), ("DL1", "A0302", True)]
    assert dict(one.happened[-1][1].values)["logicerror"] == "always_on"
    assert dict(one.happened[-1][1].values)["manual"] == "True"
    one.order("M0008", "DL1", status=False, mode=False)
    one.run(1)
    assert one.happened[-1][0] is AlarmEvent.CLEAR


def test_a_series_of_inputs_is_set_at_once_or_not_at_all(street):
    one = street().started()
    one.order("M0013", status="1,5,2")
    assert one.status("S0003")["inputstatus"].startswith("1010")
    with pytest.raises(RsmpError, match="there is no input 17"):
        one.order("M0013", status="1,2,0;16,2,0")
    assert one.status("S0003")["inputstatus"].startswith("1010")


def test_a_call_by_command_holds_its_group_and_is_given_back_without_a_refresh(street):
    one = street(traffic=False).started()
    one.order("M0006", status=True, input=1)
    one.run(9)
    one.order("M0006", status=True, input=1)
    states = one.run(9.5)
    assert {state[1] for state in states[80:]} <= set("134")
    assert one.status("S0003")["inputstatus"][0] == "1"
    one.run(1)
    assert one.status("S0003")["inputstatus"][0] == "0"
    one.order("M0019", status=True, input=1, inputValue=True)
    one.order("M0006", status=True, input=3)  # calls nobody, so it stays
    one.run(11)
    assert one.status("S0029")["status"][0] == "0"
    assert one.status("S0003")["inputstatus"][2] == "1"


def test_a_restart_forgets_what_was_ordered(street):
    one = street().started()
    one.order("M0002", status=True, timeplan=3)
    one.order("M0019", status=True, input=7, inputValue=True)
    one.run(1)
    one.order("M0004", status=True)
    states = one.run(1)
    assert set(states) == {"eeee"}
    assert one.device.restarts == 1
    assert one.status("S0029")["status"] == "0" * 16
    assert one.status("S0014")["source"] != "forced"


def test_what_the_draft_adds(street):
    one = street(traffic=False).started()
    one.order("M0008", "DL2", status=True, mode=True, duration=1500)
    one.run(1)
    assert one.status("S0021")["detectorlogics"] == "01"
    one.run(1)
    assert one.status("S0021")["detectorlogics"] == "00"
    one.order("M0019", status=True, input=7, inputValue=True)
    one.run(1)
    one.order("M0019", status=False, input=7, inputValue=False)
    one.order("M0024", status=True)
    one.run(1)
    assert not [state for state in one.controller.alarms if state.active]
    assert "M0024" not in get_sxl("1.2.1").commands


def test_an_emergency_route_holds_its_groups_green(street):
    one = street().started()
    one.order("M0005", status=True, emergencyroute=2)
    states = one.run(200)
    assert one.status("S0035")["emergencyroutes"] == [{"id": "2"}]
    assert one.status("S0006") == {"status": "True", "emergencystage": "2"}
    assert {state[1] for state in states[600:]} <= set("34")
    one.order("M0005", status=False, emergencyroute=2)
    assert "1" in shown(one.run(150), 0)
    with pytest.raises(RsmpError, match="no emergency route 9"):
        one.order("M0005", status=True, emergencyroute=9)


def test_a_priority_request_runs_its_life_and_gives_green(street):
    one = street(traffic=False).started()
    ask = {"requestId": "bus 1", "signalGroupId": "SG2", "type": "new", "level": 7, "eta": 5}
    one.order("M0022", **ask)
    told = [one.status("S0033")["status"][0]["s"]]
    one.run(0.5)
    told.append(one.status("S0033")["status"][0]["s"])
    assert "1" in shown(one.run(60), 1)
    one.order("M0022", requestId="bus 1", type="cancel")
    (done,) = one.status("S0033")["status"]
    told.append(done["s"])
    assert told == ["received", "activated", "completed"]
    assert int(done["d"]) + int(done["e"]) > 0
    one.run(3)
    assert one.status("S0033")["status"] == []
    one.order("M0022", **{**ask, "requestId": "bus 2"})
    one.run(0.5)
    assert one.status("S0033")["status"][0]["s"] == "cooldown"
    one.order("M0022", **{**ask, "requestId": "bus 3", "signalGroupId": "SG9"})
    one.run(0.5)
    assert one.status("S0033")["status"][-1]["s"] == "rejected"


def test_requests_wait_for_each_other_and_are_given_up(street):
    one = street(traffic=False).started()
    one.order("M0022", requestId="a", signalGroupId="SG1", type="new")
    one.run(0.5)
    one.order("M0022", requestId="b", signalGroupId="SG2", type="new")
    one.run(0.5)
    assert [item["s"] for item in one.status("S0033")["status"]] == ["activated", "queued"]
    one.run(59.3)
    assert [item["s"] for item in one.status("S0033")["status"]] == ["stale", "activated"]
    one.order("M0022", requestId="c", signalGroupId="SG1", type="new")
    one.run(11)
    assert [item["s"] for item in one.status("S0033")["status"]] == ["activated"]
    with pytest.raises(RsmpError, match="no priority request 'c'"):
        one.order("M0022", requestId="c", type="update", eta=3)
    with pytest.raises(RsmpError, match="exactly one target is due"):
        one.order("M0022", requestId="c", type="new")


def test_counts_are_what_passed(street):
    one = street().started()
    one.run(600)
    passed = one.status("S0201", "DL1", 300_000)
    assert 30 <= int(passed["vehicles"]) <= 70  # 600 an hour
    by_class = one.status("S0204", "DL1", 300_000)
    assert sum(int(n) for name, n in by_class.items() if name != "starttime") == int(passed["vehicles"])
    assert 20 <= int(one.status("S0202", "DL1", 300_000)["speed"]) <= 40
    assert 1 <= int(one.status("S0203", "DL1", 300_000)["occupancy"]) <= 100
    assert one.status("S0205", interval_ms=300_000)["vehicles"].split(",")[0] == passed["vehicles"]
    assert one.status("S0201", "DL1", 7_200_000) is None
    assert street(traffic=False).status("S0201", "DL1") is None


def test_a_detector_without_traffic_counts_nothing_and_has_no_speed(street):
    one = street(traffic=False).started()
    one.run(60)
    assert one.status("S0205")["vehicles"] == "0,0"
    assert one.status("S0206")["speed"] == "-1,-1"
    assert one.status("S0202", "DL1") == {"starttime": one.status("S0201", "DL1")["starttime"]}


def test_the_checksum_follows_the_parameters_and_nothing_else(street):
    one = street().started()
    first = one.status("S0097")["checksum"]
    one.run(30)
    one.order("M0103", status="Level1", oldSecurityCode="1111", newSecurityCode="9")
    assert one.status("S0097")["checksum"] == first
    one.order("M0015", plan=1, status=9)
    assert one.status("S0097")["checksum"] != first


def test_the_clock_is_set(street):
    one = street().started()
    one.order("M0104", securityCode="1111", year=2030, month=2, day=28, hour=23, minute=59, second=58)
    one.run(3)
    assert one.status("S0096")["month"] == "3"
    assert one.status("S0096")["second"] == "1"
    with pytest.raises(RsmpError, match="there is no such time"):
        one.order("M0104", year=2030, month=2, day=30, hour=0, minute=0, second=0)


def test_time_to_green_is_what_happens(street):
    one = street(traffic=False).started()
    one.order("M0007", status=True)
    one.run(100)
    while one.controller.characters(one.now)[1] not in "BF":
        one.run(0.1)
    promised = one.status("S0025", "SG2")["likelyToGEstimate"]
    while one.controller.characters(one.now)[1] not in "01":
        one.run(0.1)
    assert abs(parse_timestamp(promised) - one.now) <= 2_000


@pytest.mark.parametrize(
    ("code", "values", "told"),
    [
        ("M0002", {"status": True, "timeplan": 9}, "there is no time plan 9"),
        ("M0014", {"plan": 1, "status": "2-5"}, "plan 1 has no dynamic band 2"),
        ("M0014", {"plan": 1, "status": "1-11"}, "band 1 of plan 1 takes 10 s at most"),
        ("M0014", {"plan": 1, "status": "1:5"}, "'1:5' is no band-seconds"),
        ("M0018", {"plan": 1, "status": 19}, "a cycle takes 20 s at least"),
        ("M0016", {"status": "7-1"}, "7 is no day"),
        ("M0017", {"status": "1-1-24-0"}, "no such table or time of day"),
        ("M0006", {"status": True, "input": 17}, "there is no input 17, only 1 to 16"),
        ("M0021", {"status": "3-1"}, "there is no loop 3"),
        ("M0003", {"status": True, "traficsituation": 5}, "there is no traffic situation 5"),
        ("M0103", {"status": "Level1", "newSecurityCode": ""}, "an empty security code opens every door"),
        ("M0001", {"status": "Dark", "timeout": 0, "intersection": 2}, "there is no intersection 2"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(street, code, values, told):
    one = street().started()
    before = one.status("S0097")["checksum"]
    with pytest.raises(RsmpError, match=told):
        one.order(code, **values)
    assert one.status("S0097")["checksum"] == before
    assert one.status("S0014")["source"] == "calendar_clock"


@pytest.mark.parametrize("version", ["1.0.7", "1.0.15", "1.1.0", "1.2.1"])
def test_every_status_is_there_and_right_in_every_version(street, version):
    one = street().started()
    one.order("M0022", requestId="a", signalGroupId="SG1", type="new")
    one.run(130)
    sxl = get_sxl(version)
    for code, row in sxl.statuses.items():
        for component, kind in one.device.components.items():
            if kind is row.of:
                values = one.status(code, component)
                assert values is not None, code
                for argument in row.arguments:
                    if (value := values.get(argument.name)) is not None:
                        if code in {"S0091", "S0092"}:
                            continue
                        sxl.check_value(code, argument.name, value)
    assert one.status("S9999") is None


def test_reserved_commands_are_not_there(street):
    one = street()
    assert not [code for code in ("M0010", "M0011", "M0012") if one.order(code, status=True)]
    assert one.order("M0007", status=True)
