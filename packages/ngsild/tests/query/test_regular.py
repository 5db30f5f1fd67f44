"""Regular expressions: the same answers as ``re``, without its worst case."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_ngsild.errors import BadRequestData, NgsiLdError, TooComplexQuery
from samstad_ngsild.query._automaton import Automaton
from samstad_ngsild.query._regular_syntax import parse_pattern
from samstad_ngsild.query.regular import MAX_MATCHED_TEXT, compile_pattern

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\.", "^", "$", "(?:ab)", "[a-c-]", "[]a]"])
QUANTIFIERS = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])
PATTERNS = st.recursive(
    st.lists(st.tuples(ATOMS, QUANTIFIERS).map("".join), max_size=4).map("".join),
    lambda inner: st.one_of(
        st.tuples(inner, QUANTIFIERS).map(lambda x: f"({x[0]}){x[1]}"), st.tuples(inner, inner).map("|".join)
    ),
    max_leaves=4,
)


def attempt(call, *arguments, **options):
    """Return what a call returns and None, or None and the error that the caller is told."""
    try:
        return call(*arguments, **options), None
    except NgsiLdError as error:
        return None, error


@settings(max_examples=300)
@given(PATTERNS, st.text(alphabet="abc1.\n", max_size=12))
def test_the_automaton_agrees_with_re(text, value):
    try:
        compile_pattern(text)
    except NgsiLdError:
        return
    expected = re.search(text.replace("$", r"\Z"), value, re.DOTALL) is not None
    assert Automaton(parse_pattern(text)).search(value) is expected
    assert compile_pattern(text).search(value) is expected


@settings(max_examples=200)
@given(st.text(max_size=20))
def test_any_text_is_a_pattern_or_a_clear_error(text):
    pattern, error = attempt(compile_pattern, text, pointer="idPattern", position=3)
    if error is not None:
        assert error.pointer == "idPattern"
        assert error.members == {"position": 3}
        return
    assert pattern.search("some text") in {True, False}


@pytest.mark.parametrize(
    "text", ["(a+)+$", "^(a|a)*$", "(a*)*b", "a*a*a*a*a*b", ".*.*.*.*x", "(a|aa)+$", "(a|a)" * 30 + "b"]
)
def test_hostile_patterns_take_linear_time(text):
    search = compile_pattern(text).search
    begin = time.perf_counter()
    found = search("a" * (MAX_MATCHED_TEXT - 1) + "!")
    assert time.perf_counter() - begin < 1.0
    assert not found


def test_a_pattern_matches_anywhere_unless_anchored():
    assert compile_pattern("erced").search("Mercedes")
    assert not compile_pattern("^erced").search("Mercedes")
    assert compile_pattern("(?i)^MERC[[:alpha:]]+$").search("Mercedes")
    assert not compile_pattern("^MERC").search("Mercedes")


def test_texts_beyond_the_limit_match_nothing():
    assert compile_pattern("^a*$").search("a" * MAX_MATCHED_TEXT)
    assert not compile_pattern("^a*$").search("a" * (MAX_MATCHED_TEXT + 1))


@pytest.mark.parametrize(
    "text", ["(", ")", "a**", "*a", "[a", "[z-a]", r"(a)\1", "(?=a)", "a{", "a{3,2}", "\\", "[[:x:]]", r"\b"]
)
def test_what_is_no_pattern_of_the_language_is_refused(text):
    with pytest.raises(BadRequestData, match="not usable"):
        compile_pattern(text)


@pytest.mark.parametrize("text", ["a" * 600, "((a{200}){200}){2}", "(" * 30 + ")" * 30])
def test_what_is_too_large_is_refused_as_such(text):
    with pytest.raises(TooComplexQuery):
        compile_pattern(text)


def test_a_pattern_with_very_many_states_costs_bounded_time_and_memory():
    automaton = Automaton(parse_pattern("(a|b)*a(a|b){90}c"))
    text = "".join("ab"[(n * n * 7 + n // 3) % 2 ^ (n % 5 == 0)] for n in range(MAX_MATCHED_TEXT))
    begin = time.perf_counter()
    assert not automaton.search(text)
    assert time.perf_counter() - begin < 5.0
    assert automaton._kept < 10_000
    assert automaton.search(text + "a" * 91 + "c")
