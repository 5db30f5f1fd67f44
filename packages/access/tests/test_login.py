import asyncio

import msgspec
import pytest

from samstad_access.domain.account import (
    AccountRecord,
    ScryptCost,
    code_text,
    hash_password,
    password_matches,
    typed_code,
)
from samstad_access.errors import BadInput, Conflict, NotFound, TooManyAttempts, Unauthenticated
from samstad_access.service.act import Act

CHEAP = ScryptCost(n=16, r=1, p=1)
PASSWORD = "correct horse battery"


@pytest.fixture
def house(house):
    login = house.access.login
    login._terms = msgspec.structs.replace(login._terms, cost=CHEAP)
    house.give("eva", "operator")
    house.give("root", "administrator", tenants=("*",))
    login.set_password(house.act, "eva", principal="eva", password=PASSWORD)
    return house


def at(now_us: int, seconds: float, reason: str = "the login is down") -> Act:
    return Act(who="eva", now_us=now_us + int(seconds * 1_000_000), reason=reason)


async def test_the_right_password_begins_a_session_and_every_failure_sounds_alike(house):
    login = house.access.login
    session = await login.log_in(house.act, "eva", PASSWORD, peer="a")
    assert session.record.principal == "eva"
    assert session.text not in str(house.audit) + repr(session)
    details = set()
    house.access.login.seal_break_glass(house.act, "sealed", principal="root")
    for name, password in (("eva", "wrong"), ("nobody", PASSWORD), ("sealed", PASSWORD), ("eva", "x" * 5000)):
        with pytest.raises(Unauthenticated) as refused:
            await login.log_in(house.act, name, password, peer="a")
        details.add(refused.value.detail)
    assert len(details) == 1
    assert [entry.entry.outcome for entry in house.audit[-4:]] == ["failed"] * 4


async def test_a_disabled_person_does_not_come_in(house):
    house.access.principals.change(house.act, "eva", disabled=True)
    with pytest.raises(Unauthenticated):
        await house.access.login.log_in(house.act, "eva", PASSWORD, peer="a")


@pytest.mark.parametrize("password", ["", "short", "eleven char", "my name is Eva, really"])
def test_weak_passwords_are_refused(house, password):
    with pytest.raises(BadInput) as refused:
        house.access.login.set_password(house.act, "eva", principal="eva", password=password)
    assert refused.value.pointer == "/password"
    assert password not in refused.value.detail or not password


async def test_who_guesses_waits_longer_and_longer_and_is_told_of(house, now_us):
    login = house.access.login
    for _ in range(10):
        with pytest.raises(Unauthenticated):
            await login.log_in(at(now_us, 0), "eva", "wrong", peer="evil")
    assert house.attention == []
    with pytest.raises(Unauthenticated):
        await login.log_in(at(now_us, 0), "eva", "wrong", peer="evil")
    assert {noted.name for noted in house.attention} == {"guessing"}
    with pytest.raises(TooManyAttempts) as refused:
        await login.log_in(at(now_us, 0.5), "eva", PASSWORD, peer="evil")
    assert refused.value.retry_after_s == 1
    with pytest.raises(TooManyAttempts):
        await login.log_in(at(now_us, 0.5), "eva", PASSWORD, peer="another")
    assert await login.log_in(at(now_us, 1), "eva", PASSWORD, peer="evil")
    assert await login.log_in(at(now_us, 1), "eva", PASSWORD, peer="evil")


async def test_breaking_the_glass_works_once_with_a_reason_and_is_told_of(house, now_us):
    login = house.access.login
    code = login.seal_break_glass(house.act, "night", principal="root")
    with pytest.raises(BadInput):
        await login.break_glass(at(now_us, 0, reason=" "), "night", code, peer="a")
    with pytest.raises(Unauthenticated):
        await login.break_glass(at(now_us, 0), "night", "AAAAA-" * 5 + "AAAAA", peer="a")
    session = await login.break_glass(at(now_us, 0), "night", code.lower().replace("-", " "), peer="a")
    assert session.record.expires_us - session.record.created_us == 3600 * 1_000_000
    assert session.record.principal == "root"
    noted = house.attention[-1]
    assert (noted.name, noted.severity, noted.target) == ("break-glass-used", "critical", "night")
    assert "the login is down" in noted.detail
    assert house.audit[-1].entry.what == "login.break-glass"
    assert house.audit[-1].entry.reason == "the login is down"
    assert code not in str(house.audit) + str(house.attention)
    with pytest.raises(Unauthenticated):
        await login.break_glass(at(now_us, 1), "night", code, peer="a")


async def test_of_two_who_break_the_same_glass_one_comes_in(house, now_us):
    login = house.access.login
    code = login.seal_break_glass(house.act, "night", principal="root")
    results = await asyncio.gather(
        *(login.break_glass(at(now_us, 0), "night", code, peer=str(turn)) for turn in range(2)),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["NewSession", "Unauthenticated"]


def test_a_new_seal_voids_the_old_code(house):
    login = house.access.login
    first = login.seal_break_glass(house.act, "night", principal="root")
    second = login.seal_break_glass(house.act, "night", principal="root")
    account = house.access._store.find(AccountRecord, "night")
    assert not password_matches(account.sealed, first)
    assert password_matches(account.sealed, second)
    with pytest.raises(Conflict):
        login.seal_break_glass(house.act, "night", principal="eva")
    with pytest.raises(NotFound):
        login.seal_break_glass(house.act, "day", principal="nobody")


def test_a_login_link_opens_one_session_within_its_minutes(house, now_us):
    login = house.access.login
    link = login.make_link(house.act, "root")
    session = login.use_link(at(now_us, 899), link, peer="a")
    assert (session.record.principal, session.record.method) == ("root", "link")
    with pytest.raises(Unauthenticated):
        login.use_link(at(now_us, 899), link, peer="a")
    late = login.make_link(house.act, "root", lasts_s=10)
    with pytest.raises(Unauthenticated):
        login.use_link(at(now_us, 10), late, peer="a")
    for wrong in ("", link[:-1], "samlnk_" + "a" * 12 + "_" + "A" * 49, session.text):
        with pytest.raises(Unauthenticated):
            login.use_link(house.act, wrong, peer="b")
    assert link not in str(house.audit)
    with pytest.raises(BadInput):
        login.make_link(house.act, "root", lasts_s=901)


def test_a_link_or_session_is_no_key(house, now_us):
    link = house.access.login.make_link(house.act, "root")
    for headers in ({"x-api-key": link}, {"authorization": f"Bearer {link}"},
                    {"cookie": f"samstad_session={link}"}):  # fmt: skip
        with pytest.raises(Unauthenticated):
            house.access.identify(headers, now_us=now_us)


def test_logging_out_ends_the_session(house):
    link = house.access.login.make_link(house.act, "root")
    session = house.access.login.use_link(house.act, link, peer="a")
    assert not house.access.sessions.log_out(house.act, session.text[:-1] + "x")
    assert house.access.sessions.log_out(house.act, session.text)
    assert not house.access.sessions.log_out(house.act, session.text)


async def test_logins_under_way_are_bounded(house):
    login = house.access.login
    login._waiting = 16
    with pytest.raises(TooManyAttempts):
        await login.log_in(house.act, "eva", PASSWORD, peer="a")
    login._waiting = 0
    assert await login.log_in(house.act, "eva", PASSWORD, peer="a")


def test_a_hash_is_checked_with_the_cost_it_was_made_with():
    kept = hash_password(PASSWORD, b"s" * 16, cost=CHEAP)
    assert password_matches(kept, PASSWORD)
    assert not password_matches(kept, PASSWORD + " ")
    assert not password_matches(None, PASSWORD, cost=CHEAP)


def test_codes_are_read_however_they_were_typed():
    code = code_text(bytes(range(19)))
    assert len(code) == 35
    assert typed_code(f" {code.lower().replace('-', '')} ") == code
    assert typed_code("0O1I8") == "OOIIB"
