"""What a node answers under ``/models``: pages for people and documents for machines. No I/O.

/models                                   all types              HTML or JSON
/models/glossary                          the glossary           HTML or JSON
/models/<Type>                            one type               HTML or JSON
/models/<Type>/schema.json                JSON Schema 2020-12
/models/<Type>/example.json               an entity in simplified form, with its @context
/models/contexts/<version>/<name>.jsonld  a published @context
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import msgspec

from samstad_models.catalogue import LANGUAGES, Catalogue, EntityType, load_catalogue
from samstad_models.contexts import context_url, list_contexts
from samstad_models.markup import Site, glossary_html, list_html, type_html
from samstad_models.schema import schema_of

__all__ = ["Page", "Site", "choose_language", "respond", "wants_html"]


class Page(NamedTuple):
    """A body with its media type and the headers beside Content-Type."""

    media_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


_NEGOTIATED = (("vary", "accept, accept-language"), ("cache-control", "public, max-age=300"))
_FIXED = (("cache-control", "public, max-age=300"),)


def choose_language(*, parameter: str | None, accept_language: str | None) -> str:
    """Return the language of a page: the parameter, else the first known one asked for, else Swedish."""
    if parameter in LANGUAGES:
        return parameter
    for wanted in (accept_language or "").split(","):
        language = wanted.partition(";")[0].strip().partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def _quality(accept: str, *, kinds: frozenset[str]) -> float:
    best = 0.0
    for part in accept.split(","):
        kind, _, parameters = part.strip().partition(";")
        if kind.strip().lower() not in kinds:
            continue
        quality = parameters.strip().removeprefix("q=") if "q=" in parameters else "1"
        best = max(best, float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0)
    return best


def wants_html(accept: str | None) -> bool:
    """Tell whether a client would rather have HTML than JSON; browsers do, ``*/*`` does not say so."""
    accept = accept or ""
    html = _quality(accept, kinds=frozenset({"text/html", "application/xhtml+xml"}))
    machine = _quality(accept, kinds=frozenset({"application/json", "application/ld+json"}))
    return html > 0 and html >= machine


def _html(text: str) -> Page:
    return Page("text/html; charset=utf-8", text.encode(), _NEGOTIATED)


def _json(content: Any, media_type: str = "application/json", *, negotiated: bool = False) -> Page:
    return Page(media_type, msgspec.json.encode(content), _NEGOTIATED if negotiated else _FIXED)


@cache
def _schema_page(name: str) -> Page:
    catalogue = load_catalogue()
    return _json(schema_of(catalogue.types[name], catalogue), "application/schema+json")


def _example(entity_type: EntityType) -> dict[str, Any]:
    return {**entity_type.example, "@context": context_url(entity_type.subject)}


def _summary(catalogue: Catalogue, site: Site) -> list[dict[str, Any]]:
    return [
        {
            "name": t.name,
            "iri": t.iri,
            "subject": t.subject,
            "standard": t.standard,
            "texts": t.texts,
            "href": f"{site.root}/{t.name}",
            "schema": f"{site.root}/{t.name}/schema.json",
            "context": context_url(t.subject),
        }
        for t in catalogue.types.values()
    ]


def _context_page(version: str, file: str) -> Page | None:
    document = list_contexts().get(context_url(file.removesuffix(".jsonld"), version))
    if document is None or not file.endswith(".jsonld"):
        return None
    return _json(document, "application/ld+json")


def _type_page(entity_type: EntityType, *, html: bool, language: str, site: Site) -> Page:
    if html:
        return _html(type_html(entity_type, load_catalogue(), language=language, site=site))
    return _json(entity_type, negotiated=True)


def _list_page(catalogue: Catalogue, *, html: bool, language: str, site: Site) -> Page:
    if html:
        return _html(list_html(catalogue, language=language, site=site))
    return _json(_summary(catalogue, site), negotiated=True)


def _glossary_page(catalogue: Catalogue, *, html: bool, language: str, site: Site) -> Page:
    if html:
        return _html(glossary_html(catalogue, language=language, site=site))
    return _json(catalogue.glossary, negotiated=True)


def _document_page(entity_type: EntityType, file: str) -> Page | None:
    if file == "schema.json":
        return _schema_page(entity_type.name)
    if file == "example.json":
        return _json(_example(entity_type), "application/ld+json")
    return None


def _page(parts: list[str], *, html: bool, language: str, site: Site) -> Page | None:
    catalogue = load_catalogue()
    match parts:
        case []:
            return _list_page(catalogue, html=html, language=language, site=site)
        case ["glossary"]:
            return _glossary_page(catalogue, html=html, language=language, site=site)
        case ["contexts", version, file]:
            return _context_page(version, file)
        case [name] if name in catalogue.types:
            return _type_page(catalogue.types[name], html=html, language=language, site=site)
        case [name, file] if name in catalogue.types:
            return _document_page(catalogue.types[name], file)
    return None


def respond(path: str, *, accept: str | None, language: str, site: Site) -> Page | None:
    """Return the answer to GET of a path, or None where there is nothing (the node answers 404).

    Args:
        path: the decoded path of the request, which begins with ``site.root``.
        accept: the Accept header, which decides between HTML and JSON.
        language: ``sv`` or ``en``, as ``choose_language`` found it.
        site: where the pages stand and which style sheets they link to.
    """
    root = site.root
    if path != root and not path.startswith(root + "/"):
        return None
    parts = [part for part in path.removeprefix(root).split("/") if part]
    return _page(parts, html=wants_html(accept), language=language, site=site)
