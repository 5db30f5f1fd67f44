import json
import os
import re
from pathlib import Path

import pytest

from samstad_models import catalogue as module
from samstad_models.catalogue import BASE, LANGUAGES, find_type, get_type, list_types, load_catalogue
from samstad_models.generate import main, outputs
from samstad_models.glossary import find_term, list_terms
from samstad_models.source import SourceError, read_catalogue
from samstad_models.units import find_unit, list_units, unit_text
from samstad_models.validation import check_key_values

PACKAGE = Path(module.__file__).parent
TYPES = [entity_type.name for entity_type in list_types()]


def reference_examples():
    root = Path(os.environ.get("SAMSTAD_REFERENCE", "")) / "smart-data-models"
    if not os.environ.get("SAMSTAD_REFERENCE") or not root.is_dir():
        return [
            pytest.param(None, marks=pytest.mark.skip(reason="SAMSTAD_REFERENCE names no reference data"))
        ]
    files = sorted(root.glob("*/*/examples/example.json*"))
    return [pytest.param(f, id=f"{f.parts[-3]}-{f.name}") for f in files if f.suffix in {".json", ".jsonld"}]


@pytest.mark.parametrize("file", reference_examples())
def test_key_value_examples_of_the_smart_data_models_fit(file):
    entity = json.loads(file.read_text())
    assert entity["type"] in TYPES
    assert check_key_values(entity) == []
    broken = {k: v for k, v in entity.items() if k not in {"location", "name", "address"}}
    broken["address"] = "not an object"
    assert "/address" in {violation.pointer for violation in check_key_values(broken)} or not any(
        a.name == "address" for a in get_type(entity["type"]).attributes
    )


def test_all_reference_models_have_a_type():
    examples = [p for p in reference_examples() if p.values[0] is not None]
    if not examples:
        pytest.skip("SAMSTAD_REFERENCE names no reference data")
    assert len(examples) == 28


@pytest.mark.parametrize("name", TYPES)
def test_own_example_of_a_type_fits_and_uses_only_modelled_attributes(name):
    entity_type = get_type(name)
    assert check_key_values(entity_type.example) == []
    known = {"id", "type", *(a.name for a in entity_type.attributes)}
    assert entity_type.example.keys() <= known


@pytest.mark.parametrize("name", TYPES)
def test_texts_are_complete_in_both_languages(name):
    entity_type = get_type(name)
    for texts in (entity_type.texts, *(a.texts for a in entity_type.attributes)):
        assert tuple(texts) == LANGUAGES
        for text in texts.values():
            assert text.label
            assert text.help.endswith(".")
    for attribute in entity_type.attributes:
        if attribute.values is not None:
            for value_texts in load_catalogue().value_lists[attribute.values].values():
                assert set(value_texts) == set(LANGUAGES)


@pytest.mark.parametrize("name", TYPES)
def test_labels_tell_attributes_of_a_type_apart(name):
    for language in LANGUAGES:
        labels = [a.texts[language].label for a in get_type(name).attributes]
        assert len(labels) == len(set(labels)), sorted(x for x in labels if labels.count(x) > 1)


def test_types_are_found_by_name_and_by_iri():
    streetlight = get_type("Streetlight")
    assert streetlight.iri == "https://smartdatamodels.org/dataModel.Streetlighting/Streetlight"
    assert find_type(streetlight.iri) is streetlight
    assert get_type("Command").iri == BASE + "Command"
    assert find_type("https://example.org/Streetlight") is None
    with pytest.raises(KeyError):
        get_type("Lamppost")
    with pytest.raises(KeyError):
        streetlight.get_attribute("colour")
    with pytest.raises(AttributeError):
        streetlight.name = "Lamp"


def test_command_does_not_use_the_expiry_of_transient_entities():
    # expiresAt on an entity would delete it when it is due (clause 4.22).
    names = {a.name for a in get_type("Command").attributes}
    assert "validUntil" in names
    assert "expiresAt" not in names


def test_every_unit_and_value_list_is_used_and_known():
    used_units = {a.unit for t in list_types() for a in t.attributes} - {None}
    assert used_units == {unit.code for unit in list_units()}
    used_lists = {a.values for t in list_types() for a in t.attributes} - {None}
    assert used_lists == set(load_catalogue().value_lists)
    assert unit_text("KGM", language="sv") == "kilogram (kg)"
    assert unit_text("XXX", language="sv") == "XXX"
    assert find_unit("XXX") is None


def test_people_in_data_are_marked_as_personal():
    for name, attribute in (("Command", "issuedBy"), ("Alert", "assignee"), ("SignalPlan", "decidedBy")):
        assert get_type(name).get_attribute(attribute).privacy == "personal"
    assert get_type("Streetlight").get_attribute("powerState").privacy == "open"


def test_glossary_translates_both_ways_and_names_only_real_types():
    assert find_term("gatulampa").term == "Streetlight"
    assert find_term("Street Light").words["sv"] == "gatulampa"
    assert find_term("spårlöst") is None
    assert [t.words["sv"] for t in list_terms(language="sv")][-1] == "återvinningsstation"
    own = re.compile(r"[A-Z][A-Za-z]+Observed|Streetlight.*|Waste.*|Parking.*|Signal.*")
    assert all(t.term in TYPES for t in load_catalogue().glossary if own.fullmatch(t.term))


def test_what_is_committed_is_what_the_tables_make():
    differing = [p.name for p, text in outputs().items() if not p.exists() or p.read_text("utf-8") != text]
    assert differing == [], "run `python -m samstad_models.generate`"


def test_nothing_generated_is_left_over():
    made = {path for path in outputs() if PACKAGE in path.parents}
    there = {*(PACKAGE / "schemas").iterdir(), *(PACKAGE / "generated").iterdir()}
    assert there <= made


def test_faults_in_a_table_are_told_with_file_and_entry(tmp_path):
    for folder in ("types", "vocabulary"):
        (tmp_path / folder).mkdir()
        for file in (PACKAGE / folder).iterdir():
            (tmp_path / folder / file.name).write_text(file.read_text("utf-8"), "utf-8")
    alert = tmp_path / "types" / "Alert.toml"
    right = alert.read_text("utf-8")
    for old, new, message in (
        ('is = "enum:AlertSeverity"', 'is = "enum:Colours"', "Alert.toml, severity: no value list"),
        ('is = "boolean"', 'is = "truth"', "Alert.toml, active: 'truth' is no shape"),
        ('sv = "Aktivt | Om', 'sv = "Aktivt Om', "Alert.toml, active: sv must be"),
        ('need = "required", sv = "Aktivt', 'need = "must", sv = "Aktivt', "need or privacy"),
        ('is = "integer"', 'is = "integer", unit = "XYZ"', "occurrenceCount: no unit"),
        ('is = "to:*"', 'is = "to:Moon"', "alertSource: no type"),
        ('subject = "common"', 'subject = "moon"', "Alert.toml: no subject"),
        ('"location+"', '"place"', "Alert.toml: no shared attribute"),
        ("min = 1", "least = 1", "unknown ['least']"),
        ("[attributes]", "[attributes", "Alert.toml:"),
    ):
        assert old in right
        alert.write_text(right.replace(old, new, 1), "utf-8")
        with pytest.raises(SourceError, match=re.escape(message)):
            read_catalogue(tmp_path)


def test_the_generator_tells_whether_something_differs(capsys):
    assert main(["--check"]) == 0
    assert capsys.readouterr().out == ""
