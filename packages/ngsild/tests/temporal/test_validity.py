"""Scopes over time, as annex C.5.16 tells them."""

from samstad_ngsild.document import NULL
from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.query.scope import compile_scope_query, parse_scope_query
from samstad_ngsild.temporal import parse_temporal_params, valid_scopes, valid_windows

HOUR = parse_temporal_params(
    {"timerel": "between", "timeAt": "2018-08-01T12:00:00Z", "endTimeAt": "2018-08-01T13:00:00Z"}
)
CENTRO = compile_scope_query(parse_scope_query("/Madrid/Centro"))


def at(clock, *scopes):
    return {"type": "Property", "value": list(scopes), "observedAt": f"2018-08-01T{clock}:00Z"}


def us(clock):
    return parse_datetime(f"2018-08-01T{clock}:00Z")


def gone(clock):
    return {"type": "Property", "value": NULL, "deletedAt": f"2018-08-01T{clock}:00Z"}


def test_a_scope_from_before_the_interval_is_valid_in_it():
    [found] = valid_scopes([at("11:00", "/Madrid/Centro")], CENTRO, HOUR)
    assert (found.start_us, found.end_us) == (us("12:00"), us("13:00"))
    assert valid_scopes([at("11:00", "/Madrid/Norte")], CENTRO, HOUR) == []


def test_it_is_valid_until_it_is_replaced_or_removed():
    scopes = [at("12:10", "/Madrid/Centro", "/Company"), at("12:30", "/Madrid/Norte"), gone("12:40")]
    [found] = valid_scopes([*scopes, at("12:50", "/Madrid/Centro")][:3], CENTRO, HOUR)
    assert (found.start_us, found.end_us) == (us("12:10"), us("12:30"))
    again = valid_scopes([*scopes, at("12:50", "/Madrid/Centro")], CENTRO, HOUR)
    assert valid_windows(again) == [(us("12:10"), us("12:30")), (us("12:50"), us("13:00"))]
    assert valid_scopes([at("11:00", "/Madrid/Centro"), gone("11:30")], CENTRO, HOUR) == []


def test_neighbouring_windows_are_one_and_the_last_scope_of_a_moment_counts():
    scopes = [
        at("12:10", "/Madrid/Centro"),
        at("12:20", "/Madrid/Centro", "/B"),
        at("12:20", "/Madrid/Norte"),
    ]
    assert valid_windows(valid_scopes(scopes[:2], CENTRO, HOUR)) == [(us("12:10"), us("13:00"))]
    assert valid_windows(valid_scopes(scopes, CENTRO, HOUR)) == [(us("12:10"), us("12:20"))]


def test_an_open_interval_stays_open_and_system_times_count_where_they_are_asked_for():
    after = parse_temporal_params({"timerel": "after", "timeAt": "2018-08-01T12:00:00Z"})
    [found] = valid_scopes([at("11:00", "/Madrid/Centro")], CENTRO, after)
    assert found.end_us is None
    modified = parse_temporal_params(
        {"timerel": "after", "timeAt": "2018-08-01T12:00:00Z", "timeproperty": "modifiedAt"}
    )
    assert valid_scopes([at("11:00", "/Madrid/Centro")], CENTRO, modified) == []
