import msgspec
import pytest

from samstad_models.catalogue import list_types, load_catalogue
from samstad_models.contexts import (
    ContextClashError,
    build_contexts,
    context_url,
    digest,
    get_context,
    list_contexts,
)
from samstad_models.generate import PinnedContextError, _check_pins, _contexts


def test_every_subject_names_its_types_and_the_common_ones():
    lighting = get_context("lighting")["@context"]
    assert lighting["Streetlight"] == "https://smartdatamodels.org/dataModel.Streetlighting/Streetlight"
    assert lighting["Command"] == "https://w3id.org/samstad/Command"
    assert lighting["refDevice"] == "https://smartdatamodels.org/dataModel.Streetlighting/refDevice"
    assert "ParkingSpot" not in lighting
    with pytest.raises(KeyError):
        get_context("moon")


def test_city_context_holds_every_attribute_under_one_meaning():
    city = get_context("city")["@context"]
    iris = set(city.values())
    for entity_type in list_types():
        assert city[entity_type.name] == entity_type.iri
        named = {a.iri for a in entity_type.attributes if a.name != a.iri}
        assert named <= iris
        young = {a.iri for a in entity_type.attributes} - named
        assert not young & iris, "a published context never changes"
    assert "category" not in city
    assert city["parking:category"] == "https://smartdatamodels.org/dataModel.Parking/category"
    assert city["parking:category"] == city["parking"] + "category"
    for name, iri in city.items():
        prefix, colon, local = name.partition(":")
        if colon:
            assert iri == city[prefix] + local


def test_a_json_ld_processor_reads_the_city_context_as_meant():
    jsonld = pytest.importorskip("pyld.jsonld")
    document = {**get_context("city"), "@id": "urn:a", "@type": "ParkingSpot", "parking:category": "onStreet"}
    (read,) = jsonld.expand(document)
    assert read["@type"] == ["https://smartdatamodels.org/dataModel.Parking/ParkingSpot"]
    assert read["https://smartdatamodels.org/dataModel.Parking/category"] == [{"@value": "onStreet"}]
    assert jsonld.compact(read, get_context("city"))["parking:category"] == "onStreet"
    assert jsonld.expand({**get_context("city"), "@id": "urn:a", "category": "onStreet"}) == []


def test_terms_never_contradict_the_core_context():
    core = pytest.importorskip("samstad_ngsild.context.core")
    for url, document in list_contexts().items():
        for term, iri in document["@context"].items():
            assert core.CORE_TERMS.get(term, iri) == iri, (url, term)


def test_smart_data_models_contexts_agree_where_they_are_at_hand():
    import json  # noqa: PLC0415
    import os  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    root = Path(os.environ.get("SAMSTAD_REFERENCE", "")) / "smart-data-models"
    if not os.environ.get("SAMSTAD_REFERENCE") or not root.is_dir():
        pytest.skip("SAMSTAD_REFERENCE names no reference data")
    subjects = {"Streetlighting": "lighting", "Parking": "parking", "WasteManagement": "waste"}
    for folder, subject in subjects.items():
        theirs = json.loads((root / folder / "context.jsonld").read_text())["@context"]
        ours = get_context(subject)["@context"]
        for term in ours.keys() & theirs.keys():
            iri = theirs[term] if isinstance(theirs[term], str) else theirs[term]["@id"]
            assert ours[term] == iri, term


def test_one_name_cannot_mean_two_things_in_a_subject():
    catalogue = load_catalogue()
    spot = catalogue.types["ParkingSpot"]
    other = msgspec.structs.replace(
        spot,
        name="Bay",
        iri="https://example.org/Bay",
        attributes=(msgspec.structs.replace(spot.get_attribute("width"), iri="https://example.org/width"),),
    )
    clashing = msgspec.structs.replace(catalogue, types={**catalogue.types, "Bay": other})
    with pytest.raises(ContextClashError, match="'width' in 'parking'"):
        build_contexts(clashing)


def test_a_pinned_context_cannot_change():
    contexts = _contexts(load_catalogue())
    path = "contexts/v1/parking.jsonld"
    _check_pins(contexts, {path: digest(contexts[path])})
    with pytest.raises(PinnedContextError, match="raise CONTEXT_VERSION"):
        _check_pins(contexts, {path: digest(contexts[path] + " ")})


def test_published_contexts_are_what_was_pinned():
    import json  # noqa: PLC0415
    from importlib.resources import files  # noqa: PLC0415

    root = files("samstad_models")
    pins = json.loads(root.joinpath("contexts/pins.json").read_text("utf-8"))
    for path, pinned in pins.items():
        assert digest(root.joinpath(path).read_text("utf-8")) == pinned
    assert context_url("city") in list_contexts()
    assert len(pins) == len(list_contexts())
