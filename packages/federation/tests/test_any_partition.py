"""Whatever lies where, and whoever is cut off: pages hold what can be reached, each entity once and whole."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_broker.spi.forwarder import Window
from samstad_federation.settings import FederationSettings

from .conftest import VOCAB, City, Here, Peer, bin_, prop

PEERS = ("waste", "parks", "water")

numbers = st.frozensets(st.integers(0, 24), max_size=20)


class Placed:
    """A city whose entities lie where a test put them, each part with the name of who holds it."""

    def __init__(self, here: frozenset[int], there: dict[str, frozenset[int]], cut: frozenset[str]) -> None:
        self.city = City(FederationSettings(window=60, page=7))
        self.here = Here(*(bin_(n, here=prop(1)) for n in sorted(here)))
        self.expected = {f"urn:ngsi-ld:Bin:roads:{n}": {VOCAB + "here"} for n in here}
        for name, held in there.items():
            source = self.city.register(name, Peer(*(bin_(n, **{name: prop(1)}) for n in sorted(held))))
            if name in cut:
                del self.city.wires.peers[source.endpoint]
                continue
            for n in held:
                self.expected.setdefault(f"urn:ngsi-ld:Bin:roads:{n}", set()).add(VOCAB + name)

    async def pages(self, limit: int) -> tuple[dict[str, set[str]], set[str]]:
        """Return what all pages hold together, and who was warned of; no entity may stand on two."""
        seen: dict[str, set[str]] = {}
        warned: set[str] = set()
        offset = 0
        while True:
            page = await self.city.federation.query(self.city.inquiry(self.here), Window(limit, offset))
            assert len(page.documents) <= limit
            self._note(page, seen, warned)
            offset += limit
            if not page.more:
                return seen, warned

    async def mapped(self, limit: int) -> tuple[dict[str, set[str]], set[str]]:
        """Do the same by an entity map, which is made once."""
        seen: dict[str, set[str]] = {}
        places, warnings = await self.city.federation.list_places(self.city.inquiry(self.here))
        warned = {name for name in PEERS for text in warnings if f":{name}" in text}
        offset: int | None = 0
        more = True
        while more:
            inquiry, window = self.city.inquiry(self.here), Window(limit, offset or 0)
            page = await self.city.federation.query_mapped(inquiry, places, window)
            self._note(page, seen, warned)
            offset, more = page.next_offset, page.more
        return seen, warned

    @staticmethod
    def _note(page, seen, warned) -> None:
        for document in page.documents:
            assert document["id"] not in seen
            seen[document["id"]] = {name for name in document if name.startswith(VOCAB)}
        warned |= {name for name in PEERS for text in page.warnings if f":{name}" in text}


@settings(max_examples=60, deadline=None)
@given(
    numbers, st.fixed_dictionaries(dict.fromkeys(PEERS, numbers)), st.frozensets(st.sampled_from(PEERS)),
    st.integers(1, 9),
)  # fmt: skip
def test_pages_and_maps_hold_all_that_can_be_reached_and_tell_who_cannot(here, there, cut, limit):
    async def check() -> None:
        placed = Placed(here, there, cut)
        assert await placed.pages(limit) == (placed.expected, set(cut))
        assert await placed.mapped(limit) == (placed.expected, set(cut))

    asyncio.run(check())
