from __future__ import annotations

import pytest

from samstad_broker.http.context_binding import use_context
from samstad_broker.http.links import context_link
from samstad_broker.http.messages import Response
from samstad_broker.http.responses import json_content
from samstad_broker.http.router import Route
from samstad_ngsild.errors import BadRequestData

JSON = "application/json"
LD = "application/ld+json"
BAD = "https://uri.etsi.org/ngsi-ld/errors/BadRequestData"
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
INLINE = {"Bin": "https://models.example/Bin"}
IRI = "https://models.example/Bin"
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/Bin"


def write(exchange):
    value, context = exchange.content_context()
    return use_context(context, lambda ready: json_content([ready.expand("Bin"), sorted(value)]))


def read(exchange):
    return use_context(exchange.link_context(), lambda ready: json_content(ready.expand("Bin")))


def batch(exchange):
    def told(item):
        return item.pointer if isinstance(item, BadRequestData) else type(item).__name__

    return json_content([told(context) for _, context in exchange.items()])


@pytest.fixture
def city(node):
    return node(
        [
            Route(method="GET", path="/read", handler=read),
            Route(method="DELETE", path="/read", handler=read),
            Route(method="POST", path="/write", handler=write),
            Route(method="PATCH", path="/write", handler=write),
            Route(method="POST", path="/batch", handler=batch),
        ]
    )


async def answer(given) -> Response:
    return given if isinstance(given, Response) else await given


async def test_json_ld_brings_its_context(city):
    body = b'{"@context":{"Bin":"https://models.example/Bin"},"a":1}'
    response = await answer(city.ask("/ngsi-ld/v1/write", "POST", body=body, content_type=LD))
    assert response.body == b'["https://models.example/Bin",["a"]]'
    again = city.ask("/ngsi-ld/v1/write", "POST", body=body, content_type=LD)
    assert isinstance(again, Response), "a known @context needs no coroutine"


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD"])
def test_without_a_link_header_the_default_stands(city, method):
    assert city.ask("/ngsi-ld/v1/read", method).body.decode() == f'"{DEFAULT}"'
    assert city.ask("/ngsi-ld/v1/read", method, link=context_link(CORE)).status == 200


async def test_a_context_that_cannot_be_had_is_504(city):
    link = context_link("https://nowhere.example/context.jsonld")
    response = await answer(city.ask("/ngsi-ld/v1/read", link=link))
    assert response.status == 504
    assert b"LdContextNotAvailable" in response.body


@pytest.mark.parametrize(
    ("content_type", "body", "link", "pointer"),
    [
        (JSON, b'{"@context":[],"a":1}', None, b"/@context"),
        (JSON, b'{"@context":[],"a":1}', context_link(CORE), b"/@context"),
        (LD, b'{"a":1}', None, b"/@context"),
        (LD, b'{"@context":null}', None, b"/@context"),
        (LD, b'{"@context":7}', None, b"/@context"),
        (LD, b'{"@context":[]}', context_link(CORE), b"Link"),
        (LD, b'{"a":1}', context_link(CORE), b"Link"),
        (JSON, b"[]", None, b""),
        (JSON, b'"text"', None, b""),
        (JSON, b"{}", context_link(CORE) + ", " + context_link(CORE + "x"), b"Link"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_mixes_are_refused(city, method, content_type, body, link, pointer):  # noqa: PLR0917 - a table
    headers = {"content_type": content_type} | ({} if link is None else {"link": link})
    response = city.ask("/ngsi-ld/v1/write", method, body=body, **headers)
    assert response.status == 400
    assert BAD.encode() in response.body
    assert b'"pointer":"' + pointer + b'"' in response.body


@pytest.mark.parametrize(
    ("content_type", "body"),
    [(JSON, b'{"a":1}'), ("application/merge-patch+json", b'{"a":1}'), (LD, b'{"@context":[],"a":1}')],
)
async def test_what_is_not_mixed_is_taken(city, content_type, body):
    response = await answer(city.ask("/ngsi-ld/v1/write", "PATCH", body=body, content_type=content_type))
    assert response.body.decode() == f'["{DEFAULT}",["a"]]'


async def test_a_link_header_of_another_relation_does_not_disturb_json_ld(city):
    link = '<https://uri.etsi.org/ngsi-ld/profile/1.8>; rel="profile"'
    body = b'{"@context":[],"a":1}'
    assert (
        await answer(city.ask("/ngsi-ld/v1/write", "POST", body=body, content_type=LD, link=link))
    ).status == 200


def test_one_bad_item_of_a_batch_leaves_the_others(city):
    body = b'[{"@context":"' + CORE.encode() + b'"},{"a":1},7]'
    assert city.ask("/ngsi-ld/v1/batch", "POST", body=body, content_type=LD).body == (
        b'["Context","/1/@context","Context"]'
    )
    body = b'[{"a":1},{"@context":[]}]'
    assert city.ask("/ngsi-ld/v1/batch", "POST", body=body, content_type=JSON).body == (
        b'["Context","/1/@context"]'
    )


@pytest.mark.parametrize("body", [b"[]", b"{}"])
def test_a_batch_of_nothing_is_refused(city, body):
    assert city.ask("/ngsi-ld/v1/batch", "POST", body=body, content_type=JSON).status == 400
    assert IRI not in city.ask("/ngsi-ld/v1/batch", "POST", body=body, content_type=JSON).body.decode()
