"""Histories as clients read them, and their aggregation (4.5.6-4.5.9, 4.5.19)."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_ngsild.context import CORE
from samstad_ngsild.document import NULL, VALUE_MEMBER
from samstad_ngsild.entities.dates import iso, parse_datetime
from samstad_ngsild.entities.represent import Representation
from samstad_ngsild.errors import BadRequestData, InvalidRequest
from samstad_ngsild.temporal import (
    METHODS,
    Periods,
    TemporalQuery,
    aggregate_instances,
    aggregate_numbers,
    parse_aggregation,
    parse_duration,
    parse_temporal_params,
    represent_aggregated,
    represent_history,
    represent_values,
)

NOON = parse_datetime("2020-08-01T12:00:00Z")
MINUTE = 60_000_000
QUERY = parse_temporal_params(
    {"timerel": "between", "timeAt": "2020-08-01T12:00:00Z", "endTimeAt": "2020-08-01T13:00:00Z"}
)
SPEED = CORE.expand("speed")


def at(minute, value, kind="Property", **more):
    return {
        "type": kind,
        VALUE_MEMBER[kind]: value,
        "observedAt": f"2020-08-01T12:{minute:02d}:00Z",
        "instanceId": f"urn:i:{minute}",
        "modifiedAt": "2020-08-02T00:00:00.000000Z",
        **more,
    }


def history(**attributes):
    body = {"id": "urn:x:1", "type": [CORE.expand("Vehicle")]}
    return body | {CORE.expand(name): instances for name, instances in attributes.items()}


def test_every_attribute_is_an_array_of_instances():
    deleted = {"type": "Property", "value": NULL, "deletedAt": "2020-08-01T12:09:00Z"}
    shown = represent_history(history(speed=[at(1, 50), at(2, 60), deleted], brand=[at(1, "x")]), CORE)
    assert shown["type"] == "Vehicle"
    assert [each["value"] for each in shown["speed"]] == [50, 60, NULL]
    assert shown["speed"][0]["instanceId"] == "urn:i:1"
    assert isinstance(shown["brand"], list)
    assert "modifiedAt" not in shown["speed"][0]
    with_system = represent_history(history(speed=[at(1, 50)]), CORE, Representation(sys_attrs=True))
    assert "modifiedAt" in with_system["speed"][0]


def test_a_scope_with_a_history_is_a_property():
    scopes = [at(1, ["/A"]), at(2, ["/B", "/C"])]
    shown = represent_history({**history(), "scope": scopes}, CORE)
    assert [each["value"] for each in shown["scope"]] == ["/A", ["/B", "/C"]]
    assert "modifiedAt" not in shown["scope"][0]
    assert represent_values({**history(), "scope": scopes}, CORE)["scope"]["values"][0][0] == "/A"
    assert represent_values({**history(), "scope": ["/A"]}, CORE)["scope"] == "/A"
    assert "scope" not in represent_values(
        {**history(), "scope": scopes}, CORE, Representation(omit=frozenset({"scope"}))
    )


def test_no_format_of_an_entity_loses_instances():
    evolution = history(speed=[at(1, 50), at(2, 60)], brand=[at(1, "x")])
    simplified = represent_history(evolution, CORE, Representation(format="simplified"))
    assert [value for value, _ in simplified["speed"]["values"]] == [50, 60]
    concise = represent_history(evolution, CORE, Representation(format="concise"))
    assert [each["value"] for each in concise["speed"]] == [50, 60]
    assert "type" not in concise["brand"][0]


@pytest.mark.parametrize(
    ("kind", "value", "member", "shown"),
    [
        ("Property", "Joe", "values", "Joe"),
        (
            "GeoProperty",
            {"type": "Point", "coordinates": [1, 2]},
            "values",
            {"type": "Point", "coordinates": [1, 2]},
        ),
        ("Relationship", "urn:x:2", "objects", "urn:x:2"),
        ("LanguageProperty", {"en": "yes"}, "languageMaps", {"languageMap": {"en": "yes"}}),
        ("VocabProperty", CORE.expand_vocab("Male"), "vocabs", {"vocab": "Male"}),
        ("ListProperty", [1, 2], "valueLists", [1, 2]),
        ("ListRelationship", ["urn:x:2"], "objectLists", ["urn:x:2"]),
        ("JsonProperty", {"a": 1}, "jsons", {"json": {"a": 1}}),
    ],
)
def test_simplified_values_are_pairs_with_their_time(kind, value, member, shown):
    simplified = represent_values(history(a=[at(1, value, kind)]), CORE)
    assert simplified["a"] == {"type": kind, member: [[shown, "2020-08-01T12:01:00Z"]]}
    modified = represent_values(history(a=[at(1, value, kind)]), CORE, timeproperty="modifiedAt")
    assert modified["a"][member][0][1] == "2020-08-02T00:00:00.000000Z"


def test_dataset_ids_and_languages_are_kept_apart():
    both = history(a=[at(1, 5), at(2, 6, datasetId="urn:d:1"), at(3, 7)])
    shown = represent_values(both, CORE)["a"]
    assert [(each.get("datasetId"), len(each["values"])) for each in shown] == [(None, 2), ("urn:d:1", 1)]
    chosen = represent_values(both, CORE, Representation(dataset_ids=frozenset({"urn:d:1"})))["a"]
    assert chosen["values"][0][0] == 6
    none = represent_values(both, CORE, Representation(dataset_ids=frozenset({"urn:d:2"})))
    assert "a" not in none
    says = history(a=[at(1, {"en": "yes", "sv": "ja"}, "LanguageProperty")])
    assert represent_values(says, CORE, Representation(lang="sv"))["a"] == {
        "type": "Property",
        "values": [["ja", "2020-08-01T12:01:00Z"]],
    }


def test_projection_applies():
    shown = represent_values(
        history(a=[at(1, 1)], b=[at(1, 2)]), CORE, Representation(pick=frozenset({"id", CORE.expand("a")}))
    )
    assert set(shown) == {"id", "a"}


def test_the_example_of_annex_c_5_14():
    aggregation = parse_aggregation("max,avg", "PT4M")
    vehicle = history(speed=[at(1, 120), at(2, 120), at(5, 80), at(6, 100)])
    assert represent_aggregated(vehicle, CORE, aggregation, QUERY)["speed"] == {
        "type": "Property",
        "max": [
            [120, "2020-08-01T12:00:00Z", "2020-08-01T12:04:00Z"],
            [100, "2020-08-01T12:04:00Z", "2020-08-01T12:08:00Z"],
        ],
        "avg": [
            [120, "2020-08-01T12:00:00Z", "2020-08-01T12:04:00Z"],
            [90, "2020-08-01T12:04:00Z", "2020-08-01T12:08:00Z"],
        ],
    }


ALL = set(METHODS)
COUNTS = {"distinctCount", "totalCount"}


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["a", "c", "b"], "Property", {"max": "c", "min": "a", "distinctCount": 3, "totalCount": 3}),
        (
            [1, 2, 3],
            "Property",
            {
                "avg": 2,
                "max": 3,
                "min": 1,
                "sum": 6,
                "sumsq": 14,
                "distinctCount": 3,
                "totalCount": 3,
                "stddev": statistics.pstdev([1, 2, 3]),
            },
        ),
        ([{"a": 1}, {"a": 1}], "Property", {"distinctCount": 1, "totalCount": 2}),
        (
            [[1], [1, 2]],
            "Property",
            {"avg": 1.5, "max": 2, "min": 1, "sum": 3, "distinctCount": 2, "totalCount": 2},
        ),
        (
            [True, False, True],
            "Property",
            {
                "avg": pytest.approx(2 / 3),
                "max": 1,
                "min": 0,
                "sum": 2,
                "sumsq": 2,
                "stddev": pytest.approx(statistics.pstdev([1, 0, 1])),
                "distinctCount": 2,
                "totalCount": 3,
            },
        ),
        (
            ["2020-01-02", "2020-01-01"],
            "Property",
            {"max": "2020-01-02", "min": "2020-01-01", "distinctCount": 2, "totalCount": 2},
        ),
        (
            ["2020-01-01T00:00:00.5Z", "2020-01-01T00:00:00Z"],
            "Property",
            {
                "max": "2020-01-01T00:00:00.5Z",
                "min": "2020-01-01T00:00:00Z",
                "distinctCount": 2,
                "totalCount": 2,
            },
        ),
        (
            ["08:00:00Z", "09:00:01Z"],
            "Property",
            {
                "avg": "08:30:00.500000Z",
                "max": "09:00:01Z",
                "min": "08:00:00Z",
                "distinctCount": 2,
                "totalCount": 2,
            },
        ),
        (["urn:x:1", "urn:x:1"], "Property", {"distinctCount": 1, "totalCount": 2}),
        (["urn:x:1", "urn:x:2"], "Relationship", {"distinctCount": 2, "totalCount": 2}),
        (
            [[1, 2], [3]],
            "ListProperty",
            {"avg": 1.5, "max": 2, "min": 1, "sum": 3, "distinctCount": 2, "totalCount": 2},
        ),
    ],
)
def test_each_method_does_on_each_type_what_the_tables_say(values, kind, expected):
    series = aggregate_instances(
        [at(n, value, kind) for n, value in enumerate(values)], parse_aggregation(",".join(METHODS)), QUERY
    )
    assert {method: found[0][0] for method, found in series.items()} == expected
    assert all(found[0][1:] == (NOON, NOON + 60 * MINUTE) for found in series.values())


def test_deletions_and_foreign_types_are_passed_over():
    series = aggregate_instances(
        [at(1, 10), at(2, "broken"), at(3, 20), at(4, NULL)], parse_aggregation("avg,totalCount"), QUERY
    )
    assert series["avg"][0][0] == 15
    assert series["totalCount"][0][0] == 3


def test_a_method_must_apply_to_what_was_asked_for():
    names = history(speed=[at(1, 10)], name=[at(1, "x")])
    left_out = represent_aggregated(names, CORE, parse_aggregation("avg"), QUERY)
    assert "name" not in left_out
    assert left_out["speed"]["avg"][0][0] == 10
    asked = parse_aggregation("avg")
    asked = type(asked)(asked.methods, asked.duration, frozenset({CORE.expand("name")}))
    with pytest.raises(InvalidRequest, match="name"):
        represent_aggregated(names, CORE, asked, QUERY)
    relation = represent_aggregated(
        history(owner=[at(1, "urn:x:2", "Relationship")]), CORE, parse_aggregation("totalCount"), QUERY
    )
    assert relation["owner"]["type"] == "Relationship"


@pytest.mark.parametrize(
    ("methods", "duration", "pointer"),
    [
        ("", None, "/aggrParams/aggrMethods"),
        ("mean", None, "/aggrParams/aggrMethods"),
        ([], None, "/aggrParams/aggrMethods"),
        (5, None, "/aggrParams/aggrMethods"),
        ("avg", "1H", "/aggrParams/aggrPeriodDuration"),
        ("avg", 5, "/aggrParams/aggrPeriodDuration"),
    ],
)
def test_a_broken_aggregation_names_the_member(methods, duration, pointer):
    with pytest.raises(BadRequestData) as caught:
        parse_aggregation(methods, duration, pointer="/aggrParams/")
    assert caught.value.pointer == pointer


@given(
    st.lists(st.tuples(st.integers(0, 3_599), st.integers(-1000, 1000)), min_size=1, max_size=30),
    st.sampled_from(["PT1M", "PT7M30S", "PT1H", "P0D", "P1D", "P1M", "P1Y2DT3H"]),
    st.sampled_from(
        [
            TemporalQuery(),
            QUERY,
            parse_temporal_params({"timerel": "after", "timeAt": "2020-08-01T12:00:00Z"}),
        ]
    ),
)
def test_the_fast_path_agrees_with_a_naive_grouping(observations, duration, query):
    observations = sorted((NOON + second * 1_000_000, number) for second, number in observations)
    times, numbers = [t for t, _ in observations], [n for _, n in observations]
    periods = Periods(parse_duration(duration), query.start_us, query.end_us)
    fast = aggregate_numbers(times, numbers, methods=METHODS, periods=periods)
    groups = {}
    for moment, number in observations:
        if periods.duration.is_whole_range:
            key = periods.whole_range(times[0], times[-1])
        else:
            key = (periods.begin(periods.number_of(moment)), periods.end(periods.number_of(moment)))
        groups.setdefault(key, []).append(number)
    naive = {
        "avg": statistics.fmean,
        "distinctCount": lambda v: len(set(v)),
        "max": max,
        "min": min,
        "stddev": statistics.pstdev,
        "sum": sum,
        "sumsq": lambda v: sum(x * x for x in v),
        "totalCount": len,
    }
    for method, calculate in naive.items():
        assert [(b, e) for _, b, e in fast[method]] == list(groups)
        assert [v for v, _, _ in fast[method]] == pytest.approx([calculate(v) for v in groups.values()])
    instances = [{"type": "Property", "value": n, "observedAt": iso(t)} for t, n in reversed(observations)]
    slow = aggregate_instances(instances, parse_aggregation(list(METHODS), duration), query)
    assert slow == {method: [(pytest.approx(v), b, e) for v, b, e in found] for method, found in fast.items()}


def test_nothing_aggregates_to_nothing():
    assert aggregate_numbers([], [], methods=["avg"], periods=Periods(parse_duration("PT1H"))) == {"avg": []}
    assert aggregate_instances([at(1, NULL)], parse_aggregation("avg"), QUERY) == {}
    assert aggregate_numbers([NOON], [5], methods=["avg"], periods=Periods(parse_duration("PT1H"))) != {
        "avg": []
    }


def test_sums_that_exceed_what_json_writers_take_are_shown_as_the_nearest_number():
    large = history(speed=[at(1, 2**63 - 1), at(2, 2**63 - 1)])
    shown = represent_aggregated(large, CORE, parse_aggregation("sum,sumsq,max"), QUERY)["speed"]
    assert shown["sum"][0][0] == 2.0**64
    assert shown["sumsq"][0][0] == 2.0**127
    assert shown["max"][0][0] == 2**63 - 1
    beyond = history(speed=[at(1, 1e308), at(2, 1e308)])
    assert represent_aggregated(beyond, CORE, parse_aggregation("sumsq,max"), QUERY)["speed"]["sumsq"] == []
