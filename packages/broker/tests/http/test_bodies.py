from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_broker.http.bodies import MAX_DEPTH, content_of, parse_json
from samstad_broker.http.failures import LengthRequired, UnsupportedMediaType
from samstad_broker.http.messages import Request
from samstad_ngsild.errors import InvalidRequest


def request(content_type: str | None, body: bytes = b"{}", method: str = "POST", **headers: str) -> Request:
    sent = {"content-length": str(len(body))} | headers
    if content_type is not None:
        sent["content-type"] = content_type
    return Request(method, "/", "", sent, body)


@pytest.mark.parametrize(
    ("content_type", "is_ld"),
    [
        ("application/json", False),
        ("application/json; charset=utf-8", False),
        ('Application/JSON;charset="UTF-8"', False),
        ("application/ld+json", True),
        ('application/ld+json; profile="http://www.w3.org/ns/json-ld#expanded"', True),
    ],
)
def test_json_and_json_ld_are_read(content_type, is_ld):
    assert content_of(request(content_type)) == ({}, is_ld)


def test_merge_patch_is_json_for_patch_alone():
    assert content_of(request("application/merge-patch+json", method="PATCH")) == ({}, False)
    with pytest.raises(UnsupportedMediaType):
        content_of(request("application/merge-patch+json", method="POST"))


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/geo+json", "application/json; charset=latin-1"]
)
def test_other_content_is_not_read(content_type):
    with pytest.raises(UnsupportedMediaType):
        content_of(request(content_type))


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", ""])
def test_compressed_content_is_not_read(encoding):
    with pytest.raises(UnsupportedMediaType):
        content_of(request("application/json", **{"content-encoding": encoding}))
    assert content_of(request("application/json", **{"content-encoding": "Identity"})).value == {}


def test_content_says_where_it_ends():
    with pytest.raises(LengthRequired):
        content_of(Request("POST", "/", "", {"content-type": "application/json"}, b"{}"))
    chunked = {"content-type": "application/json", "transfer-encoding": "chunked"}
    assert content_of(Request("POST", "/", "", chunked, b"{}")).value == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":NaN}',
        b'"\xff"',
        b'"\\ud800"',
        b'{"a":1}{}',
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_json_is_refused_with_the_position(body):
    with pytest.raises(InvalidRequest) as refused:
        parse_json(body)
    assert body == b"" or "position" in refused.value.members


def test_depth_is_bounded():
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse_json(deep)
    for levels in (MAX_DEPTH + 1, 500, 2_000, 200_000):
        with pytest.raises(InvalidRequest):
            parse_json(b"[" * levels + b"]" * levels)
        with pytest.raises(InvalidRequest):
            parse_json(b'{"a":' * levels + b"1" + b"}" * levels)


def test_brackets_in_strings_are_not_levels():
    text = "[{" * 200
    assert parse_json(json.dumps({"a": text, "b": [[text]]}).encode())["a"] == text
    deep = '["]}",' * (MAX_DEPTH + 1) + "1" + "]" * (MAX_DEPTH + 1)
    with pytest.raises(InvalidRequest):
        parse_json(deep.encode())


VALUES = st.recursive(
    st.none() | st.booleans() | st.text(alphabet='[]{}"\\a', max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet="[{a", max_size=2), inner),
    max_leaves=80,
)


@given(VALUES)
def test_every_value_of_reasonable_depth_comes_back(value):
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(body):
    with contextlib.suppress(InvalidRequest):
        parse_json(body)
