"""Projections (clause 4.21) and orders (clause 4.23)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_ngsild.errors import BadRequestData, NgsiLdError, TooComplexQuery
from samstad_ngsild.query.collation import collation_key
from samstad_ngsild.query.order import order_key, parse_order
from samstad_ngsild.query.projection import Projection, parse_names, parse_projection

VOCAB = "https://example.org/"


def attempt(call, *arguments, **options):
    """Return what a call returns and None, or None and the error that the caller is told."""
    try:
        return call(*arguments, **options), None
    except NgsiLdError as error:
        return None, error


class Context:
    def expand(self, term, /):
        return VOCAB + term

    expand_vocab = expand


CONTEXT = Context()


def test_a_projection_reaches_into_linked_entities():
    projection = parse_projection("id,observation{temperature|humidity{unit}},x", pointer="pick")
    assert projection.names == {"id", "observation", "x"}
    assert projection.linked("observation").names == {"temperature", "humidity"}
    assert projection.linked("x") is None
    assert projection.depth == 2
    assert projection.expanded(CONTEXT).names == {"id", VOCAB + "observation", VOCAB + "x"}
    assert parse_projection(["a", "b{c}"], pointer="pick") == parse_projection("a|b{c}", pointer="pick")


def test_what_is_named_twice_is_taken_once():
    assert parse_projection("a{b},a{c},a", pointer="pick").to_text() == "a{b,c}"
    assert parse_names("a,b,a", pointer="attrs") == ("a", "b")
    with pytest.raises(BadRequestData):
        parse_names("a{b}", pointer="attrs")


@pytest.mark.parametrize(
    ("text", "position"), [("", 0), ("a,", 2), ("a{b", 1), ("a}", 1), ("1a", 0), ("a{}", 2), ("a b", 1)]
)
def test_a_broken_projection_says_where(text, position):
    with pytest.raises(BadRequestData) as caught:
        parse_projection(text, pointer="omit")
    assert caught.value.pointer == "omit"
    assert caught.value.members["position"] == position


@given(st.one_of(st.text(max_size=20), st.text(alphabet="ab{},|:", max_size=20)))
def test_any_text_is_a_projection_that_round_trips_or_a_clear_error(text):
    projection, error = attempt(parse_projection, text, pointer="pick")
    if error is not None:
        assert error.pointer == "pick"
        return
    assert parse_projection(projection.to_text(), pointer="pick") == projection
    assert isinstance(projection, Projection)


def test_a_projection_nests_within_bounds():
    with pytest.raises(TooComplexQuery):
        parse_projection("a{" * 20 + "b" + "}" * 20, pointer="pick")


def entity(number, **attributes):
    body = {"id": f"urn:x:{number}", "type": [VOCAB + "T"], "createdAt": f"2026-01-0{number}T00:00:00Z"}
    for name, value in attributes.items():
        is_geo = isinstance(value, dict) and value.get("type") == "Point"
        body[VOCAB + name] = [{"type": "GeoProperty" if is_geo else "Property", "value": value}]
    return body


def ordered(entities, order_by, **more):
    key = order_key(parse_order(order_by, **more), CONTEXT)
    return [document["id"][-1] for document in sorted(entities, key=key)]


def test_criteria_apply_one_after_the_other():
    people = [entity(1, name="Eva", age=3), entity(2, name="adam", age=1), entity(3, name="Eva", age=5)]
    assert ordered(people, "name,age;desc") == ["2", "3", "1"]
    assert ordered(people, ["name", "age"]) == ["2", "1", "3"]
    assert ordered(people, "id;desc") == ["3", "2", "1"]
    assert ordered(people, "createdAt") != ["3", "2", "1"]


def test_mixed_data_types_follow_clause_4_23_2_and_missing_is_last_both_ways():
    values = [1, "text", {"a": 1}, [1], True, "10:00:00Z", "2026-01-01", "2026-01-01T00:00:00Z"]
    entities = [entity(number, v=value) for number, value in enumerate(values)]
    entities.append(entity(9))
    shuffled = entities[::2] + entities[1::2]
    assert "".join(ordered(shuffled, "v")) == "012345679"
    assert "".join(ordered(shuffled, "v;desc")) == "765432109"


def test_distance_comes_before_values_that_are_no_geometry():
    places = [
        entity(n, location={"type": "Point", "coordinates": [lon, 40]})
        for n, lon in ((1, 9), (2, 8), (3, 20))
    ]
    places += [entity(4, location="here"), entity(5)]
    assert ordered(places, "location;dist-asc", order_from="[8,40]") == ["2", "1", "3", "4", "5"]
    assert ordered(places, "location;dist-desc", order_from=[8, 40])[:3] == ["3", "1", "2"]
    line = {"order_from": "[[19,39],[21,41]]", "order_geometry": "LineString"}
    assert ordered(places, "location;dist-asc", **line)[0] == "3"


def test_paths_go_into_sub_attributes_and_values():
    first = entity(1, address={"city": "Berlin"})
    second = entity(2, address={"city": "Aachen"})
    second[VOCAB + "address"][0]["observedAt"] = "2026-01-01T00:00:00Z"
    assert ordered([first, second], "address[city]") == ["2", "1"]
    assert ordered([first, second], "address.observedAt") == ["2", "1"]
    assert ordered([first, second], "address[street]") == ["1", "2"]


@pytest.mark.parametrize(
    ("arguments", "pointer"),
    [
        ({"order_by": "name;up"}, "orderBy"),
        ({"order_by": "a,,b"}, "orderBy"),
        ({"order_by": "a;dist-asc"}, "orderFrom"),
        ({"order_by": "a;dist-asc", "order_from": "[8,400]"}, "orderFrom"),
        ({"order_by": "a;dist-asc", "order_from": "[8,40]", "order_geometry": "Circle"}, "orderGeometry"),
        ({"order_by": "a", "collation": "not a tag"}, "collation"),
        ({"order_by": []}, "orderBy"),
    ],
)
def test_a_broken_order_names_the_parameter(arguments, pointer):
    with pytest.raises(BadRequestData) as caught:
        parse_order(**arguments)
    assert caught.value.pointer == pointer


@given(st.text(max_size=20))
def test_any_text_is_an_order_or_a_clear_error(text):
    _, error = attempt(parse_order, text, collation=text or None)
    if error is not None:
        assert error.pointer in {"orderBy", "orderFrom", "collation"}


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (None, "_a 1 a A á b z"),
        ("sv", "a z å ä ö"),
        ("und", "a å ä o ö z"),
        ("da", "z æ ø å"),
        ("de-u-co-phonebk", "ad ä af"),
        ("und-u-kn-true", "a2 a10 b1"),
        ("und-u-kf-upper", "A a B b"),
    ],
)
def test_collations(tag, expected):
    words = expected.split()
    assert sorted(set(words), key=collation_key(tag)) == words
    assert collation_key("und-u-ks-level1")("É") == collation_key("und-u-ks-level1")("e")
    assert collation_key(None)("É") != collation_key(None)("e")
