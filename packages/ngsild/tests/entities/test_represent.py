"""Documents as clients read them (clauses 4.5.1 to 4.5.5, 4.5.16 to 4.5.24, 4.15, 4.21, 6.3.11)."""

from dataclasses import dataclass, field

import pytest

from samstad_ngsild.context import CORE, compile_context
from samstad_ngsild.document import NULL
from samstad_ngsild.entities.expand import expand_entity
from samstad_ngsild.entities.geojson import represent_feature, represent_feature_collection
from samstad_ngsild.entities.language import choose_language, parse_languages
from samstad_ngsild.entities.represent import Representation, renderer, represent
from samstad_ngsild.errors import InvalidRequest

NOW = "2026-11-25T02:14:57.000000Z"
D = "https://uri.etsi.org/ngsi-ld/default-context/"
POINT = {"type": "Point", "coordinates": [16.54, 59.61]}
AT = "2026-11-25T01:00:00Z"


def document(**attributes):
    return expand_entity({"id": "urn:x:1", "type": "Lamp", **attributes}, CORE, now=NOW)


def shown(doc, context=CORE, **representation):
    entity = represent(doc, context, Representation(**representation))
    for name in ("id", "type"):
        entity.pop(name, None)
    return entity


ALL = {
    "a": {"type": "Property", "value": 5, "unitCode": "P1", "observedAt": AT},
    "b": {"type": "GeoProperty", "value": POINT},
    "c": {"type": "Relationship", "object": "urn:x:2", "objectType": "Lamp"},
    "d": {"type": "LanguageProperty", "languageMap": {"sv": "ja", "en": "yes"}, "valueType": "langString"},
    "e": {"type": "VocabProperty", "vocab": ["Led"]},
    "f": {"type": "ListProperty", "valueList": [1, 2]},
    "g": {"type": "ListRelationship", "objectList": [{"object": "urn:x:2"}]},
    "h": {"type": "JsonProperty", "json": {"id": None}},
    "i": {"type": "Property", "value": 1, "valueType": "Date", "sub": {"type": "Property", "value": "x"}},
    "j": [
        {"type": "Property", "value": 1},
        {"type": "Property", "value": 2, "datasetId": "urn:d:a"},
    ],
}


def test_normalized_is_what_was_written():
    assert shown(document(**ALL)) == ALL
    assert represent(document(scope="/a"), CORE) == {"id": "urn:x:1", "type": "Lamp", "scope": "/a"}
    several = expand_entity({"id": "urn:x:1", "type": ["A", "B"], "scope": ["/a", "/b"]}, CORE, now=NOW)
    assert represent(several, CORE) == {"id": "urn:x:1", "type": ["A", "B"], "scope": ["/a", "/b"]}


def test_concise_leaves_out_what_can_be_inferred():
    assert shown(document(**ALL), format="concise") == {
        "a": {"value": 5, "unitCode": "P1", "observedAt": AT},
        "b": POINT,
        "c": {"object": "urn:x:2", "objectType": "Lamp"},
        "d": {"languageMap": {"sv": "ja", "en": "yes"}, "valueType": "langString"},
        "e": {"vocab": ["Led"]},
        "f": {"valueList": [1, 2]},
        "g": {"objectList": ["urn:x:2"]},
        "h": {"json": {"id": None}},
        "i": {"value": 1, "valueType": "Date", "sub": "x"},
        "j": [{"value": 1}, {"value": 2, "datasetId": "urn:d:a"}],
    }


def test_simplified_is_values_alone():
    assert shown(document(**ALL), format="simplified") == {
        "a": 5,
        "b": POINT,
        "c": "urn:x:2",
        "d": {"languageMap": {"sv": "ja", "en": "yes"}},
        "e": {"vocab": ["Led"]},
        "f": [1, 2],
        "g": ["urn:x:2"],
        "h": {"json": {"id": None}},
        "i": 1,
        "j": {"dataset": {"@none": 1, "urn:d:a": 2}},
    }


@pytest.mark.parametrize(
    "value",
    [
        {"type": "PostalAddress"},
        {"value": 5},
        {"object": "urn:x:1"},
        {"observedAt": AT},
        {"dataset": {"a": 1}},
        [{"value": 5}],
        [{"type": "Property", "value": 5}],
        POINT,
    ],
)
def test_a_concise_value_that_would_be_read_as_something_else_stays_wrapped(value):
    doc = document(a={"type": "Property", "value": value})
    concise = shown(doc, format="concise")["a"]
    assert concise != value
    assert concise["value"] == value
    assert document(a=concise) == doc


def test_system_attributes_are_shown_when_asked_for():
    doc = document(expiresAt=AT, a={"value": 1, "expiresAt": AT, "sub": 2})
    bare = represent(doc, CORE)
    assert bare == {
        "id": "urn:x:1",
        "type": "Lamp",
        "a": {"type": "Property", "value": 1, "sub": {"type": "Property", "value": 2}},
    }
    stamps = {"createdAt": NOW, "modifiedAt": NOW}
    assert represent(doc, CORE, Representation(sys_attrs=True)) == {
        "id": "urn:x:1",
        "type": "Lamp",
        "expiresAt": AT,
        **stamps,
        "a": {
            "type": "Property",
            "value": 1,
            "expiresAt": AT,
            **stamps,
            "sub": {"type": "Property", "value": 2, **stamps},
        },
    }
    simplified = represent(doc, CORE, Representation("simplified", sys_attrs=True))
    assert simplified == {"id": "urn:x:1", "type": "Lamp", "a": 1, "expiresAt": AT, **stamps}


def test_names_and_terms_are_written_by_the_context_of_the_request():
    terms = {"power": "https://x.example/power", "Led": "https://x.example/Led"}
    context = compile_context(terms, [terms])
    doc = expand_entity(
        {"id": "urn:x:1", "type": "Lamp", "power": {"vocab": "Led"}, "other": 1}, context, now=NOW
    )
    assert shown(doc, context)["power"] == {"type": "VocabProperty", "vocab": "Led"}
    assert shown(doc) == {
        "https://x.example/power": {"type": "VocabProperty", "vocab": "https://x.example/Led"},
        "other": {"type": "Property", "value": 1},
    }


@pytest.mark.parametrize(
    ("wanted", "tag"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("fr", "fr-CH"),
        ("en-GB", "en"),
        ("de,en;q=0.5,sv;q=0.7", "sv"),
        ("sv;q=0,en;q=0.1", "en"),
        ("de", "sv"),
        ("*", "sv"),
    ],
)
def test_a_language_is_chosen_by_weight_and_lookup(wanted, tag):
    languages = {"sv": "ja", "en": "yes", "fr-CH": "oui"}
    assert choose_language(languages, parse_languages(wanted)) == (tag, languages[tag])
    assert choose_language({**languages, "@none": "?"}, parse_languages("de"))[0] == "@none"


@pytest.mark.parametrize("text", ["", "sv;x=1", "sv;q=2", "sv;q=a", "sv se", ",", "å"])
def test_what_is_no_list_of_languages_is_an_invalid_request(text):
    with pytest.raises(InvalidRequest) as caught:
        represent(document(), CORE, Representation(lang=text))
    assert caught.value.pointer == "lang"


def test_the_language_filter_makes_properties_and_says_which_language():
    doc = document(says={"languageMap": {"sv": "ja", "en": ["yes", "yeah"]}}, a={"value": 1})
    assert shown(doc, lang="en") == {
        "says": {"type": "Property", "value": ["yes", "yeah"], "lang": "en"},
        "a": {"type": "Property", "value": 1},
    }
    assert shown(doc, lang="sv", format="concise")["says"] == {"value": "ja", "lang": "sv"}
    assert shown(doc, lang="sv", format="simplified")["says"] == "ja"


def test_dataset_ids_select_instances_and_drop_attributes_without_one():
    doc = document(j=ALL["j"], k={"value": 3})
    assert shown(doc, dataset_ids=frozenset({"urn:d:a"})) == {"j": ALL["j"][1]}
    assert shown(doc, dataset_ids=frozenset({"@none"}), format="simplified") == {"j": 1, "k": 3}
    assert shown(doc, dataset_ids=frozenset({"urn:d:b"})) == {}


@dataclass(frozen=True)
class Selected:
    terms: tuple = field(default=())

    @property
    def names(self):
        return frozenset(name for name, _ in self.terms)

    def linked(self, name):
        return dict(self.terms).get(name)


def test_pick_and_omit_are_by_expanded_names():
    doc = document(a=1, b=2, scope="/a")
    assert represent(doc, CORE, Representation(pick=frozenset({"id", D + "a"}))) == {
        "id": "urn:x:1",
        "a": {"type": "Property", "value": 1},
    }
    omitted = represent(doc, CORE, Representation("simplified", omit=frozenset({"scope", D + "a"})))
    assert omitted == {"id": "urn:x:1", "type": "Lamp", "b": 2}


def linking():
    doc = document(to={"object": "urn:x:2"}, all={"objectList": ["urn:x:2"]}, a=1)
    target = expand_entity({"id": "urn:x:2", "type": "Pole", "height": 5, "width": 1}, CORE, now=NOW)
    return {
        **doc,
        D + "to": [{**doc[D + "to"][0], "entity": target}],
        D + "all": [{**doc[D + "all"][0], "entityList": [target]}],
    }


def test_joined_entities_are_represented_inside():
    pole = {"id": "urn:x:2", "type": "Pole", "height": 5, "width": 1}
    assert shown(linking(), format="simplified") == {"a": 1, "to": pole, "all": [pole]}
    normalized = shown(linking())["to"]
    assert normalized["object"] == "urn:x:2"
    assert normalized["entity"]["height"] == {"type": "Property", "value": 5}


def test_projections_reach_into_joined_entities():
    pick = Selected(((D + "to", Selected(((D + "height", None),))), (D + "all", None)))
    entity = represent(linking(), CORE, Representation("simplified", pick=pick))
    assert entity == {
        "to": {"height": 5},
        "all": [{"id": "urn:x:2", "type": "Pole", "height": 5, "width": 1}],
    }
    omit = Selected(((D + "to", Selected(((D + "height", None),))), (D + "all", None)))
    entity = represent(linking(), CORE, Representation("simplified", omit=omit))
    assert entity["to"] == {"id": "urn:x:2", "type": "Pole", "width": 1}
    assert "all" not in entity


def test_deletions_are_shown_as_nulls_of_their_type():
    doc = {
        "id": "urn:x:1",
        "type": [D + "Lamp"],
        D + "a": [
            {
                "type": "ListRelationship",
                "objectList": [NULL],
                "deletedAt": AT,
                "previousObjectList": ["urn:x:2"],
            }
        ],
        D + "b": [{"type": "VocabProperty", "vocab": NULL, "previousVocab": D + "Led"}],
    }
    assert shown(doc) == {
        "a": {
            "type": "ListRelationship",
            "objectList": [NULL],
            "deletedAt": AT,
            "previousObjectList": [{"object": "urn:x:2"}],
        },
        "b": {"type": "VocabProperty", "vocab": NULL, "previousVocab": "Led"},
    }


def test_a_renderer_is_made_once_per_context_and_representation():
    one = renderer(CORE, Representation("concise", pick=frozenset({"id"})))
    assert renderer(CORE, Representation("concise", pick=frozenset({"id"}))) is one
    assert renderer(CORE, Representation("simplified", pick=frozenset({"id"}))) is not one


def test_a_feature_has_its_geometry_and_the_rest_as_properties():
    doc = document(location={"type": "GeoProperty", "value": POINT, "observedAt": AT}, a=1)
    feature = represent_feature(doc, CORE)
    assert feature == {
        "id": "urn:x:1",
        "type": "Feature",
        "geometry": POINT,
        "properties": {
            "type": "Lamp",
            "location": {"type": "GeoProperty", "value": POINT, "observedAt": AT},
            "a": {"type": "Property", "value": 1},
        },
    }
    simplified = represent_feature(doc, CORE, Representation("simplified"), geometry_property=D + "place")
    assert simplified["geometry"] is None
    assert simplified["properties"] == {"type": "Lamp", "location": POINT, "a": 1}


def test_a_feature_collection_is_features_and_nothing_else():
    collection = represent_feature_collection([document(), document(a=1)], CORE)
    assert collection["type"] == "FeatureCollection"
    assert [feature["id"] for feature in collection["features"]] == ["urn:x:1", "urn:x:1"]
    assert "@context" not in str(collection)


def test_the_geometry_is_that_of_the_default_instance_or_of_the_one_selected():
    other = {"type": "Point", "coordinates": [0, 0]}
    doc = document(location=[{"value": other, "datasetId": "urn:d:a"}, {"value": POINT}])
    assert represent_feature(doc, CORE)["geometry"] == POINT
    selected = Representation(dataset_ids=frozenset({"urn:d:a"}))
    assert represent_feature(doc, CORE, selected)["geometry"] == other
    both = Representation(dataset_ids=frozenset({"urn:d:a", "@none"}))
    assert represent_feature(doc, CORE, both)["geometry"] is None
    only = document(location={"value": other, "datasetId": "urn:d:a"})
    assert represent_feature(only, CORE)["geometry"] is None
    value = document(place={"type": "Property", "value": 5})
    assert represent_feature(value, CORE, geometry_property=D + "place")["geometry"] is None
