import re
from html.parser import HTMLParser

import msgspec
import pytest

from samstad_models.catalogue import Text, get_type, list_types, load_catalogue
from samstad_models.markup import list_html, type_html
from samstad_models.pages import Site, choose_language, respond, wants_html

SITE = Site(stylesheets=("/static/samstad.css",))
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Outline(HTMLParser):
    """Reads a page, refuses tags that do not match, and keeps what the tests ask for."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.links = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def get(path, accept=BROWSER, language="sv"):
    return respond(path, accept=accept, language=language, site=SITE)


def outline(page):
    parser = Outline()
    parser.feed(page.body.decode())
    parser.close()
    assert parser.open == []
    return parser


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("path", ["/models", "/models/glossary", "/models/Streetlight", "/models/Command"])
def test_pages_are_semantic_and_without_script_or_inline_style(path, language):
    page = get(path, language=language)
    assert page.media_type == "text/html; charset=utf-8"
    text = page.body.decode()
    found = outline(page)
    assert f'<html lang="{language}">' in text
    assert found.tags.count("h1") == found.tags.count("main") == found.tags.count("title") == 1
    assert found.tags.count("table") == found.tags.count("caption") >= 1
    assert not {"script", "style"} & set(found.tags)
    assert "style" not in found.attributes
    assert not [name for name in found.attributes if name.startswith("on")]
    assert '<link rel="stylesheet" href="/static/samstad.css">' in text


def test_every_link_leads_somewhere():
    seen, waiting = set(), ["/models"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        page = get(path)
        assert page is not None, path
        if page.media_type.startswith("text/html"):
            links = [href.partition("?")[0].partition("#")[0] for href in outline(page).links]
            waiting += [href for href in links if href]
    assert {f"/models/{t.name}/schema.json" for t in list_types()} <= seen
    assert "/models/contexts/v1/parking.jsonld" in seen
    assert get("/models/Moon") is None


def test_machines_get_json():
    types = msgspec.json.decode(get("/models", accept="application/json").body)
    assert len(types) == len(list_types())
    assert msgspec.json.decode(get("/models/Alert", accept=None).body)["name"] == "Alert"
    assert msgspec.json.decode(get("/models/glossary", accept="*/*").body)[0]["words"]["sv"]
    schema = get("/models/Alert/schema.json")
    assert schema.media_type == "application/schema+json"
    assert "status" not in msgspec.json.decode(schema.body)["required"]
    example = get("/models/Alert/example.json")
    assert example.media_type == "application/ld+json"
    assert msgspec.json.decode(example.body)["@context"].endswith("/context/v1/common.jsonld")


def test_contexts_are_served_as_published():
    page = get("/models/contexts/v1/lighting.jsonld")
    assert page.media_type == "application/ld+json"
    assert "Streetlight" in msgspec.json.decode(page.body)["@context"]
    for path in (
        "/models/contexts/v1/moon.jsonld",
        "/models/contexts/v0/lighting.jsonld",
        "/models/contexts/v1/lighting",
    ):
        assert get(path) is None


@pytest.mark.parametrize(
    "path", ["/", "/modelsx", "/models/Alert/../x", "/models/Alert/x", "/models/a/b/c/d", ""]
)
def test_there_is_nothing_else(path):
    assert get(path) is None


def test_what_the_tables_say_cannot_break_out_of_the_page():
    evil = '"><script>alert(1)</script>'
    alert = get_type("Alert")
    name = alert.get_attribute("alertType")
    attribute = msgspec.structs.replace(
        name, name=evil, iri=evil, texts={"sv": Text(evil, evil), "en": Text(evil, evil)}, targets=(evil,)
    )
    entity_type = msgspec.structs.replace(
        alert, name=evil, attributes=(attribute,), texts=attribute.texts, example={evil: evil}, standard=evil
    )
    catalogue = msgspec.structs.replace(load_catalogue(), types={evil: entity_type})
    for text in (
        type_html(entity_type, catalogue, language="sv", site=SITE),
        list_html(catalogue, language="en", site=Site(root=evil, stylesheets=(evil,))),
    ):
        assert "<script" not in text
        assert evil.replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;") in text


def test_units_and_values_are_shown_for_people():
    swedish = get("/models/Streetlight").body.decode()
    assert "meter, m (<code>MTR</code>)" in swedish
    assert re.search(r"<code>bootingUp</code> Startar", swedish)
    english = get("/models/Streetlight", language="en").body.decode()
    assert "<code>bootingUp</code> Booting up" in english
    assert "Startar" not in english


def test_language_and_form_are_negotiated():
    assert choose_language(parameter="en", accept_language="sv") == "en"
    assert choose_language(parameter="xx", accept_language="de-DE, en-GB;q=0.8") == "en"
    assert choose_language(parameter=None, accept_language=None) == "sv"
    assert wants_html(BROWSER)
    assert not wants_html("application/json, text/html;q=0.5")
    assert not wants_html("*/*")
    assert not wants_html("text/html;q=0")
    assert not wants_html(None)
