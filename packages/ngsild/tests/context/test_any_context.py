"""Whatever JSON comes as an @context: it is one, or refused, and it never names what is no IRI silently."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_ngsild.context import Context, ContextResolver
from samstad_ngsild.context.documents import parse_document
from samstad_ngsild.context.loader import ContextLimits, LoadedContext
from samstad_ngsild.errors import BadRequestData, LdContextNotAvailable

WORDS = [
    "@context", "@id", "@type", "@vocab", "@base", "@container", "@language", "@version",
    "@protected", "@import", "@propagate", "@reverse", "@prefix", "@nest", "a", "b", "a:b", "b:a",
    "https://x.org/", "urn:x:", "@none", "",
]  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(WORDS) | st.text(max_size=4)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=10,
)


class Nowhere:
    async def load(self, url: str) -> LoadedContext:
        raise LdContextNotAvailable(f"{url} is not there")


@settings(max_examples=300, deadline=None)
@given(JSON)
async def test_any_json_is_a_context_or_refused(source):
    try:
        found = await ContextResolver(Nowhere()).resolve(source)
    except (BadRequestData, LdContextNotAvailable):
        return
    assert isinstance(found, Context)
    for term in ("a", "b", "a:b", "power"):
        assert isinstance(found.compact(found.expand(term)), str)
    assert not isinstance(source, bool | int)


@given(st.binary(max_size=40) | JSON.map(orjson.dumps))
def test_any_bytes_are_a_document_or_refused(body):
    try:
        found = parse_document("https://x.org/c", body, expires_at_us=None, limits=ContextLimits())
    except BadRequestData:
        return
    assert found.size == len(body)
