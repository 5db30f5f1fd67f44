"""The @contexts of the city: one per subject, and ``city``, which holds all of them.

Within a subject every short name has one meaning. Between subjects it may not: the Smart Data Models
name ``category`` and ``refDevice`` anew in each. In ``city`` such a name is left out, so that nobody
takes one for the other by mistake, and stands with its subject instead: ``parking:category``.

A published version never changes (its digest is in ``contexts/pins.json``); a changed vocabulary gets
the next version, and the old ones stay. Nothing is fetched: a node holds them from the start.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from samstad_models.catalogue import BASE, Catalogue

__all__ = [
    "CITY",
    "COMMON",
    "CONTEXT_VERSION",
    "ContextClashError",
    "build_contexts",
    "context_url",
    "digest",
    "get_context",
    "list_contexts",
]

CONTEXT_VERSION = "v1"
"""The version in which contexts are built now."""

CITY = "city"
COMMON = "common"

_Terms = dict[str, str]


class ContextClashError(ValueError):
    """One short name would mean two things within a subject."""


def context_url(name: str, version: str = CONTEXT_VERSION) -> str:
    """Return the URL that names a context in a Link header and in subscriptions."""
    return f"{BASE}context/{version}/{name}.jsonld"


def digest(text: str) -> str:
    """Return the SHA-256 of a context document as it is stored."""
    return hashlib.sha256(text.encode()).hexdigest()


def _add(terms: _Terms, name: str, iri: str, subject: str) -> None:
    if terms.setdefault(name, iri) != iri:
        raise ContextClashError(f"{name!r} in {subject!r} would be both {terms[name]} and {iri}")


def _subject_terms(catalogue: Catalogue, subject: str) -> _Terms:
    terms: _Terms = {}
    for entity_type in catalogue.types.values():
        if entity_type.subject not in {subject, COMMON}:
            continue
        _add(terms, entity_type.name, entity_type.iri, subject)
        for attribute in entity_type.attributes:
            if attribute.name == attribute.iri:
                continue  # it is younger than this version, and goes by its IRI
            _add(terms, attribute.name, attribute.iri, subject)
    return terms


def _city_terms(by_subject: dict[str, _Terms]) -> _Terms:
    meanings: dict[str, dict[str, str]] = {}
    for subject, terms in by_subject.items():
        for name, iri in terms.items():
            meanings.setdefault(name, {}).setdefault(iri, subject)
    city: _Terms = {}
    for name, subjects in meanings.items():
        if len(subjects) == 1:
            city[name] = next(iter(subjects))
        else:
            city.update({f"{subject}:{name}": iri for iri, subject in subjects.items()})
    return city


def _prefixes(terms: _Terms) -> _Terms:
    """Return the prefixes that JSON-LD needs where a term looks like a compact IRI."""
    prefixes = {}
    for name, iri in terms.items():
        prefix, colon, local = name.partition(":")
        if colon:
            prefixes[prefix] = iri.removesuffix(local)
    return prefixes


def build_contexts(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Return context name → JSON-LD document, for each subject and for the whole city.

    Raises:
        ContextClashError: one short name would mean two things within a subject.
    """
    by_subject = {subject: _subject_terms(catalogue, subject) for subject in catalogue.subjects}
    city = _city_terms(by_subject)
    every = {**by_subject, CITY: {**_prefixes(city), **city}}
    return {name: {"@context": dict(sorted(terms.items()))} for name, terms in every.items()}


@cache
def list_contexts() -> dict[str, dict[str, Any]]:
    """Return URL → document of every published context, all versions, to preload a resolver with."""
    found = {}
    for version in files("samstad_models").joinpath("contexts").iterdir():
        if not version.is_dir():
            continue
        for file in version.iterdir():
            if file.name.endswith(".jsonld"):
                url = context_url(file.name.removesuffix(".jsonld"), version.name)
                found[url] = msgspec.json.decode(file.read_bytes())
    return dict(sorted(found.items()))


def get_context(name: str, version: str = CONTEXT_VERSION) -> dict[str, Any]:
    """Return a published context document by its name, or raise KeyError."""
    return list_contexts()[context_url(name, version)]
