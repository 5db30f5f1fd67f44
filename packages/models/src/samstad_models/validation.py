"""Checks entities against the models: closures compiled once, a few microseconds per entity.

An attribute that the model does not know, and a type that the city does not know, are no violation:
whether a tenant warns about a violation, refuses it or looks away is the broker's setting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from samstad_models.catalogue import Attribute, Catalogue, EntityType, load_catalogue
from samstad_models.schema import accepts_language_map
from samstad_models.values import Flaw, ValueCheck, value_check

__all__ = ["Checker", "Violation", "check", "check_key_values", "default_checker"]


class Violation(NamedTuple):
    """One way in which an entity breaks the model of its type.

    ``attribute`` is the short name of the model and ``iri`` the expanded one; ``pointer`` is a JSON
    pointer into the entity in those short names; ``problem`` is one of missing, kind, type, range,
    value, format, unit; ``allowed`` says what would have been right.
    """

    entity_type: str
    attribute: str
    iri: str
    pointer: str
    problem: str
    allowed: str

    def __str__(self) -> str:
        if self.problem == "missing":
            return f"{self.attribute} is missing: {self.entity_type} needs it ({self.allowed})"
        return f"{self.pointer} breaks the model {self.entity_type} ({self.problem}): must be {self.allowed}"


_Found = list[Violation]
_Examine = Callable[[Any, _Found], None]
_Rules = Callable[[Mapping[str, Any], _Found], None]

_LIST_KINDS = {"Property": ("ListProperty", "valueList"), "Relationship": ("ListRelationship", "objectList")}
_MEMBERS = {
    "Property": "value",
    "GeoProperty": "value",
    "Relationship": "object",
    "JsonProperty": "json",
}


def _language_map(value: Any) -> Flaw | None:
    flaw = Flaw("", "type", "texts by language")
    if type(value) is not dict:
        return flaw
    for texts in value.values():
        if type(texts) is list and all(type(text) is str for text in texts):
            continue
        if type(texts) is not str:
            return flaw
    return None


def _kinds(attribute: Attribute, values: tuple[str, ...]) -> dict[str, tuple[str, ValueCheck]]:
    """Return NGSI-LD attribute type → (value member, check), for each type that may carry it."""
    plain = value_check(attribute, values)
    kinds = {attribute.kind: (_MEMBERS[attribute.kind], plain)}
    if attribute.many:
        kind, member = _LIST_KINDS[attribute.kind]
        kinds[kind] = (member, plain)
    if attribute.shape == "object":
        kinds["JsonProperty"] = ("json", plain)
    if accepts_language_map(attribute):
        kinds["LanguageProperty"] = ("languageMap", _language_map)
    return kinds


def _examine_instances(attribute: Attribute, values: tuple[str, ...], type_name: str) -> _Examine:
    find_kind = _kinds(attribute, values).get
    allowed_kinds = " or ".join(_kinds(attribute, values))
    name, iri, unit = attribute.name, attribute.iri, attribute.unit

    def report(instances: list[Any], index: int, problem: tuple[str, str, str], found: _Found) -> None:
        at = f"/{name}/{index}" if len(instances) > 1 else f"/{name}"
        found.append(Violation(type_name, name, iri, at + problem[0], problem[1], problem[2]))

    def examine(instances: list[Any], found: _Found) -> None:
        for index, instance in enumerate(instances):
            kind = find_kind(instance["type"])
            if kind is None:
                report(instances, index, ("/type", "kind", f"a {allowed_kinds}"), found)
                continue
            member, check_value = kind
            flaw = check_value(instance.get(member))
            if flaw is not None:
                report(instances, index, (f"/{member}{flaw[0]}", flaw[1], flaw[2]), found)
            if unit is not None and instance.get("unitCode", unit) != unit:
                report(instances, index, ("/unitCode", "unit", unit), found)

    return examine


def _examine_value(attribute: Attribute, values: tuple[str, ...], type_name: str) -> _Examine:
    kinds = _kinds(attribute, values)
    _, plain = kinds[attribute.kind]
    is_json = attribute.kind == "JsonProperty"
    takes_languages = "LanguageProperty" in kinds
    name, iri = attribute.name, attribute.iri

    def flaw_of(value: Any) -> Flaw | None:
        if is_json:
            wrapped = type(value) is dict and "json" in value
            return None if wrapped else Flaw("", "type", 'an object with the member "json"')
        if takes_languages and type(value) is dict and "languageMap" in value:
            return _language_map(value["languageMap"])
        return plain(value)

    def examine(value: Any, found: _Found) -> None:
        flaw = flaw_of(value)
        if flaw is not None:
            found.append(Violation(type_name, name, iri, f"/{name}{flaw[0]}", flaw[1], flaw[2]))

    return examine


_Make = Callable[[Attribute, tuple[str, ...], str], _Examine]


def _compile(entity_type: EntityType, catalogue: Catalogue, make: _Make, *, by_iri: bool) -> _Rules:
    examiners: dict[str, _Examine] = {}
    needed: list[tuple[str, Violation]] = []
    for attribute in entity_type.attributes:
        values = tuple(catalogue.value_lists[attribute.values]) if attribute.values else ()
        key = attribute.iri if by_iri else attribute.name
        examiners[key] = make(attribute, values, entity_type.name)
        if attribute.need == "required":
            missing = Violation(
                entity_type.name,
                attribute.name,
                attribute.iri,
                f"/{attribute.name}",
                "missing",
                attribute.texts["en"].help,
            )
            needed.append((key, missing))
    find = examiners.get

    def rules(entity: Mapping[str, Any], found: _Found) -> None:
        for key, value in entity.items():
            examine = find(key)
            if examine is not None:
                examine(value, found)
        for key, missing in needed:
            if key not in entity:
                found.append(missing)

    return rules


class Checker:
    """The models of a catalogue, compiled."""

    def __init__(self, catalogue: Catalogue) -> None:
        types = catalogue.types.values()
        self._by_iri = {t.iri: _compile(t, catalogue, _examine_instances, by_iri=True) for t in types}
        self._by_name = {t.name: _compile(t, catalogue, _examine_value, by_iri=False) for t in types}

    def check(self, document: Mapping[str, Any]) -> list[Violation]:
        """Return how an entity document (expanded names, lists of instances) breaks its models."""
        found: _Found = []
        for iri in document["type"]:
            rules = self._by_iri.get(iri)
            if rules is not None:
                rules(document, found)
        return found

    def check_key_values(self, entity: Mapping[str, Any]) -> list[Violation]:
        """Return how an entity in simplified form (short names, bare values) breaks its models."""
        found: _Found = []
        types = entity["type"]
        for name in (types,) if isinstance(types, str) else types:
            rules = self._by_name.get(name)
            if rules is not None:
                rules(entity, found)
        return found


@cache
def default_checker() -> Checker:
    """Return the checker of this release's catalogue (compiled once, a few milliseconds)."""
    return Checker(load_catalogue())


def check(document: Mapping[str, Any]) -> list[Violation]:
    """Return how an entity document breaks the models of its types; an empty list where it does not."""
    return default_checker().check(document)


def check_key_values(entity: Mapping[str, Any]) -> list[Violation]:
    """Return how an entity in simplified form breaks the models of its types."""
    return default_checker().check_key_values(entity)
