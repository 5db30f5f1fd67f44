"""The AsyncAPI document: whole in itself, and what it says of the stream is what the stream says."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import orjson
import pytest

import samstad_node.pages.stream as stream_module
from samstad_broker.domain.rows import Position, Row, RowKind
from samstad_node.observe import Metrics, aggregate
from samstad_node.pages import LiveRows, create_pages
from samstad_node.pages.asyncapi import build_asyncapi
from samstad_node.pages.stream import event_of

TEXT = {"type": "string"}
REFERENCE = {
    "type": "object",
    "required": ["$ref"],
    "properties": {"$ref": {"type": "string", "pattern": "^#/"}},
    "additionalProperties": False,
}


def a_map(of: dict) -> dict:
    return {"type": "object", "minProperties": 1, "additionalProperties": of}


def an_object(required: str, optional: str = "", **members: dict) -> dict:
    allowed = {name: members.get(name, {}) for name in (*required.split(), *optional.split())}
    return {
        "type": "object",
        "required": required.split(),
        "properties": allowed,
        "additionalProperties": False,
    }


# The objects of AsyncAPI 3.0.0 with the members that it gives them, as far as this node uses them.
SHAPE = an_object(
    "asyncapi info channels operations components",
    "id servers defaultContentType",
    asyncapi={"const": "3.0.0"},
    info=an_object("title version", "description termsOfService contact license tags externalDocs"),
    servers=a_map(
        an_object(
            "host protocol",
            "protocolVersion pathname description title summary variables security tags bindings",
            host=TEXT,
            protocol=TEXT,
            variables=a_map(an_object("", "enum default description examples")),
            security={"type": "array", "items": REFERENCE},
        )
    ),
    channels=a_map(
        an_object(
            "address messages",
            "title summary description servers parameters tags externalDocs bindings",
            address={"type": ["string", "null"]},
            messages=a_map(REFERENCE),
            servers={"type": "array", "items": REFERENCE, "minItems": 1},
        )
    ),
    operations=a_map(
        an_object(
            "action channel",
            "title summary description security tags externalDocs bindings traits messages reply",
            action={"enum": ["send", "receive"]},
            channel=REFERENCE,
        )
    ),
    components=an_object(
        "schemas messages securitySchemes",
        messages=a_map(
            an_object(
                "payload",
                "headers correlationId contentType name title summary description tags externalDocs bindings",
            )
        ),
        schemas=a_map({"type": "object"}),
        securitySchemes=a_map({"type": "object", "required": ["type"]}),
    ),
)


@pytest.fixture
def document(browse):
    app = create_pages(
        live=LiveRows(),
        reader=lambda _headers, _peer="": lambda _row: True,
        routes=[],
        version="0.test",
        health=lambda: aggregate({}),
        metrics=Metrics(),
        shorten=str,
    )
    answer = browse(app).get("/asyncapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    return answer.json()


def references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def resolve(document: dict, reference: str) -> object:
    found: object = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def test_the_document_has_the_shape_of_an_asyncapi_document(document):
    assert jsonschema.Draft202012Validator(SHAPE).is_valid(document)
    assert not jsonschema.Draft202012Validator(SHAPE).is_valid({**document, "paths": {}})
    assert document == build_asyncapi(version="0.test")


def test_every_reference_leads_somewhere_and_every_message_is_told(document):
    found = references(document)
    assert all(isinstance(resolve(document, one), dict) for one in found)
    for kind in ("messages", "schemas", "securitySchemes"):
        assert {f"#/components/{kind}/{name}" for name in document["components"][kind]} <= found
    assert {one["channel"]["$ref"] for one in document["operations"].values()} == {
        f"#/channels/{name}" for name in document["channels"]
    }
    with pytest.raises(KeyError):
        resolve(document, "#/components/messages/none")


def test_every_schema_is_one(document):
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def live_message(document: dict, event: str) -> dict:
    messages = (resolve(document, one["$ref"]) for one in document["channels"]["live"]["messages"].values())
    (found,) = (one for one in messages if one["headers"]["properties"]["event"]["const"] == event)
    return found


def fits(document: dict, schema: dict, value: object) -> bool:
    whole = {**schema, "components": document["components"]}
    return jsonschema.Draft202012Validator(whole).is_valid(value)


@pytest.mark.parametrize("kind", [RowKind.CHANGE, RowKind.DELETE, RowKind.EXPIRE])
def test_events_of_the_stream_are_as_they_are_described(document, kind):
    payload = {
        "head": {"id": "urn:b:1", "type": ["Bin"]},
        "set": {"level": [{"type": "Property", "value": 1}], "name": []},
    }
    row = Row(Position(1, 7), 1000, kind, "", "", "urn:b:1", orjson.dumps(payload))
    fields = dict(line.split(": ", 1) for line in event_of(row, shorten=str).decode().strip().splitlines())
    data = orjson.loads(fields.pop("data"))
    message = live_message(document, fields["event"])
    assert fits(document, message["headers"], fields)
    assert fits(document, message["payload"], data)
    other = live_message(document, "delete" if kind is RowKind.CHANGE else "change")
    assert not fits(document, other["payload"], data)
    assert not fits(document, other["headers"], fields)


def test_no_event_is_left_out(document):
    source = Path(stream_module.__file__).read_text(encoding="utf-8")
    table = set(re.findall(r"^\| ([a-z-]+) +\| ", source, re.MULTILINE)) - {"event"}
    assert table == {"change", "delete", "gap", "logged-out"}
    for event in table:
        assert live_message(document, event)
    with pytest.raises(ValueError, match="unpack"):
        live_message(document, "heard-nothing")
