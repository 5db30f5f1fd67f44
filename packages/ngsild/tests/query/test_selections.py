"""Type selections (4.17), scope queries (4.19) and context source filters (4.9 over registrations)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_ngsild.errors import BadRequestData, NgsiLdError, TooComplexQuery
from samstad_ngsild.query.csf import compile_csf
from samstad_ngsild.query.q_parser import parse_q
from samstad_ngsild.query.scope import compile_scope_query, parse_scope_query
from samstad_ngsild.query.types import (
    TypeSelection,
    alternatives,
    compile_type_selection,
    parse_type_selection,
)

VOCAB = "https://example.org/"


def attempt(call, *arguments, **options):
    """Return what a call returns and None, or None and the error that the caller is told."""
    try:
        return call(*arguments, **options), None
    except NgsiLdError as error:
        return None, error


class Context:
    def expand(self, term, /):
        return term if "://" in term else VOCAB + term

    expand_vocab = expand


CONTEXT = Context()
FORMULAS = st.recursive(
    st.sampled_from(["A", "B", "C", "urn:x:D"]),
    lambda inner: st.tuples(inner, st.sampled_from(";|,"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
    max_leaves=6,
)


def selects(text, *types):
    selection = compile_type_selection(parse_type_selection(text), CONTEXT)
    return selection({CONTEXT.expand(name) for name in types})


def test_the_examples_of_clause_4_17():
    for text in ("Building|House", "Building,House"):
        assert selects(text, "House")
        assert not selects(text, "Home")
    for text in ("(Home;Vehicle)|Motorhome", "(Home;Vehicle),Motorhome"):
        assert selects(text, "Home", "Vehicle")
        assert selects(text, "Motorhome")
        assert not selects(text, "Home")
    assert selects("*", "Anything")
    assert parse_type_selection("*").is_everything
    assert not parse_type_selection("A").is_everything


@given(FORMULAS, st.sets(st.sampled_from(["A", "B", "C", "urn:x:D"])))
def test_a_selection_means_what_its_sets_mean(text, types):
    python = text.replace(";", " and ").replace("|", " or ").replace(",", " or ")
    for name in ("A", "B", "C", "urn:x:D"):
        python = python.replace(name, repr(name in types))
    expected = eval(python)  # noqa: S307 - our own strategy made it
    assert selects(text, *types) is expected
    selection = parse_type_selection(text)
    assert parse_type_selection(selection.to_text()) == selection
    if expected:
        assert not alternatives(selection, CONTEXT).isdisjoint({CONTEXT.expand(name) for name in types})


def test_an_index_reads_the_fewest_types_that_hold_every_match():
    assert alternatives(parse_type_selection("(A|B);C"), CONTEXT) == {VOCAB + "C"}
    assert alternatives(TypeSelection(None), CONTEXT) is None


@pytest.mark.parametrize("text", ["", "A;", "(A", "A)", "1A", "A B", "A,,B", "*|A", "a<b:c"])
def test_a_broken_selection_says_where(text):
    with pytest.raises(BadRequestData) as caught:
        parse_type_selection(text)
    assert caught.value.pointer == "type"
    assert caught.value.members["position"] <= len(text)


def test_a_selection_nests_within_bounds():
    with pytest.raises(TooComplexQuery):
        parse_type_selection("(" * 20 + "A" + ")" * 20)


@pytest.mark.parametrize("parse", [parse_type_selection, parse_scope_query])
@given(st.one_of(st.text(max_size=20), st.text(alphabet="A/+#;|,() ", max_size=20)))
def test_any_text_is_a_selection_or_a_clear_error(parse, text):
    parsed, error = attempt(parse, text)
    if error is not None:
        assert error.detail
        return
    assert parse(parsed.to_text()) == parsed


@pytest.mark.parametrize(
    ("text", "matching", "failing"),
    [
        ("/Madrid", ["/Madrid"], ["/Madrid/Gardens"]),
        ("/Madrid/Gardens/#", ["/Madrid/Gardens"], ["/Madrid/GardensX"]),
        ("/Madrid/Gardens/#", ["/Madrid/Gardens/ParqueNorte/Parterre1"], ["/Madrid"]),
        ("/Madrid/+/ParqueNorte", ["/Madrid/Sights/ParqueNorte"], ["/Madrid/ParqueNorte"]),
        ("/+/Norte/#", ["/A/Norte/B/C"], ["/A/B/Norte"]),
        ("(/Madrid/Districts;/CompanyA)", ["/CompanyA", "/Madrid/Districts"], ["/CompanyA"]),
        ("(/Madrid/Districts;/CompanyA)|CompanyB", ["/CompanyB"], ["/CompanyA"]),
        ("(/Madrid/Districts;/CompanyA),CompanyB", ["/CompanyB"], []),
        ("/#", ["/x"], []),
        ("/Västerås", ["/Västerås"], ["/vasteras"]),
    ],
)
def test_the_examples_of_clause_4_19(text, matching, failing):
    test = compile_scope_query(parse_scope_query(text))
    assert test(matching)
    assert not test(failing)


@pytest.mark.parametrize("text", ["/", "//a", "/a//b", "/#/a", "/a#", "/1", "/a-b", "a b"])
def test_a_broken_scope_is_refused(text):
    with pytest.raises(BadRequestData) as caught:
        parse_scope_query(text)
    assert caught.value.pointer == "scopeQ"


def test_a_filter_reads_the_members_of_a_registration():
    registration = {
        "id": "urn:r:1",
        "mode": "inclusive",
        "management": {"timeout": 100},
        VOCAB + "district": {"type": "Property", "value": "north", "quality": 5},
    }

    def matches(text):
        return compile_csf(parse_q(text, pointer="csf"), CONTEXT)(registration)

    assert matches('mode=="inclusive";management[timeout]>50')
    assert matches('district=="north"')
    assert matches('id=="urn:r:1"')
    assert not matches("owner")
    assert not matches('mode!="inclusive"|district{x}')
