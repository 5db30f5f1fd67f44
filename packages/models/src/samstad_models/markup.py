"""The models as HTML: accessible, in Swedish or English, without script and without inline style."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec

from samstad_models.catalogue import Attribute, Catalogue, EntityType
from samstad_models.contexts import CITY, CONTEXT_VERSION

__all__ = ["Site", "glossary_html", "list_html", "type_html"]


class Site(NamedTuple):
    """Where the pages stand: path of the first page, style sheets, and the query that sets a language."""

    root: str = "/models"
    stylesheets: tuple[str, ...] = ()
    language_query: str = "lang"


@cache
def _locale(language: str) -> dict[str, str]:
    text = files("samstad_models").joinpath("locales", f"{language}.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, str])


def _link(href: str, text: str) -> str:
    return f'<a href="{escape(href)}">{escape(text)}</a>'


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _row(cells: Iterable[str]) -> str:
    first, *rest = cells
    return f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"


def _table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "\n".join(_row(row) for row in rows)
    # A region that can be scrolled must be reachable by keyboard (WCAG 2.1.1).
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>"
        "</table></div>"
    )


def _page(title: str, main: str, *, path: str, language: str, site: Site) -> str:
    words = _locale(language)
    other = "en" if language == "sv" else "sv"
    styles = "\n".join(f'<link rel="stylesheet" href="{escape(href)}">' for href in site.stylesheets)
    root = site.root
    switch = f"{root}{path}?{site.language_query}={other}"
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
{styles}
</head>
<body>
<a class="skip" href="#main">{escape(words["skip"])}</a>
<header><nav aria-label="{escape(words["models"])}"><ul>
<li>{_link(f"{root}?{site.language_query}={language}", words["all types"])}</li>
<li>{_link(f"{root}/glossary?{site.language_query}={language}", words["glossary"])}</li>
<li><a href="{escape(switch)}" hreflang="{other}" lang="{other}">{escape(words["language"])}</a></li>
</ul></nav></header>
<main id="main">
<h1>{escape(title)}</h1>
{main}
</main>
</body>
</html>
"""


def list_html(catalogue: Catalogue, *, language: str, site: Site) -> str:
    """Return the page that lists all types by subject."""
    words = _locale(language)
    query = f"?{site.language_query}={language}"
    city = f"{site.root}/contexts/{CONTEXT_VERSION}/{CITY}.jsonld"
    parts = [f"<p>{escape(words['models help'])} {_link(city, words['context'])}</p>"]
    for subject in catalogue.subjects.values():
        text = subject.texts[language]
        rows = [
            (
                _link(f"{site.root}/{t.name}{query}", t.name),
                escape(t.texts[language].label),
                escape(t.texts[language].help),
            )
            for t in catalogue.types.values()
            if t.subject == subject.name
        ]
        heads = (words["type"], words[_LANGUAGE_NAMES[language]], words["meaning"])
        parts.append(f"<section><h2>{escape(text.label)}</h2>\n<p>{escape(text.help)}</p>")
        parts.append(_table(text.label, heads, rows) + "</section>")
    return _page(words["models"], "\n".join(parts), path="", language=language, site=site)


_LANGUAGE_NAMES = {"sv": "swedish", "en": "english"}


def _bounds(attribute: Attribute) -> str:
    bounds = {"≥": attribute.minimum, ">": attribute.above, "≤": attribute.maximum}
    return "".join(f" {sign} {bound:g}" for sign, bound in bounds.items() if bound is not None)


def _words_of_list(attribute: Attribute, catalogue: Catalogue, language: str) -> str:
    values = catalogue.value_lists[attribute.values or ""]
    items = "".join(f"<li>{_code(value)} {escape(texts[language])}</li>" for value, texts in values.items())
    note = escape(_locale(language)["open list"]) if attribute.open_list else ""
    return f"<ul>{items}</ul>{note}"


def _value(attribute: Attribute, catalogue: Catalogue, *, language: str, site: Site) -> str:
    words = _locale(language)
    if attribute.shape == "value":
        text = _words_of_list(attribute, catalogue, language)
    elif attribute.shape == "reference":
        links = [_link(f"{site.root}/{t}?{site.language_query}={language}", t) for t in attribute.targets]
        targets = f" {escape(words['or'])} ".join(links) or escape(words["any type"])
        text = f"{escape(words['shape.reference'])} {targets}"
    else:
        text = escape(words[f"shape.{attribute.shape}"] + _bounds(attribute))
    return f"{text} ({escape(words['many'])})" if attribute.many else text


def _attribute_rows(
    entity_type: EntityType, catalogue: Catalogue, *, language: str, site: Site
) -> list[list[str]]:
    words = _locale(language)
    rows = []
    for attribute in entity_type.attributes:
        text = attribute.texts[language]
        unit = catalogue.units.get(attribute.unit or "")
        rows.append(
            [
                _code(attribute.name),
                f"<strong>{escape(text.label)}</strong> {escape(text.help)}",
                _value(attribute, catalogue, language=language, site=site),
                ""
                if unit is None
                else f"{escape(unit.names[language])}, {escape(unit.symbol)} ({_code(unit.code)})",
                escape(words[attribute.need]),
                escape(words[attribute.privacy]),
                escape(attribute.kind),
                _code(attribute.iri),
            ]
        )
    return rows


def _example(example: dict[str, Any]) -> str:
    return f"<pre><code>{escape(json.dumps(example, ensure_ascii=False, indent=2))}</code></pre>"


def type_html(entity_type: EntityType, catalogue: Catalogue, *, language: str, site: Site) -> str:
    """Return the page of one type: what it is, its attributes, its schema, context and example."""
    words = _locale(language)
    text = entity_type.texts[language]
    own = f"{site.root}/{entity_type.name}"
    context = f"{site.root}/contexts/{CONTEXT_VERSION}/{entity_type.subject}.jsonld"
    standard = entity_type.standard or words["own"]
    heads = ("attribute", "meaning", "value", "unit", "need", "privacy", "kind", "iri")
    rows = _attribute_rows(entity_type, catalogue, language=language, site=site)
    main = f"""<p>{escape(text.help)}</p>
<dl>
<dt>{escape(words["iri"])}</dt><dd>{_code(entity_type.iri)}</dd>
<dt>{escape(words["standard"])}</dt><dd>{escape(standard)}</dd>
<dt>{escape(words["schema"])}</dt><dd>{_link(f"{own}/schema.json", "schema.json")}</dd>
<dt>{escape(words["context"])}</dt><dd>{_link(context, f"{entity_type.subject}.jsonld")}</dd>
</dl>
<section><h2>{escape(words["attributes"])}</h2>
{_table(f"{entity_type.name}: {words['attributes']}", [words[head] for head in heads], rows)}</section>
<section><h2>{escape(words["example"])}</h2>
<p>{escape(words["example help"])} {_link(f"{own}/example.json", "example.json")}</p>
{_example(entity_type.example)}</section>"""
    title = f"{entity_type.name}: {text.label}"
    return _page(title, main, path=f"/{entity_type.name}", language=language, site=site)


def glossary_html(catalogue: Catalogue, *, language: str, site: Site) -> str:
    """Return the glossary as a page."""
    words = _locale(language)
    heads = [words[head] for head in ("swedish", "english", "term", "standard", "note")]
    rows = [
        [
            f'<span lang="sv">{escape(entry.words["sv"])}</span>',
            f'<span lang="en">{escape(entry.words["en"])}</span>',
            _code(entry.term),
            escape(entry.standard),
            escape(entry.notes[language]),
        ]
        for entry in catalogue.glossary
    ]
    main = f"<p>{escape(words['glossary help'])}</p>\n{_table(words['glossary'], heads, rows)}"
    return _page(words["glossary"], main, path="/glossary", language=language, site=site)
