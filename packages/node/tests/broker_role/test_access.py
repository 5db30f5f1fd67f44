"""Who comes in at a running node: by the organisation's login, by keys, and how guesses are damped."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from samstad_node.broker_role.gatekeeping import KEYS_FILE
from samstad_node.clock import SystemClock
from samstad_node.supervisor.role import RoleRefused

ISSUER = "https://login.example.org"
ENTITIES = "/ngsi-ld/v1/entities?type=Bin"


class Login:
    """The organisation's login: its keys, behind a real HTTP server that can go away."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "first"})
        login = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = login.document()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/jwks"

    def document(self) -> bytes:
        return json.dumps({"keys": [self.key.as_dict(private=False)]}).encode()

    def token(self, **claims: Any) -> str:
        now_s = SystemClock().now_us() // 1_000_000
        told = {
            "iss": ISSUER,
            "aud": "samstad",
            "sub": "eva",
            "iat": now_s,
            "exp": now_s + 600,
            "roles": ["operator"],
            "tenants": ["default"],
            **claims,
        }
        return str(jwt.encode({"alg": "ES256", "kid": self.key.kid}, told, self.key, algorithms=["ES256"]))

    def go_away(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


@pytest.fixture
def login() -> Iterator[Login]:
    made = Login()
    yield made
    made.go_away()


def settings(place: str) -> dict[str, Any]:
    return {"access.issuer": ISSUER, "access.audience": "samstad", "access.jwks": place}


async def status_with(
    node: Any, token: str, method: str = "GET", path: str = ENTITIES, body: Any = None
) -> int:
    return (await node.ask(method, path, body, key="", Authorization=f"Bearer {token}")).status


async def until_keys_are_there(node: Any, token: str) -> None:
    async with asyncio.timeout(5):
        while await status_with(node, token) == 401:  # noqa: ASYNC110 - another process' doing is awaited
            await asyncio.sleep(0.02)


async def test_a_person_of_the_organisations_login_comes_in_with_the_rights_of_the_token(start, login):
    node = await start(settings(login.url))
    token = login.token()
    await until_keys_are_there(node, token)
    bin_ = {"id": "urn:ngsi-ld:Bin:1", "type": "Bin"}
    assert await status_with(node, token, "POST", "/ngsi-ld/v1/entities", bin_) == 201
    assert await status_with(node, token) == 200
    reader = login.token(roles=["reader"])
    other = {"id": "urn:ngsi-ld:Bin:2", "type": "Bin"}
    assert await status_with(node, reader, "POST", "/ngsi-ld/v1/entities", other) == 403
    assert (await node.ask("GET", "/health", key="")).body["roles"]["broker"]["state"] == "ok"


async def test_tokens_that_are_not_the_issuers_or_not_for_us_stay_outside(start, login):
    node = await start(settings(login.url))
    await until_keys_are_there(node, login.token())
    forger = ECKey.generate_key("P-256", {"kid": "first"})
    login.key, real = forger, login.key
    forged = login.token()
    login.key = real
    for token in (
        forged,
        login.token(aud="another"),
        login.token(iss="https://elsewhere"),
        login.token(exp=1),
        "x.y.z",
    ):
        assert await status_with(node, token) == 401


async def test_a_token_without_tenants_sees_nothing(start, login):
    node = await start(settings(login.url))
    await until_keys_are_there(node, login.token())
    await node.ask("POST", "/ngsi-ld/v1/entities", {"id": "urn:ngsi-ld:Bin:1", "type": "Bin"})
    bearer = {"Authorization": f"Bearer {login.token(tenants=[])}"}
    assert (await node.ask("GET", ENTITIES, key="", **bearer)).body == []
    assert (await node.ask("GET", "/ngsi-ld/v1/entities/urn:ngsi-ld:Bin:1", key="", **bearer)).status == 404


async def test_the_login_outlives_its_server_across_a_restart(start, login):
    node = await start(settings(login.url))
    await until_keys_are_there(node, login.token())
    async with asyncio.timeout(5):
        while not (node.data / KEYS_FILE).exists():  # noqa: ASYNC110 - a thread's doing is awaited
            await asyncio.sleep(0.02)
    await node.end()
    login.go_away()
    again = await start(settings(login.url), data=node.data)
    assert await status_with(again, login.token()) == 200
    async with asyncio.timeout(5):
        while (await again.ask("GET", "/health", key="")).body["state"] != "degraded":  # noqa: ASYNC110 - a fetch is awaited
            await asyncio.sleep(0.02)
    assert (await again.ask("GET", "/ready", key="")).status == 200


async def test_keys_may_lie_in_a_file(start, login, tmp_path):
    (tmp_path / "jwks.json").write_bytes(login.document())
    node = await start(settings(str(tmp_path / "jwks.json")))
    await until_keys_are_there(node, login.token())
    assert await status_with(node, login.token()) == 200
    assert await status_with(node, login.token(sub="")) == 401


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (settings("http://login.example.org/jwks"), "access.jwks.*https"),
        ({"access.issuer": ISSUER, "access.audience": "samstad"}, "access.jwks"),
        ({"access.issuer": ISSUER, "access.jwks": "x"}, "access.audience"),
        ({"access.jwks": "x"}, "access.issuer"),
        ({"access.open_tenants": ["*"]}, "access.open_tenants"),
        (settings("x") | {"access.algorithms": ["HS256"]}, "access.algorithms"),
    ],
)
async def test_a_setting_that_would_leave_the_door_wrong_refuses_to_start(start, given, told):
    with pytest.raises(RoleRefused, match=told):
        await start(given)


async def test_everybody_may_read_an_open_tenant_and_nobody_write(start):
    node = await start({"access.open_tenants": ["default"]})
    bin_ = {"id": "urn:ngsi-ld:Bin:1", "type": "Bin"}
    assert (await node.ask("POST", "/ngsi-ld/v1/entities", bin_)).status == 201
    assert len((await node.ask("GET", ENTITIES, key="")).body) == 1
    assert (await node.ask("POST", "/ngsi-ld/v1/entities", bin_ | {"id": "urn:x:2"}, key="")).status == 403


async def test_who_guesses_must_wait_and_who_knows_does_not(start):
    node = await start({"access.free_attempts": 3})
    told = [(await node.ask("GET", ENTITIES, key="wrong")).status for _ in range(6)]
    assert told == [401, 401, 401, 401, 429, 429]
    waiting = await node.ask("GET", ENTITIES, key="wrong")
    assert int(waiting.headers["Retry-After"]) >= 1
    assert (await node.ask("GET", "/live", key="wrong")).status == 429
    assert (await node.ask("GET", ENTITIES)).status == 200


async def test_pages_and_metrics_ask_for_a_login_where_the_operator_wants_it(start):
    node = await start({"http.login_for": ["pages", "metrics"]})
    for path in ("/", "/models", "/models/Alert", "/api", "/openapi.json", "/asyncapi.json", "/metrics"):
        assert (await node.ask("GET", path, key="")).status == 401, path
        assert (await node.ask("GET", path)).status == 200, path
    for path in ("/health", "/ready", "/problems", "/static/pages.css"):
        assert (await node.ask("GET", path, key="")).status == 200, path
    page = await node.ask("GET", "/", key="", Accept="text/html", Accept_Language="sv")
    assert page.status == 401
    assert "Logga in" in page.body
    lamp = await node.give(
        "lamp-reader", {"role": "reader", "tenants": [""], "types": ["https://x.org/Lamp"]}
    )
    assert (await node.ask("GET", "/models", key=lamp)).status == 200
    assert (await node.ask("GET", "/metrics", key=lamp)).status == 403
    prometheus = await node.give("prometheus", {"role": "auditor", "tenants": ["*"], "types": ["*"]})
    assert (await node.ask("GET", "/metrics", key=prometheus)).status == 200


async def test_contexts_in_files_are_at_hand_and_a_broken_one_is_named(start, tmp_path):
    house = tmp_path / "contexts"
    house.mkdir()
    (house / "index.json").write_text('{"https://example.org/c.jsonld": "c.jsonld"}')
    (house / "c.jsonld").write_text('{"@context": {"level": "https://example.org/level"}}')
    node = await start({"contexts.preload": str(house), "contexts.fetch": False})
    body = {
        "@context": "https://example.org/c.jsonld",
        "id": "urn:ngsi-ld:Bin:1",
        "type": "Bin",
        "level": {"type": "Property", "value": 1},
    }
    answer = await node.ask("POST", "/ngsi-ld/v1/entities", body, Content_Type="application/ld+json")
    assert answer.status == 201
    seen = (await node.ask("GET", "/ngsi-ld/v1/entities/urn:ngsi-ld:Bin:1")).body
    assert "https://example.org/level" in seen
    for broken in ("{", "[]", '{"nothing": 1}', '{"@context": {"a": {"@id": 5}}}'):
        (house / "c.jsonld").write_text(broken)
        with pytest.raises(RoleRefused, match=r"contexts.preload.*c\.jsonld"):
            await start({"contexts.preload": str(house)})
    (house / "c.jsonld").unlink()
    with pytest.raises(RoleRefused, match=r"c\.jsonld.*cannot be read"):
        await start({"contexts.preload": str(house)})
    with pytest.raises(RoleRefused, match=r"index\.json"):
        await start({"contexts.preload": str(tmp_path / "nowhere")})
