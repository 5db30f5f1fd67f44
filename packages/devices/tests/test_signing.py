"""Signed requests: what a signature covers, and what a header may say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samstad_devices.domain.errors import MessageRefused
from samstad_devices.domain.signing import Signed, canonical, is_fresh, is_signed, read_signed, signature_of

KEY = bytes(range(32))
TOLD = {"path": "/devices/v1/push", "time_s": 1_764_036_000, "idempotency_key": "", "body": b'{"level": 33}'}


def test_a_signature_is_of_everything_in_the_request():
    signed = canonical(**TOLD)
    assert signed.decode().split("\n")[:4] == ["POST", "/devices/v1/push", "1764036000", ""]
    signature = signature_of(KEY, signed)
    assert is_signed(KEY, signed, signature)
    for change in ({"path": "/x"}, {"time_s": 1}, {"idempotency_key": "a"}, {"body": b"{}"}):
        assert not is_signed(KEY, canonical(**{**TOLD, **change}), signature)
    assert not is_signed(KEY[::-1], signed, signature)
    assert not is_signed(KEY, signed, signature[:-1] + "\u00e5")


def test_a_header_is_read_in_any_order_and_a_wrong_one_is_told():
    assert read_signed('key=ab, time="12", signature=FF') == Signed("ab", 12, "ff")
    assert read_signed("signature=ff,time=12,key=ab") == Signed("ab", 12, "ff")
    for wrong in (
        "",
        "key=ab",
        "key=ab, time=x, signature=ff",
        "key=ab, key=ab, time=1, signature=ff",
        "a=b, c",
    ):
        with pytest.raises(MessageRefused):
            read_signed(wrong)


@given(st.text(max_size=200))
def test_no_header_breaks_it(text):
    try:
        assert read_signed(text).key
    except MessageRefused:
        assert not text.startswith("key=a, time=1, signature=f")


def test_a_request_is_fresh_for_five_minutes_either_way():
    now_us = 1_764_036_000_000_000
    assert is_fresh(1_764_036_000 - 300, now_us=now_us)
    assert is_fresh(1_764_036_000 + 300, now_us=now_us)
    assert not is_fresh(1_764_036_000 - 301, now_us=now_us)
    assert not is_fresh(1_764_036_000 + 301, now_us=now_us)
