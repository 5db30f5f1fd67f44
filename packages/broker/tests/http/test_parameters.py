from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_broker.http.parameters import Page, Parameters, parse_query, refuse_unknown
from samstad_ngsild.errors import InvalidRequest, TooManyResults


def read(raw: str) -> Parameters:
    return Parameters(parse_query(raw))


def test_a_query_string_is_decoded_once():
    assert parse_query("q=name%3D%3D%22a%26b%22&type=Bin,Lamp&x=a+b&flag") == {
        "q": 'name=="a&b"',
        "type": "Bin,Lamp",
        "x": "a b",
        "flag": "",
    }
    assert parse_query("q=%252B")["q"] == "%2B", "decoded twice"


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [("a=1&a=2", "a"), ("a=1&%61=2", "a"), ("a=%", "a"), ("a=%4", "a"), ("a=%GG", "a"), ("a=%ff", "a"),
     ("a=%C3%28", "a"), ("=1", None), ("&".join(f"a{n}=1" for n in range(101)), None)],
)  # fmt: skip
def test_a_malformed_query_string_is_refused(raw, pointer):
    with pytest.raises(InvalidRequest) as refused:
        parse_query(raw)
    assert refused.value.pointer == pointer


def test_an_unknown_parameter_is_refused_with_a_hint():
    refuse_unknown({"limit": "1"}, {"limit", "offset"})
    with pytest.raises(InvalidRequest, match="Did you mean limit") as refused:
        refuse_unknown({"limt": "1"}, {"limit", "offset"})
    assert refused.value.pointer == "limt"
    with pytest.raises(InvalidRequest):
        refuse_unknown({"x": "1"}, frozenset())


def test_pages():
    assert read("").page(default=20, maximum=100) == Page(20, 0, count=False)
    assert read("limit=5&offset=7&count=true").page(default=20, maximum=100) == Page(5, 7, count=True)
    assert read("limit=0&count=true").page(default=20, maximum=100) == Page(0, 0, count=True)


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [("limit=0", "limit"), ("limit=0&count=false", "limit"), ("limit=-1", "limit"), ("limit=1.5", "limit"),
     ("limit=", "limit"), ("limit=%D9%A1", "limit"), ("offset=x", "offset"), ("offset=-1", "offset"),
     ("count=1", "count"), ("count=True", "count"), ("limit=" + "9" * 400, "limit")],
)  # fmt: skip
def test_a_page_that_nobody_can_turn_to_is_refused(raw, pointer):
    with pytest.raises(InvalidRequest) as refused:
        read(raw).page(default=20, maximum=100)
    assert refused.value.pointer == pointer


def test_more_than_a_page_holds_is_too_many_results():
    with pytest.raises(TooManyResults):
        read("limit=101").page(default=20, maximum=100)
    assert read("limit=100").page(default=20, maximum=100).limit == 100


def test_options_and_formats():
    known = {"sysAttrs", "keyValues", "concise", "simplified"}
    options = read("options=sysAttrs,keyValues").options(known)
    assert options == {"sysAttrs", "keyValues"}
    assert read("").format(options) == "simplified"
    assert read("").format() == "normalized"
    assert read("format=keyValues").format() == "simplified"
    assert read("format=concise").format(options) == "concise", "format wins over options"
    assert read("format=temporalValues").format(others={"temporalValues"}) == "temporalValues"
    for raw in ("options=sysattrs", "options=", "options=sysAttrs,,concise"):
        with pytest.raises(InvalidRequest):
            read(raw).options(known)
    with pytest.raises(InvalidRequest):
        read("").format({"concise", "keyValues"})
    with pytest.raises(InvalidRequest):
        read("format=temporalValues").format()


def test_typed_readers_return_none_or_the_default_for_what_is_absent():
    absent = read("")
    assert absent.text("q") is None
    assert absent.words("attrs") == ()
    assert absent.natural("joinLevel") is None
    assert absent.flag("local") is False
    assert absent.choice("join", {"flat"}) is None
    assert "q" not in absent


@pytest.mark.parametrize(
    "ask",
    [
        lambda given: given.text("a"),
        lambda given: given.words("a"),
        lambda given: given.flag("a"),
        lambda given: given.natural("a"),
        lambda given: given.choice("a", {"flat", "inline"}),
    ],
)
def test_an_empty_value_is_refused_by_every_reader(ask):
    with pytest.raises(InvalidRequest) as refused:
        ask(read("a="))
    assert refused.value.pointer == "a"


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(TEXT.filter(bool), TEXT, max_size=8))
def test_what_a_client_encodes_comes_back(values):
    assert parse_query(urlencode(values)) == values
    assert parse_query(urlencode(values, quote_via=quote)) == values


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_any_query_string_is_read_or_refused(raw):
    try:
        values = parse_query(raw)
    except InvalidRequest:
        return
    assert "" not in values
