import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samstad_access.domain.attempts import Attempts
from samstad_access.domain.secret_text import RANDOM_BYTES, SECRET_PATTERN, SecretKind, compose, parse, same
from samstad_access.domain.session import (
    clearing_cookies,
    cookie_value,
    csrf_proven,
    csrf_token,
    session_cookies,
)

SECOND_US = 1_000_000


@given(st.sampled_from(list(SecretKind)), st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
@settings(max_examples=100, deadline=None)
def test_a_secret_reads_back_and_scanners_find_it(kind, random):
    public, text, digest = compose(kind, random)
    assert re.fullmatch(SECRET_PATTERN, text)
    assert parse(kind, text) == (public, digest)
    for other in SecretKind:
        if other is not kind:
            assert parse(other, text) is None


@given(st.integers(0, 69), st.characters(min_codepoint=33, max_codepoint=126))
@settings(max_examples=100, deadline=None)
def test_one_wrong_character_is_noticed_without_asking_the_store(place, character):
    _, text, digest = compose(SecretKind.KEY, bytes(range(40)))
    wrong = text[:place] + character + text[place + 1 :]
    assert parse(SecretKind.KEY, wrong) == ((text[8:20], digest) if wrong == text else None)


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_any_other_text_is_no_secret(text):
    assert parse(SecretKind.KEY, text) is None
    assert parse(SecretKind.KEY, "samstad_" + text) is None


def test_secrets_need_all_their_randomness():
    with pytest.raises(ValueError, match="40"):
        compose(SecretKind.KEY, b"short")


def test_no_digest_is_never_the_same():
    _, _, digest = compose(SecretKind.KEY, bytes(40))
    assert same(digest, digest)
    assert not same(None, digest)
    assert not same(digest, digest[:-1] + b"x")


def test_failures_are_free_then_cost_twice_as_much_each_time():
    attempts = Attempts(free=2, longest_wait_s=10)
    waits = []
    for _ in range(8):
        attempts.failed("p", now_us=0)
        waits.append(attempts.wait_s("p", now_us=0))
    assert waits == [0, 0, 1, 2, 4, 8, 10, 10]
    assert attempts.wait_s("p", now_us=3 * SECOND_US) == 7
    assert attempts.wait_s("q", now_us=0) == 0
    attempts.succeeded("p")
    assert attempts.wait_s("p", now_us=0) == 0


def test_a_clock_set_back_does_not_lengthen_the_wait():
    attempts = Attempts(free=1)
    attempts.failed("p", now_us=1000 * SECOND_US)
    assert attempts.wait_s("p", now_us=0) == 0
    attempts.failed("p", now_us=1000 * SECOND_US)
    assert attempts.wait_s("p", now_us=0) == 1


def test_quiet_makes_failures_forgotten():
    attempts = Attempts(free=1, longest_wait_s=10)
    assert [attempts.failed("p", now_us=0) for _ in range(3)] == [False, True, False]
    attempts.failed("p", now_us=11 * SECOND_US)
    assert attempts.wait_s("p", now_us=11 * SECOND_US) == 0


def test_the_table_of_failures_is_bounded():
    attempts = Attempts(peers=100)
    for number in range(1000):
        attempts.failed(str(number), now_us=number)
    assert len(attempts) == 100


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("s=1", "1"), ("a=b; s=1; c=d", "1"), ('s="1"', "1"), ("s=1; s=1", "1"), ("s=", ""),
        ("s=1; s=2", None), ("xs=1", None), ("s", None), ("", None), (";;=;", None), ("S=1", None),
    ],
)  # fmt: skip
def test_a_cookie_is_found_or_it_is_not(header, value):
    assert cookie_value(header, "s") == value


def test_a_session_cookie_cannot_be_read_and_its_csrf_token_can():
    session, csrf = session_cookies("secret", max_age_s=60)
    assert "HttpOnly" in session
    assert "HttpOnly" not in csrf
    for cookie in (session, csrf):
        assert "SameSite=Strict" in cookie
        assert "; Secure" in cookie
    assert "Secure" not in session_cookies("secret", max_age_s=60, secure=False)[0]
    assert "secret" not in csrf
    assert all("Max-Age=0" in cookie for cookie in clearing_cookies())


def test_a_csrf_token_belongs_to_one_session():
    assert csrf_proven("a", csrf_token("a"))
    assert not csrf_proven("a", csrf_token("b"))
    assert not csrf_proven("a", None)
    assert not csrf_proven("a", "å")
