from __future__ import annotations

import asyncio
import logging

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samstad_broker.http.cors import CorsPolicy
from samstad_broker.http.failures import TooManyRequests
from samstad_broker.http.kernel import KernelSettings
from samstad_broker.http.limits import HttpLimits, Rate, RateLimiter
from samstad_broker.http.messages import Request, Response
from samstad_broker.http.responses import json_content
from samstad_broker.http.router import Route
from samstad_broker.spi.authorizer import Forbidden

ROOT = "/ngsi-ld/v1"


def tell(exchange):
    call = exchange.call
    return json_content([call.tenant, call.snapshot, call.now_us, call.caller.id, exchange.path])


def fail(_):
    raise ZeroDivisionError


def forbid(_):
    raise Forbidden("You may not.")


async def later(_):
    await asyncio.sleep(0)
    return json_content("later")


async def fail_later(_):
    await asyncio.sleep(0)
    raise ZeroDivisionError


ROUTES = [
    Route(method="GET", path="/entities/", handler=tell, parameters=frozenset({"limit"})),
    Route(method="GET", path="/entities/{entityId}", handler=tell),
    Route(method="POST", path="/entities/", handler=later),
    Route(method="GET", path="/fail", handler=fail),
    Route(method="GET", path="/forbid", handler=forbid),
    Route(method="GET", path="/failLater", handler=fail_later),
]


@pytest.fixture
def city(node):
    return node(ROUTES)


def problem(response):
    return orjson.loads(response.body)["type"].rpartition("/")[2]


def test_a_handler_that_answers_at_once_makes_no_coroutine(city):
    response = city.ask(f"{ROOT}/entities/urn:a")
    assert isinstance(response, Response)
    assert orjson.loads(response.body) == ["", "", city.now_us, "urn:ngsi-ld:Person:1", {"entityId": "urn:a"}]


async def test_a_handler_that_waits_is_awaited(city):
    response = await city.ask(f"{ROOT}/entities", "POST")
    assert response.body == b'"later"'
    assert ("X-Content-Type-Options", "nosniff") in response.headers
    assert city.kernel.at_work == 0


async def test_whatever_goes_wrong_becomes_a_problem(city, caplog):
    with caplog.at_level(logging.CRITICAL):
        assert problem(city.ask(f"{ROOT}/fail")) == "InternalError"
        assert problem(await city.ask(f"{ROOT}/failLater")) == "InternalError"
    assert problem(city.ask(f"{ROOT}/forbid")) == "forbidden"
    assert problem(city.ask(f"{ROOT}/nothing")) == "ResourceNotFound"
    assert problem(city.ask(f"{ROOT}/entities/urn:a", "PATCH")) == "method-not-allowed"
    assert problem(city.ask(f"{ROOT}/entities?limt=1")) == "InvalidRequest"
    assert problem(city.ask(f"{ROOT}/entities/urn:a?limit=1")) == "InvalidRequest"
    assert city.kernel.at_work == 0


@pytest.mark.parametrize("path", ["/entities", "/entities/urn:a", "/nothing", "/entities/%ff"])
def test_nobody_learns_anything_without_a_token(city, header, path):
    response = city.ask(ROOT + path, authorization="Bearer wrong")
    assert response.status == 401
    assert header(response, "WWW-Authenticate") == 'Bearer realm="samstad"'


def test_the_tenant_is_echoed_even_in_errors(city, header):
    response = city.ask(f"{ROOT}/entities", ngsild_tenant="roads")
    assert orjson.loads(response.body)[0] == "roads"
    assert header(response, "NGSILD-Tenant") == "roads"
    for path in ("/nothing", "/forbid"):
        assert header(city.ask(ROOT + path, ngsild_tenant="roads"), "NGSILD-Tenant") == "roads"
    assert header(city.ask(f"{ROOT}/entities"), "NGSILD-Tenant") is None


@pytest.mark.parametrize("name", ["", "a b", "roads, parking", "../etc", "å", "a" * 129, "a\x00", "-a"])
def test_a_tenant_has_a_plain_name(city, header, name):
    response = city.ask(f"{ROOT}/entities", ngsild_tenant=name)
    assert problem(response) == "InvalidRequest"
    assert orjson.loads(response.body)["pointer"] == "NGSILD-Tenant"
    assert header(response, "NGSILD-Tenant") is None


def test_a_snapshot_is_handed_on_and_echoed(city, header):
    response = city.ask(f"{ROOT}/entities", ngsild_snapshot="urn:s:1")
    assert orjson.loads(response.body)[1] == "urn:s:1"
    assert header(response, "NGSILD-Snapshot") == "urn:s:1"


def test_every_response_is_guarded(city, header):
    for path in ("/entities", "/nothing"):
        response = city.ask(ROOT + path)
        assert header(response, "X-Content-Type-Options") == "nosniff"
        assert header(response, "Cache-Control") == "no-store"
        assert "default-src 'none'" in header(response, "Content-Security-Policy")


def test_options_tells_the_methods_without_a_token(city, header):
    response = city.ask(f"{ROOT}/entities", "OPTIONS", authorization="")
    assert response.status == 204
    assert header(response, "Allow") == "GET, HEAD, POST, OPTIONS"
    assert city.ask("*", "OPTIONS").status == 204
    assert city.ask(f"{ROOT}/nothing", "OPTIONS").status == 404
    assert header(response, "Access-Control-Allow-Methods") is None


def test_only_named_origins_may_read(node, header):
    here = "https://karta.example.se"
    city = node(ROUTES, KernelSettings(cors=CorsPolicy(origins=frozenset({here}))))
    asked = {"origin": here, "access_control_request_method": "PATCH", "authorization": ""}
    preflight = city.ask(f"{ROOT}/entities/urn:a", "OPTIONS", **asked)
    assert header(preflight, "Access-Control-Allow-Origin") == here
    assert "NGSILD-Tenant" in header(preflight, "Access-Control-Allow-Headers")
    assert "Authorization" in header(preflight, "Access-Control-Allow-Headers")
    allowed = city.ask(f"{ROOT}/entities", origin=here)
    assert header(allowed, "Access-Control-Allow-Origin") == here
    assert header(allowed, "Vary") == "Origin"
    assert header(city.ask(f"{ROOT}/nothing", origin=here), "Access-Control-Allow-Origin") == here
    other = city.ask(f"{ROOT}/entities", origin="https://other.example")
    assert header(other, "Access-Control-Allow-Origin") is None
    refused = city.ask(f"{ROOT}/entities", "OPTIONS", **{**asked, "origin": "https://other.example"})
    assert header(refused, "Access-Control-Allow-Methods") is None


def test_a_body_has_a_size(node):
    city = node(ROUTES, KernelSettings(limits=HttpLimits(body_bytes=10)))
    assert city.ask(f"{ROOT}/entities", body=b"x" * 10).status == 200
    assert problem(city.ask(f"{ROOT}/entities", body=b"x" * 11)) == "payload-too-large"


def test_a_caller_has_a_rate(node, header):
    city = node(ROUTES, KernelSettings(limits=HttpLimits(rate=Rate(per_second=2, burst=3))))
    assert [city.ask(f"{ROOT}/entities").status for _ in range(4)] == [200, 200, 200, 429]
    assert header(city.ask(f"{ROOT}/entities"), "Retry-After") == "1"
    city.now_us += 500_000
    assert [city.ask(f"{ROOT}/entities").status for _ in range(2)] == [200, 429]


def test_guessing_tokens_is_slowed_down_and_disturbs_nobody_else(node):
    city = node(ROUTES, KernelSettings(limits=HttpLimits(failed_logins=Rate(per_second=1, burst=2))))
    tried = [city.ask(f"{ROOT}/entities", authorization="Bearer guess").status for _ in range(3)]
    assert tried == [401, 401, 429]
    assert city.ask(f"{ROOT}/entities").status == 200


async def test_more_waiting_requests_than_the_node_takes_are_refused(node, header):
    city = node(ROUTES, KernelSettings(limits=HttpLimits(at_work=2)))
    waiting = [asyncio.ensure_future(city.ask(f"{ROOT}/entities", "POST")) for _ in range(2)]
    await asyncio.sleep(0)
    refused = city.ask(f"{ROOT}/entities", "POST")
    assert problem(refused) == "overloaded"
    assert header(refused, "Retry-After") == "1"
    assert {response.status for response in await asyncio.gather(*waiting)} == {200}
    assert (await city.ask(f"{ROOT}/entities", "POST")).status == 200


async def test_a_cancelled_request_leaves_no_trace(city):
    waiting = asyncio.ensure_future(city.ask(f"{ROOT}/entities", "POST"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert city.kernel.at_work == 0


def test_buckets_are_bounded():
    limiter = RateLimiter(Rate(per_second=1, burst=1), max_keys=10)
    for caller in range(1_000):
        limiter.take(str(caller), now_us=0)
    assert len(limiter._full_at) <= 10
    with pytest.raises(TooManyRequests):
        limiter.take("999", now_us=0)
    with pytest.raises(ValueError, match="above 0"):
        RateLimiter(Rate(per_second=0, burst=1))


PRINTABLE = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=255), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "BREW"]), PRINTABLE, PRINTABLE, PRINTABLE)
def test_no_request_surprises_the_kernel(city, method, path, query, value):
    headers = {"authorization": "Bearer right", "accept": value, "link": value, "ngsild-tenant": value}
    answer = city.kernel(Request(method, f"{ROOT}/entities/{path}", query, headers))
    if isinstance(answer, Response):
        assert answer.status in (200, 204, 400, 404, 405, 406)
    else:
        assert asyncio.run(answer).status == 200
