"""Stored @contexts over HTTP (clauses 5.13, 6.29 and 6.30)."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from samstad_broker.service.contexts import host_implicitly
from samstad_ngsild.context import CORE
from samstad_ngsild.errors import LdContextNotAvailable

LAMPS = {"Lamp": "https://city.example/Lamp"}
REMOTE = "https://models.example/lamps.jsonld"
REMOTE_PATH = "/jsonldContexts/https%3A%2F%2Fmodels.example%2Flamps.jsonld"


def problem(response):
    return response.status, orjson.loads(response.body)["type"].rpartition("/")[2]


def content(response):
    assert response.status == 200, response.body
    return orjson.loads(response.body)


async def test_an_added_context_is_served_listed_and_used_without_fetching(node):
    path = await node.add(LAMPS)
    url = f"http://city.example/ngsi-ld/v1{path}"
    assert content(await node.ask(path)) == {"@context": LAMPS}
    assert content(await node.ask("/jsonldContexts")) == [url]
    details = content(await node.ask("/jsonldContexts?details=true"))
    assert details == [
        {
            "URL": url,
            "localId": path.removeprefix("/jsonldContexts/"),
            "kind": "Hosted",
            "createdAt": "2025-11-25T02:14:57.000000Z",
        }
    ]
    assert content(await node.ask(path + "?details=true")) == details[0]
    context = await node.resolver.resolve(url)
    assert context.expand("Lamp") == "https://city.example/Lamp"
    assert content(await node.ask("/jsonldContexts?kind=Cached")) == []


async def test_it_survives_a_restart_and_a_deleted_one_does_not_come_back(node):
    kept, gone = await node.add(LAMPS), await node.add({"Bin": "https://city.example/Bin"})
    assert (await node.ask(gone, "DELETE")).status == 204
    await node.stop()
    await node.start()
    assert node.restored == 1
    assert content(await node.ask(kept)) == {"@context": LAMPS}
    assert node.resolver.find_document(f"http://city.example/ngsi-ld/v1{kept}").pinned
    assert problem(await node.ask(gone)) == (404, "ResourceNotFound")
    with pytest.raises(LdContextNotAvailable):
        await node.resolver.resolve(f"http://city.example/ngsi-ld/v1{gone}")


async def test_a_tenant_manages_its_own_and_serves_them_to_all(node):
    path = await node.add(LAMPS, ngsild_tenant="roads")
    assert content(await node.ask(path)) == {"@context": LAMPS}
    assert content(await node.ask("/jsonldContexts")) == []
    assert problem(await node.ask(path + "?details=true")) == (404, "ResourceNotFound")
    assert problem(await node.ask(path, "DELETE")) == (404, "ResourceNotFound")
    assert (await node.ask(path, "DELETE", ngsild_tenant="roads")).status == 204


async def test_a_cached_context_is_listed_reloaded_and_dropped_but_not_served(node):
    node.web.pages[REMOTE] = orjson.dumps({"@context": LAMPS})
    await node.resolver.resolve(REMOTE, now_us=node.call().now_us)
    (details,) = content(await node.ask("/jsonldContexts?details=true&kind=Cached"))
    assert details["URL"] == REMOTE
    assert details["createdAt"] < details["expiresAt"]
    assert problem(await node.ask(REMOTE_PATH)) == (422, "OperationNotSupported")
    assert problem(await node.ask(f"/jsonldContexts/{details['localId']}")) == (422, "OperationNotSupported")
    node.web.pages[REMOTE] = b"no context"
    assert problem(await node.ask(REMOTE_PATH + "?reload=true", "DELETE")) == (504, "LdContextNotAvailable")
    assert (await node.resolver.resolve(REMOTE)).expand("Lamp") == "https://city.example/Lamp"
    node.web.pages[REMOTE] = orjson.dumps({"@context": {"Lamp": "https://new.example/Lamp"}})
    assert (await node.ask(REMOTE_PATH + "?reload=true", "DELETE")).status == 204
    assert (await node.resolver.resolve(REMOTE)).expand("Lamp") == "https://new.example/Lamp"
    assert (await node.ask(REMOTE_PATH, "DELETE")).status == 204
    assert content(await node.ask("/jsonldContexts")) == []


async def test_a_preloaded_context_stays(node):
    node.resolver.pin(REMOTE, {"@context": LAMPS})
    assert problem(await node.ask(REMOTE_PATH, "DELETE")) == (422, "OperationNotSupported")
    assert node.resolver.find_document(REMOTE) is not None


async def test_an_inline_context_gets_one_url_for_each_tenant(node):
    inline = await node.resolver.resolve([LAMPS, {"Bin": "https://city.example/Bin"}])
    assert inline.link is None
    hosted = await host_implicitly(node.hosting, node.call(), inline)
    again = await host_implicitly(node.hosting, node.call(), inline)
    others = await host_implicitly(node.hosting, node.call("roads"), inline)
    assert hosted.link == again.link != others.link
    assert hosted.expand("Bin") == "https://city.example/Bin"
    assert (await node.resolver.resolve(hosted.link)).expand("Bin") == "https://city.example/Bin"
    assert content(await node.ask("/jsonldContexts?kind=ImplicitlyCreated")) == [hosted.link]
    assert content(await node.ask("/jsonldContexts?kind=Hosted")) == []
    assert await host_implicitly(node.hosting, node.call(), CORE) is CORE


async def test_the_number_of_implicit_contexts_is_bounded(node):
    node.hosting.most_implicit = 1
    first = await node.resolver.resolve([LAMPS, LAMPS])
    second = await node.resolver.resolve([LAMPS, {"Bin": "https://city.example/Bin"}])
    assert (await host_implicitly(node.hosting, node.call(), first)).link is not None
    assert (await host_implicitly(node.hosting, node.call(), second)).link is None


async def test_a_tenant_may_add_so_many_contexts_and_others_are_not_the_poorer_for_it(node):
    node.hosting.most_hosted = 2
    first = await node.add(LAMPS)
    await node.add({"Bin": "https://city.example/Bin"})
    refused = await node.ask("/jsonldContexts", "POST", {"@context": {"Car": "https://city.example/Car"}})
    assert problem(refused) == (403, "TooManyResults")
    assert len(content(await node.ask("/jsonldContexts?kind=Hosted"))) == 2
    await node.add(LAMPS, ngsild_tenant="roads")
    await node.stop()
    await node.start()
    node.hosting.most_hosted = 2
    again = await node.ask("/jsonldContexts", "POST", {"@context": LAMPS})
    assert problem(again) == (403, "TooManyResults")
    assert (await node.ask(first, "DELETE")).status == 204
    await node.add(LAMPS)


async def test_many_at_once_do_not_slip_past_the_bound(node):
    node.hosting.most_hosted = 3
    asked = [node.ask("/jsonldContexts", "POST", {"@context": LAMPS}) for _ in range(20)]
    statuses = [response.status for response in await asyncio.gather(*asked)]
    assert (statuses.count(201), statuses.count(403)) == (3, 17)


async def test_the_contexts_of_a_tenant_may_be_so_large_together(node):
    node.hosting.most_bytes = 100
    await node.add(LAMPS)
    large = {"Bin": "https://city.example/" + "Bin" * 50}
    assert problem(await node.ask("/jsonldContexts", "POST", {"@context": large})) == (403, "TooManyResults")
    inline = await node.resolver.resolve([LAMPS, large])
    assert (await host_implicitly(node.hosting, node.call(), inline)).link is None
    assert node.hosting.held("").bytes <= 100


@pytest.mark.parametrize(
    ("target", "method", "sent", "expected"),
    [
        ("/jsonldContexts", "POST", {"context": {}}, (400, "InvalidRequest")),
        ("/jsonldContexts", "POST", [], (400, "InvalidRequest")),
        ("/jsonldContexts", "POST", {"@context": 7}, (400, "BadRequestData")),
        ("/jsonldContexts", "POST", {"@context": None}, (400, "BadRequestData")),
        ("/jsonldContexts", "POST", {"@context": ["file:///etc/passwd"]}, (400, "BadRequestData")),
        ("/jsonldContexts?kind=Stolen", "GET", None, (400, "InvalidRequest")),
        ("/jsonldContexts?details=maybe", "GET", None, (400, "InvalidRequest")),
        ("/jsonldContexts/urn:c:none", "GET", None, (404, "ResourceNotFound")),
        ("/jsonldContexts/urn:c:none", "DELETE", None, (404, "ResourceNotFound")),
        ("/jsonldContexts/urn:c:none?reload=true", "DELETE", None, (404, "ResourceNotFound")),
        ("/jsonldContexts/urn:c:none", "PATCH", {}, (405, "method-not-allowed")),
    ],
)
async def test_what_is_refused_keeps_nothing(node, target, method, sent, expected):
    assert problem(await node.ask(target, method, sent)) == expected
    assert node.store.log.head.number == 0


async def test_only_a_cached_one_is_reloaded_and_only_who_may_writes(node):
    path = await node.add(LAMPS)
    assert problem(await node.ask(path + "?reload=true", "DELETE")) == (400, "BadRequestData")
    assert (await node.ask(path)).status == 200
    refused = await node.ask("/jsonldContexts", "POST", {"@context": LAMPS}, ngsild_tenant="closed")
    assert refused.status == 403
    unknown = await node.ask("/jsonldContexts", ngsild_tenant="nowhere")
    assert problem(unknown) == (404, "NonexistentTenant")
