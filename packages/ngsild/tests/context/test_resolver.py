"""Remote @contexts: bounded, cached, one flight each, the core never fetched (clauses 5.5.6, 6.3.16)."""

import asyncio

import orjson
import pytest

from samstad_ngsild.context import (
    CORE,
    CORE_CONTEXT_URI,
    ContextLimits,
    ContextResolver,
    LoadedContext,
)
from samstad_ngsild.errors import BadRequestData, LdContextNotAvailable

URL = "https://city.example/context.jsonld"
SECOND = 1_000_000


class Shelf:
    """A Loader over a dict; it counts what it is asked for."""

    def __init__(self, documents, *, expires_at_us=None):
        self.documents = documents
        self.expires_at_us = expires_at_us
        self.asked = []
        self.gate = None

    async def load(self, url):
        self.asked.append(url)
        if self.gate is not None:
            await self.gate.wait()
        if url not in self.documents:
            raise LdContextNotAvailable(f"Nothing answers at {url}.")
        body = self.documents[url]
        return LoadedContext(body if isinstance(body, bytes) else orjson.dumps(body), self.expires_at_us)


def named(**terms):
    return {"@context": terms}


@pytest.mark.parametrize("version", ["", "-v1.3", "-v1.4", "-v1.5", "-v1.6", "-v1.7", "-v1.8", "-v1.9"])
@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_every_core_context_url_is_the_built_in_one_and_is_never_fetched(version, scheme):
    shelf = Shelf({})
    resolver = ContextResolver(shelf)
    url = f"{scheme}://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context{version}.jsonld"
    assert await resolver.resolve(url) is CORE
    assert await resolver.resolve([url]) is CORE
    assert resolver.known(url) is CORE
    assert shelf.asked == []


async def test_another_document_of_the_same_host_is_not_the_core_context():
    resolver = ContextResolver(Shelf({}))
    with pytest.raises(LdContextNotAvailable):
        await resolver.resolve("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-test-context.jsonld")
    assert resolver.known("https://uri.etsi.org/ngsi-ld/v1/other.jsonld") is None


async def test_a_remote_context_is_fetched_once_and_known_afterwards():
    shelf = Shelf({URL: named(power="https://city.example/power")})
    resolver = ContextResolver(shelf)
    assert resolver.known(URL) is None
    context = await resolver.resolve([URL, CORE_CONTEXT_URI])
    assert context.expand("power") == "https://city.example/power"
    assert context.output == [URL, CORE_CONTEXT_URI]
    assert context.link == URL
    assert resolver.known([URL, CORE_CONTEXT_URI]) is context
    await resolver.resolve(URL)
    assert shelf.asked == [URL]


async def test_nested_remote_contexts_are_read_in_place_and_relative_to_their_document():
    shelf = Shelf(
        {
            URL: {"@context": ["parts/base.jsonld", {"power": "https://late.example/power"}]},
            "https://city.example/parts/base.jsonld": named(
                power="https://base.example/power", level="https://base.example/level"
            ),
        }
    )
    context = await ContextResolver(shelf).resolve(URL)
    assert context.expand("power") == "https://late.example/power"
    assert context.expand("level") == "https://base.example/level"
    assert len(shelf.asked) == 2


async def test_a_context_that_refers_to_itself_is_bad_request_data():
    other = "https://city.example/other.jsonld"
    resolver = ContextResolver(Shelf({URL: {"@context": other}, other: {"@context": [URL]}}))
    with pytest.raises(BadRequestData, match="refers to itself"):
        await resolver.resolve(URL)
    assert resolver.known(URL) is None


async def test_depth_number_and_size_are_limited():
    chain = {f"https://c.example/{i}": {"@context": f"https://c.example/{i + 1}"} for i in range(30)}
    with pytest.raises(BadRequestData, match="more than 10 deep"):
        await ContextResolver(Shelf(chain)).resolve("https://c.example/0")
    many = {f"https://c.example/{i}": named() for i in range(9)}
    limits = ContextLimits(fetches=8)
    with pytest.raises(BadRequestData, match="more than 8 others"):
        await ContextResolver(Shelf(many), limits=limits).resolve(list(many))
    large = {URL: b" " * 2_000_000 + b"{}"}
    with pytest.raises(BadRequestData, match="larger than"):
        await ContextResolver(Shelf(large)).resolve(URL)
    with pytest.raises(BadRequestData, match="larger than"):
        await ContextResolver().resolve({"a": "https://x.example/" + "x" * 2_000_000})
    allowed = await ContextResolver(Shelf(many), limits=ContextLimits(fetches=9)).resolve(list(many))
    assert allowed.expand("a").endswith("default-context/a")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"a": 1}', b'{"@context": 5}', b'{"@context": [[]]}'])
async def test_what_is_fetched_and_no_context_is_bad_request_data(body):
    with pytest.raises(BadRequestData) as caught:
        await ContextResolver(Shelf({URL: body})).resolve(URL)
    assert caught.value.pointer == "/@context"


@pytest.mark.parametrize("source", ["ftp://x.example/c", "context.jsonld", [5], [["https://x.example/"]]])
async def test_what_is_no_url_is_bad_request_data_and_nothing_is_fetched(source):
    shelf = Shelf({})
    with pytest.raises(BadRequestData):
        await ContextResolver(shelf).resolve(source)
    assert shelf.asked == []


async def test_an_inline_context_that_is_nested_without_end_is_bad_request_data():
    source = {}
    for _ in range(500):
        source = {"a": source}
    resolver = ContextResolver()
    with pytest.raises(BadRequestData):
        resolver.known(source)
    with pytest.raises(BadRequestData):
        await resolver.resolve(source)


async def test_an_unavailable_context_is_remembered_for_a_while():
    shelf = Shelf({})
    resolver = ContextResolver(shelf)
    for _ in range(3):
        with pytest.raises(LdContextNotAvailable):
            await resolver.resolve(URL, now_us=SECOND)
    assert shelf.asked == [URL]
    shelf.documents[URL] = named(power="https://city.example/power")
    context = await resolver.resolve(URL, now_us=40 * SECOND)
    assert context.expand("power") == "https://city.example/power"


async def test_an_expired_document_is_fetched_again_and_a_stale_one_serves_while_the_server_is_gone():
    shelf = Shelf({URL: named(power="https://one.example/power")}, expires_at_us=60 * SECOND)
    resolver = ContextResolver(shelf)
    first = await resolver.resolve(URL, now_us=SECOND)
    assert resolver.known(URL, now_us=59 * SECOND) is first
    assert resolver.known(URL, now_us=61 * SECOND) is None
    del shelf.documents[URL]
    stale = await resolver.resolve(URL, now_us=61 * SECOND)
    assert stale.expand("power") == "https://one.example/power"
    await resolver.resolve(URL, now_us=62 * SECOND)
    assert len(shelf.asked) == 2
    shelf.documents[URL] = named(power="https://two.example/power")
    shelf.expires_at_us = None
    fresh = await resolver.resolve(URL, now_us=120 * SECOND)
    assert fresh.expand("power") == "https://two.example/power"
    assert fresh.key != first.key


async def test_concurrent_callers_share_one_flight_and_one_who_leaves_does_not_stop_it():
    shelf = Shelf({URL: named(power="https://city.example/power")})
    shelf.gate = asyncio.Event()
    resolver = ContextResolver(shelf)
    callers = [asyncio.create_task(resolver.resolve(URL)) for _ in range(5)]
    await asyncio.sleep(0)
    callers[0].cancel()
    await asyncio.sleep(0)
    shelf.gate.set()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert {answer.expand("power") for answer in answers[1:]} == {"https://city.example/power"}
    assert shelf.asked == [URL]


async def test_pinned_documents_are_never_fetched_and_never_evicted():
    shelf = Shelf({f"https://c.example/{i}": named() for i in range(10)})
    resolver = ContextResolver(shelf, limits=ContextLimits(documents=3, contexts=3))
    resolver.pin(URL, named(power="https://city.example/power"))
    for i in range(10):
        await resolver.resolve(f"https://c.example/{i}")
    assert sum(1 for _ in resolver.documents()) == 4
    assert resolver.known("https://c.example/0") is None
    context = await resolver.resolve(URL, now_us=10**15)
    assert context.expand("power") == "https://city.example/power"
    assert URL not in shelf.asked


async def test_without_a_loader_only_pinned_documents_are_available():
    resolver = ContextResolver()
    with pytest.raises(LdContextNotAvailable, match="not preloaded"):
        await resolver.resolve(URL)
    inline = await resolver.resolve([{"power": "https://city.example/power"}])
    assert inline.expand("power") == "https://city.example/power"
    assert inline.link is None


async def test_forgetting_a_document_forgets_what_was_compiled_from_it():
    shelf = Shelf({URL: named(power="https://one.example/power")})
    resolver = ContextResolver(shelf)
    await resolver.resolve(URL)
    assert resolver.forget(URL)
    assert not resolver.forget(URL)
    assert resolver.known(URL) is None


async def test_reloading_replaces_a_document_and_keeps_the_old_one_where_it_fails():
    shelf = Shelf({URL: named(power="https://one.example/power")})
    resolver = ContextResolver(shelf)
    await resolver.resolve(URL)
    shelf.documents[URL] = named(power="https://two.example/power")
    await resolver.reload(URL, now_us=0)
    assert (await resolver.resolve(URL)).expand("power") == "https://two.example/power"
    del shelf.documents[URL]
    with pytest.raises(LdContextNotAvailable):
        await resolver.reload(URL, now_us=0)
    assert resolver.known(URL).expand("power") == "https://two.example/power"


def test_pinning_what_is_no_context_is_refused():
    with pytest.raises(BadRequestData):
        ContextResolver().pin(URL, {"power": "https://city.example/power"})
    with pytest.raises(BadRequestData):
        ContextResolver().pin(URL, named(power={"@id": "https://a.example/", "@context": {}}))


async def test_what_is_held_is_bounded_by_terms_and_bytes_too():
    core_size = CORE.size
    resolver = ContextResolver(limits=ContextLimits(held_terms=3 * (core_size + 1)))
    sources = [{f"t{i}": f"https://x.example/{i}"} for i in range(5)]
    for source in sources:
        await resolver.resolve(source)
    assert [resolver.known(source) is not None for source in sources] == [False, False, True, True, True]
    body = orjson.dumps(named(power="https://city.example/power"))
    shelf = Shelf({f"https://c.example/{i}": body for i in range(5)})
    resolver = ContextResolver(shelf, limits=ContextLimits(held_bytes=2 * len(body)))
    for i in range(5):
        await resolver.resolve(f"https://c.example/{i}")
    assert [document.url[-1] for document in resolver.documents()] == ["3", "4"]


async def test_what_was_prepared_for_a_context_goes_with_it():
    resolver = ContextResolver(limits=ContextLimits(contexts=1))
    first = await resolver.resolve({"a": "https://x.example/a"})
    first.attached["mine"] = 1
    await resolver.resolve({"b": "https://x.example/b"})
    again = await resolver.resolve({"a": "https://x.example/a"})
    assert again is not first
    assert again.attached == {}
    assert again.key == first.key
