"""The catalogue: every entity type of the city with its attributes and texts, as frozen values.

The sources are the tables under ``types/`` and ``vocabulary/``; ``python -m samstad_models.generate``
compiles them into ``generated/catalogue.json``, which is all that is read at run time.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

__all__ = [
    "BASE",
    "LANGUAGES",
    "Attribute",
    "Catalogue",
    "EntityType",
    "GlossaryTerm",
    "Subject",
    "Text",
    "Unit",
    "find_type",
    "get_type",
    "list_types",
    "load_catalogue",
]

BASE = "https://w3id.org/samstad/"
"""Prefix of every name that is ours. It names things; nothing is ever fetched from it."""

LANGUAGES = ("sv", "en")


class Text(msgspec.Struct, frozen=True, omit_defaults=True):
    """What people read: a short label, and a sentence of help."""

    label: str
    help: str = ""


Texts = dict[str, Text]


class Attribute(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attribute of a type.

    ``kind`` is the NGSI-LD attribute type; ``shape`` what its value looks like: text, number, integer,
    boolean, datetime, date, duration, uri, object, json, geometry, value (of the list ``values``) or
    reference (to entities of the types ``targets``; empty means any). ``many`` allows one value or a
    list. ``above`` is an exclusive lower bound. ``unit`` is a UN/CEFACT code. ``need`` is required,
    recommended or optional; ``privacy`` open, internal or personal. ``open_list`` lets a city add values.
    ``name`` is the short one of the @contexts, or the IRI where they have none.
    """

    name: str
    iri: str
    kind: str
    shape: str
    texts: Texts
    many: bool = False
    need: str = "optional"
    privacy: str = "open"
    unit: str | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    above: int | float | None = None
    values: str | None = None
    open_list: bool = False
    targets: tuple[str, ...] = ()


class EntityType(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entity type; ``standard`` says whose model its names follow, and is empty for our own."""

    name: str
    iri: str
    subject: str
    texts: Texts
    attributes: tuple[Attribute, ...]
    example: dict[str, Any]
    standard: str = ""

    def get_attribute(self, name: str) -> Attribute:
        """Return the attribute of that short name, or raise KeyError."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute
        raise KeyError(name)


class Subject(msgspec.Struct, frozen=True):
    """A part of the city's business, with one namespace and one @context."""

    name: str
    texts: Texts


class Unit(msgspec.Struct, frozen=True):
    """A unit of measurement by its UN/CEFACT code."""

    code: str
    symbol: str
    names: dict[str, str]


class GlossaryTerm(msgspec.Struct, frozen=True):
    """One idea: its Swedish and English word, the term in data, and the standard it comes from."""

    words: dict[str, str]
    term: str
    standard: str
    notes: dict[str, str]


class Catalogue(msgspec.Struct, frozen=True):
    """All types, subjects, value lists, units and words."""

    types: dict[str, EntityType]
    subjects: dict[str, Subject]
    value_lists: dict[str, dict[str, dict[str, str]]]
    units: dict[str, Unit]
    glossary: tuple[GlossaryTerm, ...]


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue of this release (read once per process, a few milliseconds)."""
    compiled = files("samstad_models").joinpath("generated", "catalogue.json").read_bytes()
    return msgspec.json.decode(compiled, type=Catalogue)


@cache
def _types_by_iri() -> dict[str, EntityType]:
    return {entity_type.iri: entity_type for entity_type in load_catalogue().types.values()}


def list_types() -> tuple[EntityType, ...]:
    """Return all entity types, by name."""
    return tuple(load_catalogue().types.values())


def get_type(name: str) -> EntityType:
    """Return the entity type of that short name, or raise KeyError."""
    return load_catalogue().types[name]


def find_type(iri: str) -> EntityType | None:
    """Return the entity type with that expanded name, or None where the city has no such type."""
    return _types_by_iri().get(iri)
