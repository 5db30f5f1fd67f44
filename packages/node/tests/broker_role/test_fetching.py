"""A @context is fetched only from where the node may connect to, however its URL is written."""

from __future__ import annotations

import pytest
from aiohttp import web

from samstad_broker.gateway.egress import EgressRules
from samstad_ngsild.errors import LdContextNotAvailable
from samstad_node.broker_role.fetching import HttpContextLoader


@pytest.fixture
async def host():
    """Serve a @context, and a redirect to it, on loopback; give the port and what was asked."""
    asked: list[str] = []

    async def answer(request):
        asked.append(request.path)
        if request.path == "/away":
            raise web.HTTPFound("/c")
        return web.json_response({"@context": {}})

    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site._server.sockets[0].getsockname()[1], asked
    await runner.cleanup()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_closed_addresses_are_not_reached_by_name_or_number(host, name):
    port, asked = host
    loader = HttpContextLoader(EgressRules(), timeout_s=5, size_bytes=1_000)
    with pytest.raises(LdContextNotAvailable):
        await loader.load(f"http://{name}:{port}/c")
    assert asked == []


async def test_an_opened_network_is_reached_and_redirects_are_judged_too(host):
    port, asked = host
    loader = HttpContextLoader(EgressRules.parse(["127.0.0.0/8"]), timeout_s=5, size_bytes=1_000)
    assert (await loader.load(f"http://127.0.0.1:{port}/away")).body == b'{"@context": {}}'
    assert asked == ["/away", "/c"]
