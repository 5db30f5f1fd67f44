"""The administration API, driven as ASGI without a server."""

import json
from urllib.parse import quote

import msgspec
import pytest

from samstad_access.domain.account import ScryptCost
from samstad_access.domain.audit import verify
from samstad_access.http.app import create_app

BIN = "https://example.org/Bin"
CHEAP = ScryptCost(n=16, r=1, p=1)


class Answer:
    def __init__(self, messages) -> None:
        self.status = messages[0]["status"]
        self.headers = [(name.decode(), value.decode()) for name, value in messages[0]["headers"]]
        self.body = b"".join(message.get("body", b"") for message in messages[1:])

    def header(self, name: str) -> str | None:
        return next((value for found, value in self.headers if found == name), None)

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Sends requests straight into the application."""

    def __init__(self, app, headers=()) -> None:
        self.app = app
        self.headers = dict(headers)

    async def __call__(self, method, path, body=None, *, host="node.example.org", raw=None, **headers):
        sent = raw if raw is not None else (b"" if body is None else json.dumps(body).encode())
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        names = {"host": host, "content-type": "application/json", **self.headers, **given}
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": "/access/v1" + path, "raw_path": path.encode(),
            "query_string": query.encode(), "root_path": "", "client": ("192.0.2.1", 1),
            "server": ("node", 80),
            "headers": [(n.encode(), v.encode()) for n, v in names.items()],
        }  # fmt: skip
        messages = []

        async def receive():
            return {"type": "http.request", "body": sent, "more_body": False}

        async def send(message):
            messages.append(message)

        await self.app(scope, receive, send)
        return Answer(messages)


@pytest.fixture
def app(house, now_us):
    login = house.access.login
    login._terms = msgspec.structs.replace(login._terms, cost=CHEAP)
    return create_app(house.access, now_us=lambda: now_us)


@pytest.fixture
def root(house, app):
    return Client(app, {"x-api-key": house.give("root", "administrator", tenants=("*",))})


async def test_a_principal_from_creation_to_removal(house, root):
    body = {
        "id": "app",
        "kind": "service",
        "name": "Åsas app",
        "bindings": [{"role": "reader", "tenants": [""]}],
    }
    created = await root("POST", "/principals", body)
    assert created.status == 201
    assert created.json["createdAt"].endswith("Z")
    assert (await root("GET", "/principals/app")).json == created.json
    assert [one["id"] for one in (await root("GET", "/principals")).json] == ["app", "root"]
    assert [one["id"] for one in (await root("GET", "/principals?after=app&limit=1")).json] == ["root"]
    changed = await root("PATCH", "/principals/app", {"disabled": True})
    assert changed.json["disabledAt"] is not None
    assert changed.json["bindings"] == created.json["bindings"]
    assert (await root("DELETE", "/principals/app")).status == 204
    assert (await root("GET", "/principals/app")).status == 404
    assert (await root("POST", "/principals", {**body, "id": "root"})).status == 409
    assert verify(house.audit).ok


async def test_a_key_is_shown_once_listed_without_its_secret_rotated_and_revoked(house, root):
    await root("POST", "/principals", {"id": "app", "bindings": [{"role": "reader", "tenants": ["north"]}]})
    made = await root(
        "POST", "/keys", {"principal": "app", "name": "gw", "expiresAt": "2100-01-01T00:00:00Z"}
    )
    assert made.status == 201
    assert made.header("cache-control") == "no-store"
    key, key_id = made.json["key"], made.json["id"]
    assert house.come(key).id == "app"
    listed = await root("GET", "/keys?principal=app")
    assert listed.json[0]["expiresAt"] == "2100-01-01T00:00:00Z"
    assert key.split("_", 2)[2].encode() not in listed.body
    assert "digest" not in listed.json[0]
    rotated = await root("POST", f"/keys/{key_id}/rotate", {"overlapS": 0})
    assert rotated.status == 201
    assert rotated.json["key"] != key
    assert (await root("GET", f"/keys/{key_id}")).json["counts"] is False
    revoked = await root("DELETE", f"/keys/{rotated.json['id']}")
    assert revoked.json["revokedAt"] is not None
    me = await Client(root.app, {"x-api-key": rotated.json["key"]})("GET", "/me")
    assert me.status == 401


@pytest.mark.usefixtures("root")
async def test_who_does_not_administer_everything_administers_nothing(house, app):
    only_north = house.give("north-admin", "administrator")
    calls = [
        ("GET", "/principals", None), ("POST", "/principals", {"id": "x"}),
        ("GET", "/principals/root", None),
        ("PATCH", "/principals/north-admin", {"bindings": [{"role": "administrator", "tenants": ["*"]}]}),
        ("DELETE", "/principals/root", None), ("GET", "/keys", None),
        ("POST", "/keys", {"principal": "root"}),
        ("DELETE", "/keys/x", None), ("GET", "/roles", None), ("PUT", "/roles/x", {"operations": []}),
        ("GET", "/labels", None), ("GET", "/decisions?principal=root&operation=read", None),
        ("GET", "/sessions", None), ("DELETE", "/sessions/x", None), ("POST", "/keys/x/rotate", {}),
    ]  # fmt: skip
    before = len(house.access.principals.list_records(type(house.access.principals.get("root"))))
    for method, path, body in calls:
        refused = await Client(app, {"x-api-key": only_north})(method, path, body)
        assert (refused.status, refused.json["type"]) == (403, "/problems/forbidden"), path
        unknown = await Client(app)(method, path, body)
        assert (unknown.status, unknown.json["type"]) == (401, "/problems/unauthenticated"), path
        assert unknown.header("www-authenticate").startswith("Bearer")
        assert unknown.header("content-type") == "application/problem+json"
    assert len(house.access.principals.list_records(type(house.access.principals.get("root")))) == before
    assert house.audit[-1].entry.outcome == "denied"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, None),
        ({"id": "a b"}, "/id"),
        ({"id": 7}, "/id"),
        ({"id": "x\n"}, "/id"),
        ({"id": "x", "bindings": [{"role": "reader\n", "tenants": []}]}, "/bindings/0/role"),
        ({"id": "x", "colour": "red"}, None),
        ({"id": "x", "kind": "anonymous"}, "/kind"),
        ({"id": "x", "bindings": [{"role": "reader", "tenants": [""]}, {"role": "Chief", "tenants": []}]},
         "/bindings/1/role"),
        ({"id": "x", "bindings": [{"role": "nobody", "tenants": []}]}, "/bindings/0/role"),
        ({"id": "x", "bindings": [{"role": "reader"}]}, "/bindings/0"),
        ({"id": "x", "bindings": [{"role": "reader", "tenants": []}] * 40}, "/bindings"),
        ([], None),
    ],
)  # fmt: skip
async def test_wrong_input_is_pointed_at(root, body, pointer):
    refused = await root("POST", "/principals", body)
    assert refused.status == 400
    assert refused.json["type"] == "/problems/bad-input"
    if pointer is not None:
        assert refused.json["pointer"] == pointer
    assert (await root("GET", "/principals/x")).status == 404


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff", b"[" * 5000, b'{"id": "\\ud800"}', b" " * 70_000, b'{"id": "x"} x']
)
async def test_what_is_no_json_is_refused(root, raw):
    refused = await root("POST", "/principals", raw=raw)
    assert refused.status == 400
    assert refused.json["detail"]


async def test_other_media_types_methods_paths_and_pages_are_refused(root):
    form = await root("POST", "/principals", {"id": "x"}, content_type="text/plain")
    assert (form.status, form.json["pointer"]) == (400, "Content-Type")
    assert (await root("PUT", "/principals")).json["type"] == "/problems/method-not-allowed"
    assert (await root("GET", "/nothing")).json["type"] == "/problems/not-found"
    for limit in ("0", "1001", "x", "-1", "٣", "9" * 5000):
        assert (await root("GET", f"/keys?limit={quote(limit)}")).status == 400
    naive = await root("POST", "/keys", {"principal": "root", "expiresAt": "2100-01-01T00:00:00"})
    assert naive.status == 400
    past = await root("POST", "/keys", {"principal": "root", "expiresAt": "2001-01-01T00:00:00Z"})
    assert past.json["pointer"] == "/expiresAt"


async def test_roles_and_labels(root):
    put = await root("PUT", "/roles/partner", {"operations": ["read"], "clearance": "open"})
    assert (put.status, put.json["builtIn"]) == (200, False)
    assert {role["name"] for role in (await root("GET", "/roles")).json} >= {"partner", "auditor"}
    assert (await root("PUT", "/roles/reader", {"operations": []})).status == 409
    assert (await root("PUT", "/roles/Chief", {"operations": []})).status == 400
    assert (await root("PUT", "/roles/x", {"operations": ["fly"]})).status == 400
    label = {"tenant": "north", "type": BIN, "classification": "open", "personal": False}
    assert (await root("PUT", "/labels", label)).json == label
    assert (await root("GET", "/labels")).json == [label]
    place = f"/labels?tenant=north&type={quote(BIN, safe='')}"
    assert (await root("DELETE", place)).status == 204
    assert (await root("DELETE", place)).status == 404
    assert (await root("DELETE", "/labels?tenant=north")).json["pointer"] == "type"
    assert (await root("DELETE", "/roles/partner")).status == 204


async def test_a_decision_is_explained(house, root):
    house.give("app", "reader")
    question = f"/decisions?principal=app&tenant=south&operation=read&type={quote(BIN, safe='')}"
    told = (await root("GET", question)).json
    assert told["allowed"] is False
    assert told["grants"] == [{"role": "reader", "allowed": False, "reasons": ["tenant"], "errors": []}]
    assert told["label"] == {"classification": "restricted", "personal": True}
    assert (await root("GET", question.replace("south", "north"))).json["allowed"] is True
    assert (await root("GET", question.replace("=app", "=nobody"))).status == 404
    assert (await root("GET", question.replace("=read", "=fly"))).json["pointer"] == "operation"


def cookies(answer: Answer) -> dict[str, str]:
    set_cookies = [value for name, value in answer.headers if name == "set-cookie"]
    return dict(value.partition(";")[0].split("=", 1) for value in set_cookies)


async def test_a_person_logs_in_administers_with_the_csrf_token_and_logs_out(house, app, root):
    house.access.login.set_password(house.act, "eva", principal="root", password="correct horse battery")
    anybody = Client(app)
    wrong = await anybody("POST", "/login", {"name": "eva", "password": "wrong"})
    assert (wrong.status, cookies(wrong)) == (401, {})
    begun = await anybody("POST", "/login", {"name": "eva", "password": "correct horse battery"})
    assert begun.status == 201
    assert all("; Secure" in value for name, value in begun.headers if name == "set-cookie")
    jar = cookies(begun)
    assert jar["samstad_session"].encode() not in begun.body
    person = Client(app, {"cookie": "; ".join(f"{name}={value}" for name, value in jar.items())})
    assert (await person("GET", "/me")).json == {
        "id": "root", "kind": "service", "roles": ["administrator"]
    }  # fmt: skip
    assert (await person("POST", "/principals", {"id": "x"})).status == 403
    csrf = {"x_csrf_token": jar["samstad_csrf"]}
    assert (await person("POST", "/principals", {"id": "x"}, **csrf)).status == 201
    listed = (await root("GET", "/sessions?principal=root")).json
    assert [session["method"] for session in listed] == ["password"]
    assert (await person("POST", "/logout")).status == 403
    out = await person("POST", "/logout", **csrf)
    assert (out.status, cookies(out)["samstad_session"]) == (204, "")
    assert (await person("GET", "/me")).status == 401


@pytest.mark.parametrize(
    ("wished", "led_to"),
    [
        ("/console/v1/app/", "/console/v1/app/"),
        ("/console/v1/app/%23/alerts", "/console/v1/app/#/alerts"),
        ("//elsewhere.example/", "/"),
        ("https://elsewhere.example/", "/"),
        ("/%5Celsewhere.example", "/"),
        ("/a%0d%0aSet-Cookie:x", "/"),
        ("/" + "a" * 5_000 + "!", "/"),
        ("", "/"),
    ],
)
@pytest.mark.usefixtures("root")
async def test_a_link_leads_to_a_page_of_this_node_and_to_no_other_host(house, app, wished, led_to):
    link = house.access.login.make_link(house.act, "root")
    begun = await Client(app)("GET", f"/link/{link}?to={wished}", host="localhost:8080")
    assert (begun.status, begun.header("location")) == (303, led_to)


async def test_a_link_and_a_broken_glass_begin_sessions(house, app, root):
    link = house.access.login.make_link(house.act, "root")
    anybody = Client(app)
    assert (await anybody("HEAD", f"/link/{link}")).status == 200
    begun = await anybody("GET", f"/link/{link}", host="localhost:8080")
    assert (begun.status, begun.header("location"), begun.header("referrer-policy")) == (
        303,
        "/",
        "no-referrer",
    )
    assert not any("; Secure" in value for name, value in begun.headers if name == "set-cookie")
    used = await anybody("GET", f"/link/{link}")
    assert used.status == 401
    assert "ask for a new one" in used.json["detail"]
    code = house.access.login.seal_break_glass(house.act, "night", principal="root")
    no_reason = await anybody("POST", "/break-glass", {"name": "night", "code": code, "reason": ""})
    assert (no_reason.status, no_reason.json["pointer"]) == (400, "/reason")
    opened = await anybody("POST", "/break-glass", {"name": "night", "code": code, "reason": "OIDC is down"})
    assert opened.json["method"] == "break-glass"
    assert house.attention[-1].name == "break-glass-used"
    sessions = (await root("GET", "/sessions")).json
    assert {session["method"] for session in sessions} == {"link", "break-glass"}
    for session in sessions:
        assert (await root("DELETE", f"/sessions/{session['id']}")).status == 204
    assert (await root("GET", "/sessions")).json == []


@pytest.mark.usefixtures("root")
async def test_guessing_is_answered_with_retry_after(house, app):
    house.access.login.set_password(house.act, "eva", principal="root", password="correct horse battery")
    anybody = Client(app)
    answers = [await anybody("POST", "/login", {"name": "eva", "password": "wrong"}) for _ in range(13)]
    assert [answer.status for answer in answers] == [401] * 11 + [429] * 2
    assert answers[-1].header("retry-after") == "1"
    assert answers[-1].json["type"] == "/problems/too-many-attempts"
