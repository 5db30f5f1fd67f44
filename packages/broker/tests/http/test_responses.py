from __future__ import annotations

import orjson
import pytest

from samstad_broker.http import responses
from samstad_broker.http.router import Route
from samstad_ngsild.context import CORE, CORE_CONTEXT_URI, Context, compile_context

BIN = {"id": "urn:ngsi-ld:Bin:1", "type": "Bin"}
URL = "https://models.example/context.jsonld"
USER: Context = compile_context(URL, [{"Bin": "https://models.example/Bin"}])
NAMELESS: Context = compile_context(
    {"Bin": "https://models.example/Bin"}, [{"Bin": "https://models.example/Bin"}]
)
CONTEXT_LINK = f'<{URL}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
PAGING = frozenset({"limit", "offset", "count", "type"})


def page(exchange):
    part = exchange.parameters.page(default=2, maximum=10)
    more = part.offset + part.limit < 5
    headers = responses.page_headers(exchange, part, more=more, total=5)
    return responses.many(exchange, USER, [BIN] * part.limit, headers=headers)


@pytest.fixture
def city(node):
    return node(
        [
            Route(method="GET", path="/one", geojson=True, handler=lambda e: responses.one(e, USER, BIN)),
            Route(method="GET", path="/bytes", handler=lambda e: responses.one(e, USER, orjson.dumps(BIN))),
            Route(method="GET", path="/core", handler=lambda e: responses.one(e, CORE, {})),
            Route(method="GET", path="/nameless", handler=lambda e: responses.one(e, NAMELESS, BIN)),
            Route(
                method="GET", path="/older",
                handler=lambda e: responses.one(
                    e, USER, BIN, applied=responses.Applied(e.preferences.version, is_changed=True)
                ),
            ),
            Route(method="GET", path="/many", handler=page, parameters=PAGING),
            Route(method="POST", path="/query", handler=page, parameters=PAGING),
            Route(method="PUT", path="/none", handler=lambda _: responses.no_content()),
            Route(method="POST", path="/new", handler=lambda _: responses.created("/ngsi-ld/v1/a")),
            Route(
                method="POST", path="/partly",
                handler=lambda _: responses.multi_status({"success": []}, where="/ngsi-ld/v1/a"),
            ),
        ]
    )  # fmt: skip


def test_json_names_its_context_in_a_link_header(city, header):
    response = city.ask("/ngsi-ld/v1/one")
    assert header(response, "Content-Type") == "application/json"
    assert header(response, "Link") == CONTEXT_LINK
    assert orjson.loads(response.body) == BIN, "no @context inside"


@pytest.mark.parametrize("path", ["/one", "/bytes"])
def test_json_ld_has_it_inside(city, header, path):
    response = city.ask(f"/ngsi-ld/v1{path}", accept="application/ld+json")
    assert header(response, "Content-Type") == "application/ld+json"
    assert header(response, "Link") is None
    assert orjson.loads(response.body) == {"@context": [URL, CORE_CONTEXT_URI], **BIN}


def test_the_core_context_stands_alone(city):
    response = city.ask("/ngsi-ld/v1/core", accept="application/ld+json")
    assert orjson.loads(response.body) == {"@context": CORE_CONTEXT_URI}


def test_a_context_without_a_url_has_no_link(city, header):
    assert header(city.ask("/ngsi-ld/v1/nameless"), "Link") is None


def test_geojson_obeys_prefer(city, header):
    inside = city.ask("/ngsi-ld/v1/one", accept="application/geo+json")
    assert b"@context" in inside.body
    assert header(inside, "Link") is None
    assert (
        city.ask("/ngsi-ld/v1/one", accept="application/geo+json", prefer="body=ld+json").body == inside.body
    )
    outside = city.ask("/ngsi-ld/v1/one", accept="application/geo+json", prefer="body=json")
    assert b"@context" not in outside.body
    assert header(outside, "Link") == CONTEXT_LINK
    assert header(outside, "Content-Type") == "application/geo+json"
    assert header(outside, "Preference-Applied") == "body=json"


def test_an_older_version_is_203_and_only_then(city, header):
    older = city.ask("/ngsi-ld/v1/older", prefer="ngsi-ld=1.5")
    assert (older.status, header(older, "Preference-Applied")) == (203, "ngsi-ld=1.5")
    same = city.ask("/ngsi-ld/v1/one", prefer="ngsi-ld=1.5")
    assert (same.status, header(same, "Preference-Applied")) == (200, "ngsi-ld=1.9")
    assert header(city.ask("/ngsi-ld/v1/one"), "Preference-Applied") is None


def links(response):
    return [value for name, value in response.headers if name == "Link" and "json-ld#context" not in value]


def test_pages_point_to_each_other(city, header):
    first = city.ask("/ngsi-ld/v1/many?type=Bin")
    assert links(first) == [
        '</ngsi-ld/v1/many?type=Bin&limit=2&offset=2>; rel="next"; type="application/json"'
    ]
    middle = city.ask("/ngsi-ld/v1/many?type=Bin&limit=2&offset=1&count=true", accept="application/ld+json")
    assert links(middle) == [
        '</ngsi-ld/v1/many?type=Bin&count=true&limit=2&offset=3>; rel="next"; type="application/ld+json"',
        '</ngsi-ld/v1/many?type=Bin&count=true&limit=2&offset=0>; rel="prev"; type="application/ld+json"',
    ]
    assert header(middle, "NGSILD-Results-Count") == "5"
    assert all("@context" in item for item in orjson.loads(middle.body))
    last = city.ask("/ngsi-ld/v1/many?offset=4")
    assert len(links(last)) == 1
    assert 'rel="prev"' in links(last)[0]
    assert header(last, "NGSILD-Results-Count") is None, "only where count asked for it"


def test_a_count_alone_has_no_pages(city, header):
    response = city.ask("/ngsi-ld/v1/many?limit=0&count=true")
    assert response.body == b"[]"
    assert header(response, "NGSILD-Results-Count") == "5"
    assert links(response) == []


def test_responses_without_representation_have_no_link(city, header):
    for path, method, status in (("/none", "PUT", 204), ("/new", "POST", 201), ("/partly", "POST", 207)):
        response = city.ask(f"/ngsi-ld/v1{path}", method, accept="application/ld+json")
        assert response.status == status
        assert header(response, "Link") is None
    assert header(city.ask("/ngsi-ld/v1/none", "PUT"), "Content-Type") is None
    partly = city.ask("/ngsi-ld/v1/partly", "POST", accept="application/ld+json")
    assert header(partly, "Content-Type") == "application/json"
    assert header(partly, "Location") == "/ngsi-ld/v1/a"


def test_shared_headers_are_not_written_into(city):
    before = city.ask("/ngsi-ld/v1/one").headers
    before.append(("X-Other", "1"))
    assert ("X-Other", "1") not in city.ask("/ngsi-ld/v1/one").headers
