"""The link that logs a browser in once, as the demo prints it."""

from __future__ import annotations

import asyncio
import logging
from http.cookies import SimpleCookie

import pytest

from samstad_node.demo.node import login_link
from samstad_node.observe.redact import redact


async def link_of(node, **members) -> str:
    made = await node.ask("POST", "/access/v1/links", {"principal": "admin", **members})
    assert made.status == 201
    assert made.headers["Cache-Control"] == "no-store"
    return str(made.body["path"])


async def test_a_link_logs_a_browser_in_once_and_the_pages_need_no_key(start):
    node = await start({"http.login_for": ["pages"]})
    await node.ask("POST", "/ngsi-ld/v1/entities", {"id": "urn:ngsi-ld:Bin:1", "type": "Bin"})
    path = await link_of(node)
    assert (await node.ask("HEAD", path, key="")).status == 200
    begun = await node.ask("GET", path, key="")
    assert (begun.status, begun.headers["Location"]) == (303, "/")
    assert begun.headers["Referrer-Policy"] == "no-referrer"
    session = next(text for text in begun.headers.getall("Set-Cookie") if "samstad_session" in text)
    assert "HttpOnly" in session
    assert "SameSite=Strict" in session
    cookie = f"samstad_session={SimpleCookie(session)['samstad_session'].value}"
    for page in ("/", "/models", "/ngsi-ld/v1/types", "/ngsi-ld/v1/entities?type=Bin"):
        assert (await node.ask("GET", page, key="", Cookie=cookie)).status == 200, page
    async with node.session.get(node.url + "/live", headers={"Cookie": cookie}) as stream:
        assert stream.status == 200
    # The cookie alone may have been sent by another site: it reads and does not write.
    written = await node.ask("DELETE", "/ngsi-ld/v1/entities/urn:ngsi-ld:Bin:1", key="", Cookie=cookie)
    assert written.status == 403

    again = await node.ask("GET", path, key="")
    assert again.status == 401
    assert "ask for a new one" in again.body["detail"]
    same_browser = await node.ask("GET", path, key="", Cookie=cookie)
    assert (same_browser.status, same_browser.headers["Location"]) == (303, "/")
    assert "Set-Cookie" not in same_browser.headers


async def test_only_an_administrator_hands_links_out_and_not_for_long(start):
    node = await start()
    reader = await node.give("reader", {"role": "reader", "tenants": ["*"], "types": ["*"]})
    body = {"principal": "admin"}
    assert (await node.ask("POST", "/access/v1/links", body, key=reader)).status == 403
    assert (await node.ask("POST", "/access/v1/links", body, key="")).status == 401
    assert (await node.ask("POST", "/access/v1/links", {**body, "lastsS": 901})).status == 400
    assert (await node.ask("POST", "/access/v1/links", {"principal": "nobody"})).status == 404


async def test_the_secret_of_a_link_stands_in_no_log(start, caplog):
    node = await start()
    with caplog.at_level(logging.DEBUG):
        path = await link_of(node)
        await node.ask("GET", path, key="")
    secret = path.rpartition("/")[2]
    assert secret not in redact(caplog.text)


async def test_the_demo_asks_for_a_link_and_does_without_where_it_gets_none(start):
    node = await start()
    port = int(node.url.rpartition(":")[2])
    link = await asyncio.to_thread(login_link, port, node.key)
    assert link.startswith(node.url + "/access/v1/link/samlnk_")
    assert await asyncio.to_thread(login_link, port, "wrong") == ""


@pytest.mark.parametrize("server", ["native", "uvicorn"])
async def test_the_path_is_right_under_each_server(start, server):
    node = await start({"http.server": server})
    assert (await node.ask("GET", await link_of(node), key="")).status == 303
