import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from samstad_rsmp.errors import SxlViolation
from samstad_rsmp.sxl.page import sxl_page
from samstad_rsmp.sxl.rows import DRAFT, SXL_VERSIONS, Kind, ObjectType
from samstad_rsmp.sxl.table import get_sxl, problem_of

NEWEST = get_sxl("1.2.1")


def compared(argument):
    """An argument of ours in the words of the published list."""
    told = {"type": str(argument.kind)}
    if argument.low is not None:
        told |= {"min": argument.low, "max": argument.high}
    if argument.choices:
        told["values"] = list(argument.choices)
    if argument.optional:
        told["optional"] = True
    if argument.deprecated:
        told["deprecated"] = True
    if argument.items:
        told["items"] = {item.name: compared(item) for item in argument.items}
    return told


def published(argument):
    told = {key: value for key, value in argument.items() if key not in {"description", "pattern", "items"}}
    if "values" in told:
        told["values"] = [str(value) for value in told["values"]]
    if "items" in argument:
        told["items"] = {name: published(item) for name, item in argument["items"].items()}
    return told


@pytest.fixture(scope="module")
def sxl_yaml(reference):
    return yaml.safe_load((reference / "tlc/1.2.1/source/sxl.yaml").read_text(encoding="utf-8"))["objects"]


@pytest.mark.parametrize("kind", ["alarms", "statuses", "commands"])
def test_the_table_is_the_published_one_row_by_row(sxl_yaml, kind):
    ours = getattr(NEWEST, kind)
    theirs = {code: (of, row) for of, one in sxl_yaml.items() for code, row in (one.get(kind) or {}).items()}
    assert set(ours) == set(theirs)
    for code, (of, row) in theirs.items():
        assert ours[code].of == of, code
        arguments = {name: published(one) for name, one in (row.get("arguments") or {}).items()}
        assert {one.name: compared(one) for one in ours[code].arguments} == arguments, code
        for mine, published_as in (("priority", "priority"), ("word", "command")):
            assert getattr(ours[code], mine, None) == row.get(published_as), code
        assert bool(getattr(ours[code], "reserved", False)) == bool(row.get("reserved")), code


def test_the_number_of_rows_of_each_version():
    counts = {
        v: tuple(map(len, (s.alarms, s.statuses, s.commands))) for v in SXL_VERSIONS for s in [get_sxl(v)]
    }
    assert counts["1.0.7"] == (14, 30, 13)
    assert counts["1.0.8"] == (14, 30, 15)
    assert counts["1.0.13"] == (14, 37, 20)
    assert counts["1.0.15"] == (15, 45, 22)
    assert counts["1.1.0"] == (17, 48, 24)
    assert counts["1.2.1"] == counts["1.2.0"] == (17, 48, 24)


def test_a_version_has_only_its_own_arguments():
    assert NEWEST.find_argument("S0014", "source").kind is Kind.STRING
    assert get_sxl("1.0.15").find_argument("S0014", "source") is None
    assert get_sxl("1.0.7").find_argument("S0091", "user").kind is Kind.STRING
    assert get_sxl("1.1").find_argument("S0091", "user").kind is Kind.INTEGER
    assert NEWEST.find_argument("S0003", "extendedinputstatus") is None
    assert "M0024" in get_sxl(DRAFT).commands
    assert "M0024" not in NEWEST.commands
    with pytest.raises(KeyError):
        get_sxl("1.0.11")


PLAN = {"status": "True", "securityCode": "1111", "timeplan": "3"}


@pytest.mark.parametrize(
    ("code", "word", "values", "told"),
    [
        ("M0099", "setPlan", PLAN, "no command M0099 in SXL 1.2.1"),
        ("M0002", "setplan", PLAN, "command M0002 is setPlan, not 'setplan'"),
        ("M0002", "setPlan", {**PLAN, "timeplan": "256"}, "M0002 timeplan: 256 is more than 255"),
        ("M0002", "setPlan", {**PLAN, "timeplan": "0"}, "M0002 timeplan: 0 is less than 1"),
        ("M0002", "setPlan", {**PLAN, "timeplan": "3.5"}, "M0002 timeplan: '3.5' is no whole number"),
        ("M0002", "setPlan", {**PLAN, "status": "true"}, "M0002 status: 'true' is neither True nor False"),
        ("M0002", "setPlan", {**PLAN, "plan": "3"}, "M0002 has no 'plan' in SXL 1.2.1"),
        ("M0002", "setPlan", {"status": "True", "timeplan": "3"}, "command M0002 lacks securityCode"),
    ],
)
def test_a_wrong_command_is_told_exactly(code, word, values, told):
    assert NEWEST.check_command("M0002", PLAN, word="setPlan").level == 2
    with pytest.raises(SxlViolation) as refused:
        NEWEST.check_command(code, values, word=word)
    assert refused.value.detail == told


@pytest.mark.parametrize(
    ("code", "name", "good", "bad"),
    [
        ("S0001", "signalgroupstatus", "AB01ePhN", "AX"),
        ("S0007", "status", "True,False", "True,0"),
        ("S0007", "intersection", "1,2", "1,256"),
        ("S0013", "status", "0,3", "4"),
        ("S0020", "controlmode", "control,startup", "normal"),
        ("S0023", "status", "1-1-5,2-10-12", "1-1"),
        ("S0025", "minToGEstimate", "2026-11-23T07:00:00.000Z", "2026-11-23T07:00:00Z"),
        ("S0033", "status", [{"r": "1", "t": "2026-11-23T07:00:00.000Z", "s": "queued"}], [{"r": "1"}]),
        ("S0035", "emergencyroutes", [{"id": "3"}], "3"),
        ("S0098", "config", "AAAA", "A"),
        ("S0205", "vehicles", "3,-1,0", "-2"),
    ],
)
def test_a_value_is_held_to_its_argument(code, name, good, bad):
    NEWEST.check_value(code, name, good)
    with pytest.raises(SxlViolation, match=f"^{code} {name}: "):
        NEWEST.check_value(code, name, bad)


def test_names_of_a_status_are_checked():
    NEWEST.check_names("S0014", ["status", "source"])
    with pytest.raises(SxlViolation, match="status S0014 has no 'plan'; it has status, source"):
        NEWEST.check_names("S0014", ["plan"])
    with pytest.raises(SxlViolation, match="no status S0018"):
        NEWEST.check_names("S0018", ["number"])


def test_alarms_carry_their_values():
    NEWEST.check_alarm("A0201", {"color": "red"})
    with pytest.raises(SxlViolation, match="alarm A0201 lacks color"):
        NEWEST.check_alarm("A0201", {})


@given(st.text(max_size=50) | st.none() | st.integers() | st.lists(st.dictionaries(st.text(), st.text())))
def test_any_value_gets_an_answer(value):
    for (code, name), argument in NEWEST._arguments.items():
        assert isinstance(problem_of(argument, value), str), (code, name)


def test_the_page_tells_every_row():
    page = sxl_page("")
    for version in (*SXL_VERSIONS, DRAFT):
        for row in (*get_sxl(version).alarms, *get_sxl(version).statuses, *get_sxl(version).commands):
            assert f"### {row}: " in page
    assert "S9999" not in page
    assert set(ObjectType) == {"Traffic Light Controller", "Signal group", "Detector logic"}
