"""Temporal queries, durations, periods and pages along time (4.11, 4.5.19.1, 6.3.10)."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_ngsild.entities.dates import parse_datetime
from samstad_ngsild.errors import BadRequestData, NgsiLdError
from samstad_ngsild.temporal import (
    Duration,
    Periods,
    TemporalQuery,
    content_range,
    cut_history,
    parse_duration,
    parse_temporal_body,
    parse_temporal_params,
    period_text,
)

HOUR = 3_600_000_000
DAY = 24 * HOUR
NOON = parse_datetime("2020-08-01T12:00:00Z")
TIMES = st.integers(parse_datetime("1900-01-01T00:00:00Z"), parse_datetime("2200-01-01T00:00:00Z"))


def attempt(call, *arguments, **options):
    """Return what a call returns and None, or None and the error that the caller is told."""
    try:
        return call(*arguments, **options), None
    except NgsiLdError as error:
        return None, error


def instance(hour, minute=0, **more):
    return {
        "type": "Property",
        "value": hour,
        "observedAt": f"2020-08-01T{hour:02d}:{minute:02d}:00Z",
        **more,
    }


def hours(instances):
    return [each["value"] for each in instances]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"timerel": "before", "timeAt": "2020-08-01T12:00:00Z"}, [10, 11]),
        ({"timerel": "after", "timeAt": "2020-08-01T12:00:00.000Z"}, [12, 13]),
        (
            {"timerel": "between", "timeAt": "2020-08-01T11:00:00Z", "endTimeAt": "2020-08-01T13:00:00Z"},
            [11, 12],
        ),
        ({}, [10, 11, 12, 13]),
        ({"lastN": "2"}, [13, 12]),
        ({"timerel": "before", "timeAt": "2020-08-01T12:00:00Z", "lastN": "1"}, [11]),
        ({"timeproperty": "modifiedAt"}, []),
    ],
)
def test_the_bounds_are_those_of_clause_4_11(params, expected):
    unordered = [instance(13), instance(10), instance(12), instance(11), {"type": "Property", "value": 99}]
    assert hours(parse_temporal_params(params).select(unordered)) == expected


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({}, "timerel"),
        ({"timeAt": "2020-08-01T12:00:00Z"}, "timeAt"),
        ({"timerel": "around", "timeAt": "2020-08-01T12:00:00Z"}, "timerel"),
        ({"timerel": "before"}, "timeAt"),
        ({"timerel": "before", "timeAt": "2020-08-01"}, "timeAt"),
        ({"timerel": "between", "timeAt": "2020-08-01T12:00:00Z"}, "endTimeAt"),
        (
            {"timerel": "between", "timeAt": "2020-08-01T12:00:00Z", "endTimeAt": "2020-08-01T11:00:00Z"},
            "endTimeAt",
        ),
        (
            {"timerel": "after", "timeAt": "2020-08-01T12:00:00Z", "endTimeAt": "2020-08-01T13:00:00Z"},
            "endTimeAt",
        ),
        ({"timerel": "after", "timeAt": "2020-08-01T12:00:00Z", "timeproperty": "value"}, "timeproperty"),
        ({"timerel": "after", "timeAt": "2020-08-01T12:00:00Z", "lastN": "0"}, "lastN"),
        ({"timerel": "after", "timeAt": "2020-08-01T12:00:00Z", "lastN": "1.5"}, "lastN"),
    ],
)
def test_a_broken_temporal_query_names_the_parameter(params, pointer):
    with pytest.raises(BadRequestData) as caught:
        parse_temporal_params(params, required=True)
    assert caught.value.pointer == pointer
    body = {**params, **({"lastN": -1} if "lastN" in params else {})}
    with pytest.raises(BadRequestData) as caught:
        parse_temporal_body(body)
    assert caught.value.pointer == "/temporalQ/" + pointer


def test_a_body_means_the_same_as_parameters():
    params = {"timerel": "after", "timeAt": "2020-08-01T12:00:00Z", "timeproperty": "modifiedAt"}
    assert parse_temporal_body({**params, "lastN": 5}) == parse_temporal_params(
        {**params, "lastN": "5", "q": "a"}
    )
    with pytest.raises(BadRequestData):
        parse_temporal_body({**params, "q": "a"})
    with pytest.raises(BadRequestData):
        parse_temporal_body(None)
    assert parse_temporal_body(None, required=False) == TemporalQuery()


@given(
    st.dictionaries(
        st.sampled_from(["timerel", "timeAt", "endTimeAt", "timeproperty", "lastN"]), st.text(max_size=8)
    )
)
def test_any_parameters_are_a_temporal_query_or_a_clear_error(params):
    _, error = attempt(parse_temporal_params, params)
    if error is not None:
        assert error.pointer in params or error.pointer in {"timeAt", "endTimeAt"}


@pytest.mark.parametrize(
    ("text", "months", "time_us"),
    [
        ("PT1H", 0, HOUR),
        ("P3Y6M4DT12H30M5S", 42, 4 * DAY + 12 * HOUR + 1_805_000_000),
        ("P2W", 0, 14 * DAY),
        ("PT0S", 0, 0),
        ("P0D", 0, 0),
        ("PT0.5S", 0, 500_000),
        ("P1M", 1, 0),
        ("PT1M", 0, 60_000_000),
    ],
)
def test_durations(text, months, time_us):
    duration = parse_duration(text)
    assert duration == Duration(months, time_us)
    assert parse_duration(duration.to_text()) == duration


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "1H", "P1H", "PT1D", "P1DT", "P-1D", "P1W2D", "P0001-00-00", "P9999Y", "P१D"],
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(BadRequestData) as caught:
        parse_duration(text)
    assert caught.value.pointer == "aggrPeriodDuration"


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_a_clear_error(text):
    _, error = attempt(parse_duration, text)
    if error is not None:
        assert error.detail


DURATIONS = st.one_of(
    st.builds(Duration, st.just(0), st.integers(1, 400 * DAY)),
    st.builds(Duration, st.integers(1, 30), st.integers(0, 3 * DAY)),
)


@given(DURATIONS, st.one_of(st.none(), TIMES), TIMES)
def test_every_time_lies_in_exactly_its_period(duration, start, time_us):
    periods = Periods(duration, start)
    number = periods.number_of(time_us)
    assert periods.begin(number) <= time_us < periods.begin(number + 1)
    assert periods.boundaries(time_us, time_us) == [periods.begin(number), periods.end(number)]


@given(TIMES)
def test_times_are_written_as_datetime_writes_them(time_us):
    moment = datetime.fromisoformat("1970-01-01") + timedelta(microseconds=time_us)
    assert period_text(time_us) == moment.isoformat() + "Z"
    assert parse_datetime(period_text(time_us)) == time_us


def texts(periods, first, last):
    return [period_text(b) for b in periods.boundaries(parse_datetime(first), parse_datetime(last))]


def test_periods_are_counted_from_the_beginning_of_the_query():
    periods = Periods(parse_duration("PT4M"), NOON, NOON + HOUR)
    assert texts(periods, "2020-08-01T12:03:00Z", "2020-08-01T12:05:00Z") == [
        "2020-08-01T12:00:00Z",
        "2020-08-01T12:04:00Z",
        "2020-08-01T12:08:00Z",
    ]
    assert periods.width_us == 240_000_000


def test_without_a_beginning_they_keep_to_the_calendar():
    assert (
        texts(Periods(parse_duration("PT1H")), "2020-08-01T12:34:00Z", "2020-08-01T12:35:00Z")[0]
        == "2020-08-01T12:00:00Z"
    )
    week = texts(Periods(parse_duration("P1W")), "2026-11-25T00:00:00Z", "2026-11-25T00:00:00Z")
    assert week == ["2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"]
    month = texts(Periods(parse_duration("P1M")), "2026-11-25T00:00:00Z", "2026-11-25T00:00:00Z")
    assert month == ["2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"]


def test_months_are_calendar_months_that_do_not_drift():
    periods = Periods(parse_duration("P1M"), parse_datetime("2026-01-31T00:00:00Z"))
    assert texts(periods, "2026-02-01T00:00:00Z", "2026-04-15T00:00:00Z") == [
        "2026-01-31T00:00:00Z",
        "2026-02-28T00:00:00Z",
        "2026-03-31T00:00:00Z",
        "2026-04-30T00:00:00Z",
    ]
    assert periods.width_us is None


def test_the_last_period_ends_with_the_query_and_zero_is_the_whole_range():
    periods = Periods(parse_duration("PT40M"), NOON, NOON + HOUR)
    assert texts(periods, "2020-08-01T12:50:00Z", "2020-08-01T12:50:00Z")[1] == "2020-08-01T13:00:00Z"
    assert Periods(Duration(), NOON, NOON + HOUR).boundaries(NOON + 1, NOON + 2) == [NOON, NOON + HOUR]
    assert Periods(Duration(), None, NOON).boundaries(NOON - 9, NOON - 2) == [NOON - 9, NOON]
    assert Periods(Duration(), NOON).boundaries(NOON + 1, NOON + 2) == [NOON, NOON + 2]


def test_a_page_is_cut_at_one_time_for_all_attributes():
    query = parse_temporal_params({"timerel": "after", "timeAt": "2020-08-01T09:00:00Z"})
    dense = [instance(10, minute) for minute in range(5)]
    sparse = [instance(10, 0), instance(11)]
    cut = cut_history({"dense": dense, "sparse": sparse}, query, limit=3)
    assert cut.is_partial
    assert [len(cut.history[name]) for name in ("dense", "sparse")] == [3, 1]
    assert content_range(query, oldest_us=cut.oldest_us, newest_us=cut.newest_us) == (
        "DateTime 2020-08-01T09:00:00Z-2020-08-01T10:02:00Z/*"
    )
    whole = cut_history({"sparse": sparse}, query, limit=3)
    assert not whole.is_partial
    assert whole.history["sparse"] == sparse


def test_with_last_n_pages_go_backwards():
    query = parse_temporal_params({"timerel": "before", "timeAt": "2020-08-01T20:00:00Z", "lastN": "50"})
    found = query.select([instance(hour) for hour in range(10)])
    cut = cut_history({"a": found}, query, limit=4)
    assert hours(cut.history["a"]) == [9, 8, 7, 6]
    assert content_range(query, oldest_us=cut.oldest_us, newest_us=cut.newest_us) == (
        "DateTime 2020-08-01T20:00:00Z-2020-08-01T06:00:00Z/50"
    )


@pytest.mark.parametrize(
    ("timerel", "last_n", "expected"),
    [
        ("before", None, "DateTime 2020-08-01T12:00:00Z-2020-08-01T13:00:00Z/*"),
        ("after", None, "DateTime A-2020-08-01T13:00:00Z/*"),
        ("between", None, "DateTime A-2020-08-01T13:00:00Z/*"),
        ("before", 5, "DateTime A-2020-08-01T12:00:00Z/5"),
        ("after", 5, "DateTime 2020-08-01T13:00:00Z-2020-08-01T12:00:00Z/5"),
        ("between", 5, "DateTime E-2020-08-01T12:00:00Z/5"),
        (None, None, "DateTime 2020-08-01T12:00:00Z-2020-08-01T13:00:00Z/*"),
    ],
)
def test_content_range_depends_on_the_relation(timerel, last_n, expected):
    query = TemporalQuery(timerel, "A", "E", last_n=last_n)
    assert content_range(query, oldest_us=NOON, newest_us=NOON + HOUR) == expected
