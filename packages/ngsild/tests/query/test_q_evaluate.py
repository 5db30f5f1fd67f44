"""The query language at work: the clause's examples, and parity with a naive reading of it (clause 4.9)."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_ngsild.document import VALUE_MEMBER
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
from samstad_ngsild.query.literals import kind_of, temporal_key
from samstad_ngsild.query.q_compile import METADATA, compile_q
from samstad_ngsild.query.q_parser import parse_q
from samstad_ngsild.query.q_terms import Term, attribute_names, link_depth, q_terms
from samstad_ngsild.query.q_text import to_text

VOCAB = "https://example.org/"


class Context:
    """A context in which every name lives under one vocabulary."""

    def expand(self, term, /):
        return "https://uri.etsi.org/ngsi-ld/" + term if term in METADATA | {"createdAt"} else VOCAB + term

    def expand_vocab(self, value, /):
        return value if ":" in value else VOCAB + value


CONTEXT = Context()


def document(**attributes):
    body = {"id": "urn:x:1", "type": [VOCAB + "T"], "createdAt": "2026-01-01T00:00:00.000000Z"}
    for name, instances in attributes.items():
        body[VOCAB + name] = instances if isinstance(instances, list) else [instances]
    return body


def prop(value, **more):
    return {
        "type": "Property",
        "value": value,
        **{k if k in METADATA else VOCAB + k: v for k, v in more.items()},
    }


def attr(kind, value):
    return {"type": kind, VALUE_MEMBER[kind]: value}


def holds(text, doc, **more):
    return compile_q(parse_q(text), CONTEXT, **more)(doc)


@pytest.mark.parametrize(
    ("matching", "failing", "attribute"),
    [
        ("a", "b", prop(1)),
        ("a==20", "a!=20", prop(20)),
        ("a==20.0", 'a=="20"', prop(20)),
        ("a!=true", "a==true", prop(1)),
        ("a>19;a<21", "a>20", prop(20)),
        ("a>=20;a<=20", "a<20", prop(20)),
        ("a==10..20", "a!=10..20", prop(20)),
        ("a!=10..19", "a==10..19", prop(20)),
        ('a=="red"', 'a!="red"', prop(["blue", "red"])),
        ('a!="black","green"', 'a=="black","green"', prop(["blue", "red"])),
        ('a>"blue"', 'a<"blue"', prop("red")),
        ("a!=5", "a>5", prop("red")),
        ("a!=5", "a>5", prop([6])),
        ('a~="^r.d$"', 'a!~="^r"', prop("red")),
        ('a!~="b"', 'a~="b"', prop("red")),
        ("a==5", 'a!~="b"', prop(5)),
        ("a==2026-01-01T00:00:00Z", "a!=2026-01-01T00:00:00Z", prop("2026-01-01T00:00:00,000Z")),
        ("a>2025-12-31T23:59:59.9Z", "a>2025-12-31", prop("2026-01-01T00:00:00Z")),
        ("a==08:00:00Z..09:00:00Z", "a<08:00:00Z", prop("08:30:00.5Z")),
        ('a=="2026-01-01T00:00:00Z"', 'a<"2026-01-01T00:00:00Z"', prop("2026-01-01T00:00:00.0Z")),
        ("a==40", "a!=40", prop({"@type": "Number", "@value": 40})),
        ('a[city]=="Berlin"', 'a[town]!="Berlin"', prop({"city": "Berlin"})),
        ("a[x.y]", "a[x.z]", prop({"x": {"y": None}})),
        ("a.b[x.y]==40", "a.b[x]==40", prop(1, b=[prop({"x": {"y": 40}})])),
        ("a.observedAt>=2017-12-24T12:00:00Z", "a.modifiedAt", prop(1, observedAt="2017-12-24T12:00:00.0Z")),
        ('a.unitCode=="CEL"', 'a.unitCode!="CEL"', prop(1, unitCode="CEL")),
        ("a.b==2", "a.c!=2", prop(1, b=[prop(2)])),
        ("a==1;a==2;a!=1", "a==3", [prop(1), prop(2, datasetId="urn:d:1")]),
        ('a[en]=="red"', 'a[en]!="red"', attr("LanguageProperty", {"fr": "rouge", "en": "red"})),
        ('a[EN]=="red"', 'a[de]!="red"', attr("LanguageProperty", {"fr": "rouge", "en": "red"})),
        ('a[*]=="cat"', 'a[*]!="cat"', attr("LanguageProperty", {"fr": ["chat"], "en": ["red", "cat"]})),
        ('a~="^cha"', 'a!~="^cha"', attr("LanguageProperty", {"fr": ["chat"], "en": ["red", "cat"]})),
        ('a[fr]~="^cha"', 'a[en]~="^cha"', attr("LanguageProperty", {"fr": ["chat"], "en": ["red", "cat"]})),
        ("a==Male", "a!=Male", attr("VocabProperty", VOCAB + "Male")),
        ('a=="Male"', 'a=="Female"', attr("VocabProperty", [VOCAB + "Male", VOCAB + "X"])),
        ("a==urn:x:2", "a!=urn:x:2", attr("Relationship", "urn:x:2")),
        ('a=="urn:x:3","urn:x:2"', "a>=" + '"urn:x:2"', attr("Relationship", ["urn:x:2", "urn:x:4"])),
        ("a==urn:x:4", 'a~="urn"', attr("ListRelationship", ["urn:x:2", "urn:x:4"])),
        ("a==2", "a>1", attr("ListProperty", [1, 2])),
        ('a[value]=="Overstay"', 'a[id]=="Overstay"', attr("JsonProperty", {"value": "Overstay"})),
        ('a[type]=="Point"', 'a=="Point"', attr("GeoProperty", {"type": "Point", "coordinates": [1, 2]})),
        ("createdAt<2026-06-01T00:00:00Z", "createdAt>2026-06-01T00:00:00Z", prop(1)),
        ("a|b", "a;b", prop(1)),
    ],
)  # fmt: skip
def test_terms(matching, failing, attribute):
    doc = document(a=attribute)
    assert holds(matching, doc)
    assert not holds(failing, doc)


def test_expand_values_names_the_attributes_whose_values_are_terms():
    doc = document(gender=prop(VOCAB + "Male"))
    assert not holds("gender==Male", doc)
    assert holds("gender==Male", doc, expand_values=["gender"])


def test_a_query_follows_relationships_to_entities_of_the_hinted_type():
    device = {"id": "urn:x:d", "type": [VOCAB + "Device"], VOCAB + "humidity": [prop(40)]}
    doc = document(sensor=attr("Relationship", ["urn:x:none", "urn:x:d"]))
    find = {"urn:x:d": device}.get
    assert holds("sensor{humidity}==40", doc, linked=find)
    assert holds("sensor{Lamp,Device:humidity}>30", doc, linked=find)
    assert not holds("sensor{Lamp:humidity}==40", doc, linked=find)
    assert not holds("sensor{humidity}==40", doc)


def test_an_index_learns_the_terms_that_every_match_meets():
    expression = parse_q(
        'temperature>20;a.observedAt<2026-01-01T00:00:00Z;b=="x";c==1..2;(d|e);f!=1;g[h]==1;i'
    )
    when = temporal_key("2026-01-01T00:00:00Z")
    assert q_terms(expression, CONTEXT) == (
        Term((VOCAB + "temperature",), ">", 20),
        Term((VOCAB + "a", "observedAt"), "<", when),
        Term((VOCAB + "b",), "in", ("x", VOCAB + "x")),
        Term((VOCAB + "c",), "range", (1, 2)),
        Term((VOCAB + "i",), "exists"),
    )
    assert q_terms(parse_q("a==1|b==2"), CONTEXT) == ()
    assert attribute_names(expression) == set("abcdefgi") | {"temperature"}
    assert link_depth(parse_q("a|b{c{d}}")) == 2
    assert link_depth(expression) == 0


# --- parity with a naive interpreter ------------------------------------------------------------------

SCALARS = st.sampled_from(
    [
        0,
        1,
        2.5,
        True,
        False,
        "",
        "red",
        "blue",
        "2026-01-01",
        "2026-01-02",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.0Z",
        "10:00:00Z",
        "urn:x:1",
        VOCAB + "red",
    ]
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, min_size=1, max_size=3),
    st.fixed_dictionaries({"m": SCALARS}),
    st.fixed_dictionaries({"m": st.fixed_dictionaries({"n": SCALARS})}),
    SCALARS.map(lambda v: {"@type": "T", "@value": v}),
)
URIS = st.sampled_from(["urn:x:1", "urn:x:2", "urn:x:3"])
WORDS = st.sampled_from(["red", "blue"])
INSTANCES = st.one_of(
    VALUES.map(prop),
    st.tuples(VALUES, VALUES).map(lambda v: prop(v[0], b=[prop(v[1])], observedAt="2026-01-01T00:00:00Z")),
    st.one_of(URIS, st.lists(URIS, min_size=1, max_size=2)).map(lambda v: attr("Relationship", v)),
    st.lists(URIS, min_size=1, max_size=2).map(lambda v: attr("ListRelationship", v)),
    st.lists(SCALARS, min_size=1, max_size=2).map(lambda v: attr("ListProperty", v)),
    st.dictionaries(
        st.sampled_from(["en", "sv"]), st.one_of(WORDS, st.lists(WORDS, min_size=1, max_size=2)), min_size=1
    ).map(lambda v: attr("LanguageProperty", v)),
    WORDS.map(lambda w: attr("VocabProperty", VOCAB + w)),
    VALUES.map(lambda v: attr("JsonProperty", v)),
)
DOCUMENTS = st.dictionaries(
    st.sampled_from("ab"), st.lists(INSTANCES, min_size=1, max_size=2), max_size=2
).map(lambda attributes: document(**attributes))
PATHS = st.sampled_from(
    [
        "a",
        "b",
        "a.b",
        "a[m]",
        "a[m.n]",
        "a[*]",
        "a[en]",
        "b[sv]",
        "a.observedAt",
        "createdAt",
        "a{b}",
        "b{T:a}",
    ]
)
LITERALS = st.sampled_from(
    [
        "0",
        "1",
        "2.5",
        "true",
        '"red"',
        "red",
        '"2026-01-01"',
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "10:00:00Z",
        "urn:x:2",
        "0..2",
        '"a".."z"',
        "2026-01-01..2026-01-02",
        '"red",1',
        "red,blue",
    ]
)
TERMS = st.one_of(
    PATHS,
    st.tuples(PATHS, st.sampled_from(["==", "!="]), LITERALS).map("".join),
    st.tuples(
        PATHS,
        st.sampled_from([">", ">=", "<", "<="]),
        st.sampled_from(["1", '"blue"', "2026-01-01", '"2026-01-01"', "10:00:00Z"]),
    ).map("".join),
    st.tuples(PATHS, st.sampled_from(["~=", "!~="]), st.sampled_from(["^r", "e.*e", "(a|e)d?"])).map("".join),
)
QUERIES = st.recursive(
    TERMS,
    lambda q: st.tuples(q, st.sampled_from(";|"), q).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
    max_leaves=4,
)


@settings(max_examples=400)
@given(QUERIES, st.lists(DOCUMENTS, min_size=1, max_size=3))
def test_the_compiled_query_agrees_with_a_naive_interpreter(text, documents):
    store = {f"urn:x:{n}": doc for n, doc in enumerate(documents, start=1)}
    expression = parse_q(text)
    assert parse_q(to_text(expression)) == expression
    compiled = compile_q(expression, CONTEXT, linked=store.get)
    assert compiled(documents[0]) is naive(expression, documents[0], store)


def naive(expression, doc, store):
    """Interpret an expression by gathering, for each instance at the end of the path, its values."""
    match expression:
        case Conjunction(parts):
            return all(naive(part, doc, store) for part in parts)
        case Disjunction(parts):
            return any(naive(part, doc, store) for part in parts)
        case Existence(path):
            return bool(list(targets(path, doc, store)))
        case Comparison(path, operator, operand):
            return any(meets(operator, operand, *target) for target in targets(path, doc, store))
    raise AssertionError


def targets(path, doc, store):
    """Yield (attribute type, value) for everything that a path addresses."""
    if path.links:
        rest = Path(path.names, path.members, path.links[1:])
        for other in linked_entities(path.links[0], doc, store):
            yield from targets(rest, other, store)
        return
    holders = [doc]
    for name in path.names[:-1]:
        holders = [i for h in holders for i in h.get(VOCAB + name, [])]
    last = path.names[-1]
    if last in METADATA or last == "createdAt":
        yield from (("Property", h[last]) for h in holders if last in h)
        return
    for instance in [i for h in holders for i in h.get(VOCAB + last, [])]:
        yield from inside(instance["type"], instance[VALUE_MEMBER[instance["type"]]], path.members)


def linked_entities(link, doc, store):
    for instance in doc.get(VOCAB + link.name, []):
        goals = instance.get("object", instance.get("objectList", []))
        for uri in [goals] if isinstance(goals, str) else goals:
            other = store.get(uri)
            if other and (not link.types or any(VOCAB + t in other["type"] for t in link.types)):
                yield other


def inside(kind, value, members):
    if kind == "LanguageProperty" and members:
        chosen = {k: v for k, v in value.items() if members[0] in {"*", k}}
        if chosen and len(members) == 1:
            yield kind, chosen
        return
    for member in members:
        if not isinstance(value, dict) or member not in value:
            return
        kind, value = "Property", value[member]
    yield kind, value


def meets(operator, operand, kind, value):
    is_relation = kind in {"Relationship", "ListRelationship"}
    texts = flat(value.values()) if kind == "LanguageProperty" else None
    items = texts if texts is not None else value if isinstance(value, list) else [value]
    if operator in {"==", "!="}:
        equal = any(same(operand, item, vocab=kind == "VocabProperty") for item in items)
        return equal == (operator == "==")
    if is_relation or kind == "ListProperty" or (isinstance(value, list) and texts is None):
        return False
    items = [plain(item) for item in items]
    if operator.endswith("~="):
        found = [re.search(operand, item) is not None for item in items if isinstance(item, str)]
        return bool(found) and (any(found) if operator == "~=" else not any(found))
    return any(ordered(operator, item, operand) for item in items)


def flat(values):
    return [x for v in values for x in (v if isinstance(v, list) else [v])]


def plain(value):
    return value.get("@value", value) if isinstance(value, dict) else value


def same(operand, item, *, vocab):
    item = plain(item)
    match operand:
        case ValueList(values):
            return any(same(value, item, vocab=vocab) for value in values)
        case Range(low, high):
            return ordered(">=", item, low) and ordered("<=", item, high)
        case Temporal(_, key):
            return (
                isinstance(item, str) and type(temporal_key(item)) is type(key) and temporal_key(item) == key
            )
        case str() | Reference():
            text = operand.text if isinstance(operand, Reference) else operand
            timed = (
                isinstance(item, str)
                and temporal_key(item) is not None
                and temporal_key(item) == temporal_key(text)
            )
            return item == text or timed or (vocab and item == CONTEXT.expand_vocab(text))
    return not isinstance(item, dict) and kind_of(item) == kind_of(operand) and item == operand


def ordered(operator, item, operand):
    key = operand.key if isinstance(operand, Temporal) else operand
    if (
        isinstance(operand, str)
        and isinstance(item, str)
        and type(temporal_key(item)) is type(temporal_key(operand))
    ):
        key = temporal_key(operand) or operand
    if not isinstance(key, str | int | float) and isinstance(item, str):
        item = temporal_key(item)
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (key, item))
    if not numbers and type(item) is not type(key):
        return False
    return {">": item > key, "<": item < key, ">=": item >= key, "<=": item <= key}[operator]


def test_a_link_is_part_of_the_canonical_text():
    path = Path(("c",), (), (Link("a", ("T",)), Link("b")))
    assert to_text(Existence(path)) == "a{T:b{c}}"
    assert to_text(Existence(path)) != "a{b{c}}"
