"""A federation without a network: sources that say what a test lets them say, and a broker's own entities."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from samstad_broker.spi.forwarder import Asked, EntityInfo, Information, Inquiry, LocalPage, Source
from samstad_federation.service.federation import Federation
from samstad_federation.settings import FederationSettings
from samstad_federation.spi.wire import NoAnswer, Reply, Sent
from samstad_ngsild.context import CORE
from samstad_ngsild.entities.expand import expand_entity
from samstad_ngsild.errors import LdContextNotAvailable
from samstad_ngsild.query import compile_query, parse_query_params

NOW_US = 1_795_608_000_000_000
VOCAB = "https://uri.etsi.org/ngsi-ld/default-context/"


def prop(value, **more):
    return {"type": "Property", "value": value, **more}


def bin_(number, owner="roads", **attributes):
    return {"id": f"urn:ngsi-ld:Bin:{owner}:{number}", "type": "Bin", **attributes}


def expanded(body):
    return expand_entity(body, CORE, now="2026-11-25T00:00:00Z", keep_system=True)


class Peer:
    """One source: holds entities and answers queries as a plain broker does."""

    def __init__(self, *entities) -> None:
        self.entities = list(entities)
        self.sent: list[Sent] = []
        self.reply: Callable[[Sent], Reply] | None = None

    def answer(self, sent: Sent) -> Reply:
        self.sent.append(sent)
        if self.reply is not None:
            return self.reply(sent)
        split = urlsplit(sent.url)
        tail = split.path.partition("/entities")[2]
        asked = dict(parse_qsl(split.query))
        if tail:
            found = [one for one in self.entities if one["id"] == tail[1:]]
            return json_reply(found[0]) if found else json_reply({}, status=404)
        offset, limit = int(asked.pop("offset", 0)), int(asked.pop("limit"))
        asked.pop("options")
        query = parse_query_params(asked, CORE, local=True)
        matches = compile_query(query).matches
        found = [one for one in self.entities if matches(expanded(one))]
        headers = {"ngsild-results-count": str(len(found))} if query is not None else {}
        return json_reply(found[offset : offset + limit], headers=headers)


def json_reply(value, *, status=200, headers=None):
    return Reply(status, {"content-type": "application/json", **(headers or {})}, orjson.dumps(value))


class Wires:
    """The network: peers by their endpoint."""

    def __init__(self) -> None:
        self.peers: dict[str, Peer] = {}

    async def send(self, sent: Sent) -> Reply:
        await asyncio.sleep(0)
        split = urlsplit(sent.url)
        peer = self.peers.get(f"{split.scheme}://{split.netloc}")
        if peer is None:
            raise NoAnswer("nobody is there", is_sent=False)
        return peer.answer(sent)

    async def close(self) -> None: ...


class Here:
    """What the broker holds itself."""

    def __init__(self, *entities) -> None:
        self.documents = [expanded(one) for one in entities]

    async def page(self, query, *, limit, count):
        found = [one for one in self.documents if compile_query(query).matches(one)]
        page = [{**one} for one in found[:limit]]
        return LocalPage(page, len(found) > limit, len(found) if count else None)

    async def list_ids(self, query):
        return [one["id"] for one in self.documents if compile_query(query).matches(one)]

    async def among(self, query, ids):
        matches = compile_query(query).matches
        return [{**one} for one in self.documents if one["id"] in ids and matches(one)]


class City:
    """A node with its federation."""

    def __init__(self, settings: FederationSettings) -> None:
        self.wires = Wires()
        self.now_us = NOW_US
        self.federation = Federation(
            self.wires, alias="roads", now_us=lambda: self.now_us, resolve=self._resolve, settings=settings
        )

    @staticmethod
    async def _resolve(source):
        if source == CORE.source:
            return CORE
        raise LdContextNotAvailable(f"{source} is not there")

    def register(self, name: str, peer: Peer, **more) -> Source:
        """Register a source of bins, or of what is said."""
        endpoint = f"http://{name}.example"
        self.wires.peers[endpoint] = peer
        about = EntityInfo(None, None, frozenset({VOCAB + "Bin"}))
        source = Source(
            **{
                "id": f"urn:ngsi-ld:ContextSourceRegistration:{name}",
                "mode": "inclusive",
                "endpoint": endpoint,
                "tenant": "",
                "alias": name,
                "operations": frozenset({"retrieveEntity", "queryEntity"}),
                "information": (Information((about,), frozenset()),),
                **more,
            }
        )
        self.federation.keep("", source)
        return source

    def asked(self, *, may_read=lambda _types: True, **headers) -> Asked:
        return Asked(tenant="", context=CORE, now_us=self.now_us, headers=headers, may_read=may_read)

    def inquiry(self, local=None, asked=None, **params) -> Inquiry:
        query = parse_query_params({"type": "Bin", **params}, CORE, local=True)
        asked = asked or self.asked()
        matches = self.federation.match_query(asked, "queryEntity", query)
        return Inquiry(asked, matches, query, local or Here())


@pytest.fixture
def settings():
    return FederationSettings(timeout_s=5, window=100, page=7)


@pytest.fixture
def city(settings):
    return City(settings)
