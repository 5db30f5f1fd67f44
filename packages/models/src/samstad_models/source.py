"""Reads the source tables of the information architecture into a catalogue.

Only the generator and the tests read sources; a fault in one is told with its file and its entry.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samstad_models.catalogue import (
    BASE,
    LANGUAGES,
    Attribute,
    Catalogue,
    EntityType,
    GlossaryTerm,
    Subject,
    Text,
    Unit,
)

__all__ = ["SourceError", "read_catalogue"]

_SHARED_NAMESPACE = "https://smartdatamodels.org/"

_NEED_MARKS = {"!": "required", "+": "recommended"}
_PLAIN_SHAPES = frozenset(
    {"text", "number", "integer", "boolean", "datetime", "date", "duration", "uri", "object"}
)
_IS = re.compile(r"(?P<shape>[a-z]+)(:(?P<of>[A-Za-z*,]+))?(?P<many>\[\])?")
_MEMBERS = frozenset(
    {"is", "iri", "own", "unnamed", "need", "privacy", "unit", "min", "max", "above", *LANGUAGES}
)
_NEEDS = frozenset({"required", "recommended", "optional"})
_PRIVACY = frozenset({"open", "internal", "personal"})


class SourceError(ValueError):
    """A source table says something that it may not; the text names the file and the entry."""


def _text(entry: dict[str, Any], where: str) -> dict[str, Text]:
    texts = {}
    for language in LANGUAGES:
        label, bar, help_text = entry.get(language, "").partition(" | ")
        if not bar or not label or not help_text:
            raise SourceError(f'{where}: {language} must be "label | help"')
        texts[language] = Text(label, help_text)
    return texts


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{path.name}: {error}") from error


def _shape(text: str, where: str) -> dict[str, Any]:
    match = _IS.fullmatch(text)
    if match is None:
        raise SourceError(f"{where}: cannot read {text!r}")
    shape, of, many = match["shape"], match["of"], match["many"] is not None
    if of is None and shape in _PLAIN_SHAPES:
        return {"kind": "Property", "shape": shape, "many": many}
    if of is None and shape == "geometry" and not many:
        return {"kind": "GeoProperty", "shape": shape}
    if of is None and shape == "json" and not many:
        return {"kind": "JsonProperty", "shape": shape}
    if of is not None and shape in {"enum", "open"}:
        return {
            "kind": "Property",
            "shape": "value",
            "many": many,
            "values": of,
            "open_list": shape == "open",
        }
    if of is not None and shape == "to":
        targets = () if of == "*" else tuple(of.split(","))
        return {"kind": "Relationship", "shape": "reference", "many": many, "targets": targets}
    raise SourceError(f"{where}: {text!r} is no shape of a value")


def _attribute(name: str, entry: dict[str, Any], namespace: str, where: str) -> Attribute:
    where = f"{where}, {name}"
    if unknown := entry.keys() - _MEMBERS:
        raise SourceError(f"{where}: unknown {sorted(unknown)}")
    if entry.get("need", "optional") not in _NEEDS or entry.get("privacy", "open") not in _PRIVACY:
        raise SourceError(f"{where}: need or privacy is not one of the words")
    iri = entry.get("iri") or (BASE if entry.get("own") else namespace) + name
    return Attribute(
        # A word that came after the version of the contexts was published has no short name in it.
        name=iri if entry.get("unnamed") else name,
        iri=iri,
        texts=_text(entry, where),
        need=entry.get("need", "optional"),
        privacy=entry.get("privacy", "open"),
        unit=entry.get("unit"),
        minimum=entry.get("min"),
        maximum=entry.get("max"),
        above=entry.get("above"),
        **_shape(entry.get("is", ""), where),
    )


def _shared(names: list[str], shared: dict[str, Any], where: str) -> Iterator[Attribute]:
    for marked in names:
        name = marked.rstrip("!+")
        if name not in shared:
            raise SourceError(f"{where}: no shared attribute {name!r}")
        entry = {**shared[name], "need": _NEED_MARKS.get(marked[len(name) :], "optional")}
        yield _attribute(name, entry, _SHARED_NAMESPACE, where)


def _entity_type(path: Path, subjects: dict[str, Any], shared: dict[str, Any]) -> EntityType:
    source = _read(path)
    subject = source.get("subject")
    if subject not in subjects:
        raise SourceError(f"{path.name}: no subject {subject!r}")
    namespace = BASE if source.get("own") else subjects[subject].get("namespace", BASE)
    own = [_attribute(n, e, namespace, path.name) for n, e in source.get("attributes", {}).items()]
    attributes = [*own, *_shared(source.get("shared", []), shared, path.name)]
    if len({a.name for a in attributes}) != len(attributes):
        raise SourceError(f"{path.name}: an attribute is there twice")
    return EntityType(
        name=path.stem,
        iri=source.get("iri") or namespace + path.stem,
        subject=subject,
        texts=_text(source, path.name),
        attributes=tuple(attributes),
        example=json.loads(source["example"]["json"]),
        standard=source.get("standard", ""),
    )


def _value_lists(source: dict[str, Any]) -> dict[str, dict[str, dict[str, str]]]:
    lists: dict[str, dict[str, dict[str, str]]] = {}
    for name, values in source.items():
        lists[name] = {}
        for value, both in values.items():
            swedish, bar, english = both.partition(" | ")
            if not bar or not swedish or not english:
                raise SourceError(f'enums.toml, {name}.{value}: must be "Svenska | English"')
            lists[name][value] = {"sv": swedish, "en": english}
    return lists


def _units(source: dict[str, Any]) -> dict[str, Unit]:
    return {
        code: Unit(code, entry["symbol"], {language: entry[language] for language in LANGUAGES})
        for code, entry in sorted(source.items())
    }


def _glossary(source: dict[str, Any]) -> tuple[GlossaryTerm, ...]:
    return tuple(
        GlossaryTerm(
            words={language: entry[language] for language in LANGUAGES},
            term=entry["term"],
            standard=entry["standard"],
            notes={language: entry[f"note_{language}"] for language in LANGUAGES},
        )
        for entry in source["term"]
    )


def _check_names(catalogue: Catalogue) -> None:
    for entity_type in catalogue.types.values():
        for attribute in entity_type.attributes:
            where = f"{entity_type.name}.toml, {attribute.name}"
            if attribute.values is not None and attribute.values not in catalogue.value_lists:
                raise SourceError(f"{where}: no value list {attribute.values!r}")
            if attribute.unit is not None and attribute.unit not in catalogue.units:
                raise SourceError(f"{where}: no unit {attribute.unit!r}")
            if unknown := set(attribute.targets) - catalogue.types.keys():
                raise SourceError(f"{where}: no type {sorted(unknown)}")


def read_catalogue(root: Path) -> Catalogue:
    """Read the tables under ``root`` and return the catalogue that they make.

    Raises:
        SourceError: a table says something that it may not.
    """
    vocabulary = root / "vocabulary"
    subjects = _read(vocabulary / "subjects.toml")
    shared = _read(vocabulary / "shared.toml")
    types = [_entity_type(path, subjects, shared) for path in sorted((root / "types").glob("*.toml"))]
    catalogue = Catalogue(
        types={entity_type.name: entity_type for entity_type in types},
        subjects={n: Subject(n, _text(entry, f"subjects.toml, {n}")) for n, entry in subjects.items()},
        value_lists=_value_lists(_read(vocabulary / "enums.toml")),
        units=_units(_read(vocabulary / "units.toml")),
        glossary=_glossary(_read(vocabulary / "glossary.toml")),
    )
    _check_names(catalogue)
    return catalogue
