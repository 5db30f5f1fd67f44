"""The query language: what is read, what is refused, and where the error points (clause 4.9)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_ngsild.errors import BadRequestData, NgsiLdError, TooComplexQuery
from samstad_ngsild.query.expression import (
    Comparison,
    Conjunction,
    Disjunction,
    Existence,
    Link,
    Path,
    Range,
    Reference,
    Temporal,
    ValueList,
)
from samstad_ngsild.query.literals import temporal_key
from samstad_ngsild.query.q_parser import MAX_NESTING, MAX_TERMS, parse_q
from samstad_ngsild.query.q_text import to_text

PIECES = st.sampled_from(
    [
        "temperature",
        "a.b",
        "a[b.c]",
        "a[*]",
        "rel{x}",
        "rel{T,U:x.y}",
        "(",
        ")",
        ";",
        "|",
        "==",
        "!=",
        ">",
        ">=",
        "<",
        "<=",
        "~=",
        "!~=",
        "..",
        ",",
        " ",
        "10",
        "-1.5e3",
        "true",
        "false",
        '"red"',
        '"\\u00e5"',
        '"',
        "\\",
        "2026-11-25",
        "2026-11-25T02:14:57Z",
        "02:14:57Z",
        "urn:x:y",
        "^a(b|c)*$",
        "[",
        "]",
        "{",
        "}",
        "å",
        "\ud800",
    ]
)
TEXTS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=12).map("".join))


def attempt(call, *arguments, **options):
    """Return what a call returns and None, or None and the error that the caller is told."""
    try:
        return call(*arguments, **options), None
    except NgsiLdError as error:
        return None, error


def test_and_binds_stronger_than_or():
    expression = parse_q("a;b|c")
    assert expression == Disjunction((Conjunction((_there("a"), _there("b"))), _there("c")))
    assert expression != parse_q("a;(b|c)")


def test_associations_nest_as_in_example_6():
    expression = parse_q('((speed>50|rpm>3000);brandName=="Mercedes")')
    assert isinstance(expression, Conjunction)
    assert isinstance(expression.parts[0], Disjunction)
    with pytest.raises(BadRequestData, match="not closed"):
        parse_q("((speed>50)")


@pytest.mark.parametrize(
    ("text", "operand"),
    [
        ("a==20", 20),
        ("a==-1.5e3", -1500.0),
        ("a==true", True),
        ('a=="true"', "true"),
        ('a=="say \\"hi\\" \\u00e5"', 'say "hi" å'),
        ("a==10..20", Range(10, 20)),
        ('a== "black", "red"', ValueList(("black", "red"))),
        ("a==urn:ngsi-ld:Parking:1", Reference("urn:ngsi-ld:Parking:1")),
        ("a==http://x..y/z", Reference("http://x..y/z")),
        ("a==Male", Reference("Male")),
        ("a==2017-12-24", Temporal("2017-12-24", temporal_key("2017-12-24"))),
        ("a==12:00:00,5Z", Temporal("12:00:00,5Z", temporal_key("12:00:00.5Z"))),
        ("a==1,2", ValueList((1, 2))),
    ],
)
def test_values_have_the_type_they_are_written_in(text, operand):
    assert parse_q(text).operand == operand
    assert type(parse_q(text).operand) is type(operand)


def test_paths_go_into_sub_attributes_values_and_linked_entities():
    assert parse_q("sensor.rawdata[airquality.particulate]==40").path == Path(
        ("sensor", "rawdata"), ("airquality", "particulate")
    )
    assert parse_q("sensor{Device:humidity}==40").path == Path(
        ("humidity",), (), (Link("sensor", ("Device",)),)
    )
    assert parse_q("a{T,U:b{c.d[e]}}").path == Path(("c", "d"), ("e",), (Link("a", ("T", "U")), Link("b")))
    with pytest.raises(BadRequestData, match="entity itself"):
        parse_q("a.b{c}")


def test_a_pattern_may_hold_the_signs_of_the_language_where_they_are_grouped_or_quoted():
    assert parse_q("name~=^M(e|r;x).*;b") == Conjunction(
        (Comparison(Path(("name",)), "~=", "^M(e|r;x).*"), _there("b"))
    )
    assert parse_q('name~="a|b;c\\"d\\\\."').operand == 'a|b;c"d\\\\.'
    with pytest.raises(BadRequestData, match="back-reference"):
        parse_q(r"name~=(a)\1")


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("a;", 2),
        ("a>", 2),
        ("a>true", 2),
        ("a>1..2", 2),
        ("a=1", 1),
        ("1a==2", 0),
        ("a==", 3),
        ('a=="open', 3),
        ("a==1..x", 4),
        ("a==1..2020-01-01", 4),
        ("a[b", 1),
        ("a{b", 3),
        ("a b", 2),
        ("_a", 0),
        ("²a", 0),
        ('a=="\\ud800"', 3),
        ("a==1e999", 3),
        ("a~=", 3),
        ("a~=(", 3),
        ("a)", 1),
        ("(a", 0),
    ],
)
def test_an_error_says_where(text, position):
    with pytest.raises(BadRequestData) as caught:
        parse_q(text)
    assert caught.value.pointer == "q"
    assert caught.value.members["position"] == position
    assert str(position) in caught.value.detail or "regular expression" in caught.value.detail


@pytest.mark.parametrize(
    "text",
    [
        "(" * (MAX_NESTING + 1) + "a" + ")" * (MAX_NESTING + 1),
        ";".join(["a"] * (MAX_TERMS + 1)),
        "a{" * 9 + "b" + "}" * 9,
        "a" * 20_000,
        "a==" + ",".join("1" * 1_001),
        "a~=(((x{9}){9}){9}){9}",
    ],
)
def test_what_would_cost_too_much_is_refused_as_such(text):
    with pytest.raises(TooComplexQuery):
        parse_q(text)


@settings(max_examples=300)
@given(TEXTS)
def test_any_text_is_a_query_that_round_trips_or_a_clear_error(text):
    expression, error = attempt(parse_q, text)
    if error is not None:
        assert error.pointer == "q"
        assert error.detail
        return
    canonical = to_text(expression)
    assert parse_q(canonical) == expression
    assert to_text(parse_q(canonical)) == canonical


def _there(name):
    return Existence(Path((name,)))
