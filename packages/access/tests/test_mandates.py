"""Who set something up and went away: what that goes on with, and when it ends."""

import msgspec
import pytest

from samstad_access.domain.principal import PrincipalRecord
from samstad_access.domain.role import Binding
from samstad_access.service.access import Access, Surroundings
from samstad_access.service.act import Act
from samstad_access.settings import AccessSettings
from samstad_access.store.sqlite.store import SqliteStore

LAMP = "https://smartdatamodels.org/dataModel.Streetlighting/Streetlight"
DAY_US = 86_400 * 1_000_000


def may(house, mandate, now_us, operation="read"):
    holder = house.access.holder(mandate, now_us=now_us)
    return holder is not None and house.access.may(holder, "north", operation, LAMP)


@pytest.fixture
def key(house):
    return house.give("app", "reader")


@pytest.fixture
def mandate(house, key, now_us):
    return house.access.mandate(house.come(key), now_us=now_us)


def test_it_holds_no_secret_and_survives_as_json(house, key, mandate, now_us):
    text = msgspec.json.encode(mandate)
    assert key.encode() not in text
    assert may(house, msgspec.json.decode(text), now_us)
    assert not may(house, mandate, now_us, "write")


def test_the_same_holder_is_given_while_nothing_changes(house, mandate, now_us):
    assert house.access.holder(mandate, now_us=now_us) is house.access.holder(dict(mandate), now_us=now_us)


def test_it_follows_the_rights_of_its_principal(house, mandate, now_us):
    house.access.principals.change(house.act, "app", bindings=())
    assert not may(house, mandate, now_us)
    house.access.principals.change(house.act, "app", bindings=(Binding(role="reader", tenants=("north",)),))
    assert may(house, mandate, now_us)
    house.access.principals.change(house.act, "app", disabled=True)
    assert house.access.holder(mandate, now_us=now_us) is None


def test_it_ends_with_its_key_when_that_is_revoked_for_good(house, mandate, now_us):
    other = house.access.keys.create(house.act, "app").text
    kept = house.access.mandate(house.come(other), now_us=now_us)
    house.access.keys.revoke(house.act, mandate["key"])
    assert house.access.holder(mandate, now_us=now_us) is None
    house.access.maintain(now_us=now_us + 3650 * DAY_US)
    assert house.access.holder(mandate, now_us=now_us + 3650 * DAY_US) is None
    assert may(house, kept, now_us)


def test_a_key_that_expires_ends_nothing(house, now_us):
    house.give("app", "reader")
    short = house.access.keys.create(house.act, "app", expires_us=now_us + DAY_US)
    mandate = house.access.mandate(house.come(short.text), now_us=now_us)
    later = now_us + 60 * DAY_US
    house.access.maintain(now_us=later)
    assert may(house, mandate, later)


def test_what_a_key_does_not_admit_its_mandate_does_not_either(house, now_us):
    house.give("app", "administrator")
    key = house.access.keys.create(house.act, "app", operations=("read",)).text
    mandate = house.access.mandate(house.come(key), now_us=now_us)
    assert may(house, mandate, now_us)
    assert not may(house, mandate, now_us, "subscribe")


@pytest.mark.parametrize(
    "made_up", [None, {}, {"kind": "key"}, {"principal": "app"}, {"kind": 1, "principal": 2}]
)
def test_what_is_no_mandate_stands_for_nobody(house, made_up, now_us):
    house.give("app", "reader")
    assert house.access.holder(made_up, now_us=now_us) is None


def test_a_stranger_gets_an_empty_mandate(house, now_us):
    assert house.access.mandate(object(), now_us=now_us) == {}


def test_a_token_vouches_for_some_days_and_only_while_an_issuer_is_accepted(build, now_us):
    tokens = AccessSettings(issuer="https://i", audience="a", token_mandate_days=2)
    mandate = {
        "kind": "token",
        "principal": "token:eva",
        "bindings": [{"role": "reader", "tenants": ["north"]}],
        "until_us": now_us + 2 * DAY_US,
    }
    house = build(settings=tokens)
    assert may(house, mandate, now_us)
    assert not may(house, mandate, now_us + 2 * DAY_US)
    house.access.principals.create(house.act, PrincipalRecord(id="token:eva"))
    house.access.principals.change(house.act, "token:eva", disabled=True)
    assert not may(house, mandate, now_us)
    assert not may(build(), mandate, now_us)


def test_an_open_tenant_that_is_closed_ends_it(build, now_us):
    opened = build(settings=AccessSettings(open_tenants=("north",), open_operations=("read", "subscribe")))
    nobody = opened.access.identify({}, now_us=now_us)
    mandate = opened.access.mandate(nobody, now_us=now_us)
    assert may(opened, mandate, now_us)
    assert not may(build(), mandate, now_us)


def test_a_revocation_by_another_process_bites_within_a_second(tmp_path, now_us):
    def open_access():
        store = SqliteStore(tmp_path / "access.db")
        return store, Access(AccessSettings(), Surroundings(store=store, audit=lambda _: None))

    (one, here), (two, there) = open_access(), open_access()
    try:
        act = Act(who="local", now_us=now_us)
        here.principals.create(
            act, PrincipalRecord(id="app", bindings=(Binding(role="reader", tenants=("north",)),))
        )
        key = here.keys.create(act, "app").text
        there.refresh(now_us=now_us)
        mandate = there.mandate(there.identify({"x-api-key": key}, now_us=now_us), now_us=now_us)
        assert there.holder(mandate, now_us=now_us) is not None
        here.principals.change(act, "app", disabled=True)
        there.refresh(now_us=now_us + 500_000)
        assert there.holder(mandate, now_us=now_us + 500_000) is None
    finally:
        one.close()
        two.close()
