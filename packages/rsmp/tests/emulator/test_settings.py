import msgspec
import pytest

from samstad_rsmp.emulator.controller import Controller
from samstad_rsmp.emulator.example import example_junction
from samstad_rsmp.emulator.settings import Band, Junction, SettingsWrong, Window, check_junction

GOOD = example_junction()


def with_windows(*windows):
    plan = msgspec.structs.replace(GOOD.plans[0], windows=tuple(windows), bands=())
    return {"plans": (plan,), "situations": {}, "days": ()}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"default_plan": 9}, "default_plan 9 is no plan"),
        ({"component": "SG1"}, "component id 'SG1' stands twice"),
        ({"input_calls": {"17": "SG1"}}, "input_calls: '17' is no input from 1 to 16"),
        ({"input_calls": {"1": "SG9"}}, "input_calls names no group: 'SG9'"),
        ({"intergreen_s": {"SG1": {"SG9": 5}}}, "intergreen_s names no group: 'SG9'"),
        (
            with_windows(Window(group="SG1", start_s=0, end_s=40), Window(group="SG2", start_s=44, end_s=70)),
            "plan 1: SG1 and SG2 conflict",
        ),
        (with_windows(Window(group="SG1", start_s=0, end_s=90)), "the green of SG1 is not inside the cycle"),
        (with_windows(Window(group="SG9", start_s=0, end_s=9)), "plan 1 names no group: 'SG9'"),
        (
            {
                "plans": (
                    msgspec.structs.replace(
                        GOOD.plans[2], number=1, bands=(Band(number=1, at_s=9, most_s=25),)
                    ),
                )
            },
            "plan 1: the bands leave SG2 less than its minimum green",
        ),
    ],
)
def test_a_junction_that_may_not_run_says_why(changes, told):
    check_junction(GOOD)
    with pytest.raises(SettingsWrong, match=told):
        Controller(msgspec.structs.replace(GOOD, **changes))


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(SettingsWrong) as refused:
        check_junction(msgspec.structs.replace(GOOD, default_plan=9, component="SG1"))
    assert refused.value.detail.count(";") == 1


def test_a_site_file_is_read_strictly():
    plain = msgspec.to_builtins(GOOD)
    assert msgspec.convert(plain, Junction) == GOOD
    with pytest.raises(msgspec.ValidationError, match="unknown field `grups`"):
        msgspec.convert({**plain, "grups": []}, Junction)
