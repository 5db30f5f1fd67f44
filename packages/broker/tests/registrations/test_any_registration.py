"""Whatever JSON comes as a registration, and whatever bytes answer a notification: read, or refused."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_broker.domain.registrations.parsing import parse_registration
from samstad_broker.gateway.http_connection import BrokenAnswer, parse_answer
from samstad_ngsild.context import CORE
from samstad_ngsild.errors import NgsiLdError

MEMBERS = [
    "id", "type", "endpoint", "information", "mode", "operations", "location", "observationSpace", "scope",
    "expiresAt", "contextSourceInfo", "tenant", "management", "entities", "idPattern", "propertyNames",
    "relationshipNames", "observationInterval", "managementInterval", "startAt", "endAt", "refreshRate",
    "datasetId", "hostAlias", "own", "a b",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(["ContextSourceRegistration", "https://b.example"])
    | st.sampled_from(["Lamp", "exclusive", "urn:x:1", "(a+"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip
WHOLE = {
    "type": "ContextSourceRegistration",
    "endpoint": "https://b.example",
    "information": [{"entities": [{"type": "Lamp"}]}],
}


def attempt(call, *arguments, **options):
    try:
        return call(*arguments, **options), None
    except (NgsiLdError, BrokenAnswer) as error:
        return None, error


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4))
def test_any_json_is_a_registration_or_refused_by_its_member(members):
    body = {**WHOLE, **members}
    found, error = attempt(parse_registration, body, CORE, now_us=0, registration_id="urn:x:1")
    assert error is None or (error.detail and error.pointer is not None)
    assert found is None or {"id", "type", "endpoint", "information"} <= found.keys()
    assert found is None or None not in found.values()


PIECES = [
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 503 x\r\n", b"HTTP/1.1 100 C\r\n", b"HTTP/1.1 999\r\n", b"HTTP/1.1 20",
    b"Content-Length: 3\r\n", b"Content-Length: -3\r\n", b"Content-Length: x\r\n",
    b"Content-Length: " + b"9" * 5000,
    b"Transfer-Encoding: chunked\r\n", b"Retry-After: 5\r\n", b"Connection: close\r\n", b"\r\n", b"\r\n\r\n",
    b"3\r\nabc\r\n", b"0\r\n\r\n", b"abc", b":", b"\xff", b"f" * 20 + b"\r\n",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=10).map(b"".join))
def test_any_bytes_are_an_answer_the_beginning_of_one_or_broken(buffer):
    found, error = attempt(parse_answer, buffer)
    assert error is None or str(error)
    assert found is None or 200 <= found.status <= 999
    assert found is None or found.length is None or found.length <= len(buffer)
    assert orjson.dumps(found.retry_after if found else None)
