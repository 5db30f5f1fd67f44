"""What a node shows to people, and what it does not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import samstad_access.http
import samstad_broker.http
from samstad_access.errors import AccessError
from samstad_broker.http.failures import HttpFailure
from samstad_broker.http.router import Route
from samstad_node.observe import Check, CheckState, Metrics, aggregate
from samstad_node.pages import LiveRows, create_pages
from samstad_node.pages.problems import PROBLEMS
from samstad_node.server.wire import _REFUSALS


def retrieve(exchange):
    """Retrieve an entity. More text."""


ROUTES = [
    Route(method="GET", path="/entities/", handler=retrieve, parameters=frozenset({"limit", "type"})),
    Route(method="PATCH", path="/entities/{entityId}/attrs/", handler=retrieve),
]


@pytest.fixture
def client(browse):
    app = create_pages(
        live=LiveRows(),
        reader=lambda _headers, _peer="": lambda _row: True,
        routes=ROUTES,
        version="0.test",
        health=lambda: aggregate({"broker": [Check("log", CheckState.FAILED)]}),
        metrics=Metrics(),
        shorten=str,
    )
    return browse(app)


@pytest.mark.parametrize("path", ["/", "/api", "/problems", "/problems/forbidden", "/models"])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_page_is_accessible_in_both_languages_and_has_nothing_inline(client, path, language):
    answer = client.get(path, headers={"Accept": "text/html", "Accept-Language": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert 'href="#main"' in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)", answer.text)


def test_what_the_start_page_needs_is_served(client):
    page = client.get("/").text
    for link in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert client.get(link).status_code == 200
    assert client.get("/static/../app.py").status_code == 404
    assert client.get("/static/app.py").json()["type"] == "/problems/not-found"


def names_in_code():
    yield from (kind.name for kind in HttpFailure.__subclasses__())
    yield from (kind.name for kind in AccessError.__subclasses__())
    yield from (title.lower().replace(" ", "-") for title in _REFUSALS.values())
    for package in (samstad_broker.http, samstad_access.http):
        for file in Path(package.__file__).parent.rglob("*.py"):
            yield from literals(ast.parse(file.read_text()))


def literals(tree):
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    for call in calls:
        texts = [
            one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        if call.func.id in {"problem", "problem_body", "_store_fault"} and texts:
            yield texts[0]


def test_every_problem_type_in_code_has_a_help_page(client):
    names = set(names_in_code())
    assert len(names) > 20
    assert names - PROBLEMS.keys() == set()
    for name in names:
        assert client.get(f"/problems/{name}").status_code == 200
    assert client.get("/problems/nothing-of-ours").status_code == 404


def test_the_description_follows_the_routes(client):
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {"/ngsi-ld/v1/entities", "/ngsi-ld/v1/entities/{entityId}/attrs"}
    operation = document["paths"]["/ngsi-ld/v1/entities"]["get"]
    assert operation["summary"] == "Retrieve an entity. More text"
    assert {"name": "limit", "in": "query", "schema": {"type": "integer"}} in operation["parameters"]
    assert "requestBody" not in operation
    assert {"200", "404", "504"} <= operation["responses"].keys()
    assert not {"default", "2XX", "413", "415"} & operation["responses"].keys()
    assert document["paths"]["/ngsi-ld/v1/entities/{entityId}/attrs"]["patch"]["parameters"][0]["required"]
    assert "/ngsi-ld/v1/entities/{entityId}/attrs" in client.get("/api").text


def test_health_tells_a_failed_role_and_ready_no_details(client):
    assert client.get("/health").status_code == 503
    assert "broker" in client.get("/health").json()["roles"]
    assert client.get("/ready").status_code == 503
    assert "broker" not in client.get("/ready").text
    assert client.get("/metrics").headers["content-type"].startswith("text/plain")
    refused = client.ask("POST", "/metrics", {})
    assert (refused.status_code, refused.json()["type"]) == (405, "/problems/method-not-allowed")
    assert "GET" in refused.headers["allow"]


@pytest.mark.parametrize("path", ["/nothing", "/static/../app.py", "//evil.example", "/problems/none"])
def test_what_is_not_there_is_told_as_a_problem(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert answer.headers["x-content-type-options"] == "nosniff"
